"""A client of a completions server that serves a tiny model, and that model's tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from support.tiny_models import PIECES, Transformer

from cogenesis_langchain.models.base import TopK
from cogenesis_langchain.models.local.logits import top_k
from cogenesis_langchain.models.scoring.bounded_http import OnRequest
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat, chatml
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.privacy.disclosure import PublicTokens
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate

CLOUD = Transformer(2)
SEQUENCE = (0, 1, 3, 2, 0)
Log = list[tuple[str, bytes, Sequence[PublicText]]]


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


_OPEN: list[CompletionsEndpoint] = []


@pytest.fixture(autouse=True)
def closed_endpoints() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


def endpoint(
    url: str,
    log: Log | None = None,
    *,
    timeout: float = 5.0,
    chat_format: ChatFormat | None = chatml,
    on_request: OnRequest | None = None,
) -> CompletionsEndpoint:
    calls: Log = [] if log is None else log
    _OPEN.append(
        CompletionsEndpoint(
            url,
            model="tiny",
            on_request=on_request or (lambda *call: calls.append(call)),
            api_key="secret-key",
            chat_format=chat_format,
            timeout=timeout,
        )
    )
    return _OPEN[-1]
