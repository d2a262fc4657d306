"""Find out with fixed texts what a completions server can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, final

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudRefused,
    CloudUnavailable,
    FusionError,
)
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.scoring.chat_formats import CHAT_END
from cogenesis_langchain.models.scoring.dialect import (
    PROTOCOL_WORDS,
    CloudServer,
    TextDialect,
    TokenDialect,
)
from cogenesis_langchain.models.scoring.echo import Echo, observed_shift
from cogenesis_langchain.models.scoring.json_fields import optional, token_ids
from cogenesis_langchain.models.scoring.llama_server import LlamaServer, LlamaText
from cogenesis_langchain.models.scoring.sglang import SgLang
from cogenesis_langchain.models.scoring.vllm import Vllm
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.text import PublicText

_WANTED_K: Final = (20, 16, 5)
"""Tokens per position, most first: 20 is a common limit, and `Echo` asks for a few more than k."""
_UNLIMITED: Final = 2**31
# Some servers answer a request of another dialect with 500 rather than 400.
_CANNOT: Final = (CloudRefused, CloudAnswerInvalid, CloudUnavailable)
_IDS: Final = (100, 200, 300)
_TEXTS: Final = ("The quick brown fox jumps over the lazy", "One, two, three, four,")
_FIXED: Final = frozenset({*_TEXTS, *PROTOCOL_WORDS})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Capabilities of a server.

    Attributes:
        tokens: How it scores token ids, if it does.
        texts: How it scores texts, if it does.
        max_k: Most tokens per position.
        window: Most tokens of a sequence; very large if the server does not report it.
        end_tokens: Ids that end the cloud model's turn; empty where the server does not tokenise.
    """

    tokens: TokenDialect | None
    texts: TextDialect | None
    max_k: int
    window: int
    end_tokens: frozenset[int]


@final
class ServerProbe:
    """Tries the dialects on a server, and keeps the first that gets usable answers.

    Args:
        server: The cloud model's server.
        permit: The border's permission, under which every request leaves.
    """

    def __init__(self, server: CloudServer, permit: EgressPermit) -> None:
        self._server = server
        self._permit = permit
        self._model = server.name

    def ask(self) -> Capabilities:
        """Find out what the server can do.

        Raises:
            FusionError: It can score neither token ids nor text.
            CloudError: It cannot be reached, or refuses the credentials.
        """
        settings = self._server.get("/props", self._permit)
        window = self._window(settings)
        ends = self._end_tokens()
        llama = settings is not None
        token_dialects: list[TokenDialect] = (
            [LlamaServer()] if llama else [SgLang(), Vllm(self._model)]
        )
        text_dialects: list[TextDialect] = (
            [LlamaText(ends)] if llama else [Echo(self._model, CHAT_END)]
        )
        for k in _WANTED_K:
            tokens = next((d for d in token_dialects if self._scores_ids(d, k)), None)
            texts = next((t for d in text_dialects if (t := self._scores_text(d, k))), None)
            if tokens or texts:
                return Capabilities(tokens, texts, k, window, ends)
        raise FusionError(
            f"the server of {self._model!r} gives no log-probabilities for a prefix",
            remedy='use mode="sketch", or a server that scores prompts: vLLM, SGLang, '
            "llama-server, llama_cpp.server with --logits_all true, Together",
        )

    def tokenized(self, text: str, public: Sequence[PublicText] = ()) -> list[int] | None:
        """Ask llama-server (``content``), vLLM and SGLang (``prompt``) for token ids.

        Returns:
            The ids; None if the server does not tokenise.
        """
        body: dict[str, Json] = {
            "model": self._model,
            "content": text,
            "prompt": text,
            "add_special": False,
            "add_special_tokens": False,
            "parse_special": True,
        }
        with suppress(CloudRefused, CloudAnswerInvalid):
            answer = self._server.post(
                "/tokenize", body, public, self._permit, fixed=() if public else (text,)
            )
            return token_ids(optional(answer, "tokens"))
        return None

    def _scores_ids(self, dialect: TokenDialect, k: int) -> bool:
        try:
            body = self._try(dialect.path, dialect.request(_IDS, 1, k))
            return len(dialect.answer(body, _IDS, 1, k)) == len(_IDS)
        except _CANNOT:
            return False

    def _scores_text(self, dialect: TextDialect, k: int) -> TextDialect | None:
        try:
            bodies = {text: self._try(dialect.path, dialect.request([text], k)) for text in _TEXTS}
            if isinstance(dialect, Echo):
                dialect = replace(dialect, shift=observed_shift(bodies))
            answers = [dialect.answer(body, [text], k) for text, body in bodies.items()]
        except _CANNOT:
            return None
        return dialect if all(answers) else None

    def _window(self, settings: Json) -> int:
        """Most tokens of a sequence, as llama-server, vLLM and SGLang tell it."""
        models = optional(self._server.get("/v1/models", self._permit), "data")
        first = models[0] if isinstance(models, list) and models else None
        for window in (
            optional(settings, "default_generation_settings", "n_ctx"),
            optional(first, "max_model_len"),
        ):
            if isinstance(window, int) and window > 0:
                return window
        return _UNLIMITED

    def _end_tokens(self) -> frozenset[int]:
        ids = (self.tokenized(mark) for mark in sorted(CHAT_END))
        return frozenset(found[0] for found in ids if found is not None and len(found) == 1)

    def _try(self, path: str, body: Mapping[str, Json]) -> Json:
        """Post without retries: a failure most likely means that the server lacks the dialect."""
        return self._server.post(path, body, (), self._permit, fixed=_FIXED, retry=False)
