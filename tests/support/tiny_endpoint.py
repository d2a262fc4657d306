"""A client of a completions server that serves a tiny model, and that model's tokenizer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.releases import permit
from support.tiny_models import PIECES, Transformer

from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.models.decoding.logits import top_k
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat, chatml
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import PublicTokens
from cogenesis_langchain.prompts import PublicTemplate

CLOUD = Transformer(2)
SEQUENCE = (0, 1, 3, 2, 0)


@dataclass
class Log:
    """What left.

    Attributes:
        ledger: Every request, byte for byte.
        public: The public texts named with each `post`.
    """

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    public: list[Sequence[PublicText]] = field(default_factory=list)


class LoggedServer(CloudModel):
    """Notes the public texts of each request."""

    def __init__(self, model: ChatOpenAI, log: Log, *, timeout: float) -> None:
        super().__init__(model, timeout=timeout, max_retries=0)
        self._log = log

    def post(
        self,
        path: str,
        body: Mapping[str, Json],
        public: Sequence[PublicText],
        permit: EgressPermit,
        *,
        fixed: Collection[str] = (),
        retry: bool = True,
    ) -> Json:
        self._log.public.append(public)
        return super().post(path, body, public, permit, fixed=fixed, retry=retry)


def score(ids: Sequence[int], start: int, k: int) -> list[TopK]:
    known = [token % len(PIECES) for token in ids]
    return [top_k(CLOUD.logits(known[:end]), k) for end in range(start, len(known) + 1)]


def encode(text: str) -> list[int]:
    letters = {piece: token for token, piece in enumerate(PIECES[:4])}
    return [letters.get(letter.encode(), len(letter) % 3) for letter in text]


def decode(token: int) -> bytes:
    return PIECES[token]


def public(text: str) -> PublicText:
    return PublicText.compose(PublicTemplate(text))


def sequence(ids: Sequence[int] = SEQUENCE) -> PublicTokens:
    return PublicTokens.of([public("a")], lambda _: ids)


def endpoint(
    url: str,
    log: Log | None = None,
    *,
    timeout: float = 5.0,
    chat_format: ChatFormat | None = chatml,
    model: str = "tiny",
) -> CompletionsEndpoint:
    log = log or Log()
    cloud = ChatOpenAI(model=model, base_url=url, api_key=SecretStr("secret-key"))
    _, permission = permit(ledger=log.ledger)
    server = LoggedServer(cloud, log, timeout=timeout)
    return CompletionsEndpoint(server, permission, chat_format=chat_format)
