"""Models whose tokens are bytes: a local model with a script, and a cloud model that scores.

They make fused decoding run from end to end without model files. The text of the local model is
what its script makes of its prompt, so a test chooses what it writes: something public, or a quote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import numpy as np
from support.scoring_servers import Route, llama_server

from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalChunk,
    LogProbs,
    PrivateMessage,
    Usage,
)
from cogenesis_langchain.models.decoding.logits import top_k
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.testing.behaviours import Behaviour, chat
from cogenesis_langchain.testing.exchange import Exchange

T = TypeVar("T")
END = 256
SIZE = 257
LETTER = "Dear landlord, the heating fails."
Script = Callable[[str], str]
"""What a local model writes, given its prompt."""


def a_letter(prompt: str) -> str:
    return LETTER


class ByteTokens:
    """A `TokenModel` that is nearly sure of each byte of its script."""

    vocabulary_size = SIZE
    window = 16_384
    end_tokens = frozenset({END})

    def __init__(self, script: Script) -> None:
        self._script = script

    def encode(self, text: bytes) -> list[int]:
        return list(text)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        return [*"\n".join(message.text.reveal() for message in messages).encode(), END]

    def decode(self, ids: Sequence[int]) -> bytes:
        return bytes(token for token in ids if token != END)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        begin = list(ids).index(END)
        script = self._script(bytes(ids[:begin]).decode()).encode()
        written = len(ids) - begin - 1
        return _sure_of(script[written] if written < len(script) else END, 0.9)

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]


class ByteLocal:
    """A `LocalTextModel` that offers tokens."""

    name = "bytes"

    def __init__(self, script: Script = a_letter) -> None:
        self._script = script
        self.prompts: list[str] = []

    def tokens(self) -> ByteTokens:
        return ByteTokens(self._follow)

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        pass

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        prompt = "\n".join(message.text.reveal() for message in messages)
        yield LocalChunk(self._follow(prompt), "stop", Usage(1, 1))

    def _follow(self, prompt: str) -> str:
        if prompt not in self.prompts:
            self.prompts.append(prompt)
        return self._script(prompt)


def _sure_of(token: int, probability: float) -> LogProbs:
    probabilities = np.full(SIZE, (1.0 - probability) / (SIZE - 1), dtype=np.float32)
    probabilities[token] = probability
    return np.asarray(np.log(probabilities), dtype=np.float32)


def score(ids: Sequence[int], start: int, k: int) -> list[TopK]:
    """The cloud model: after a comma it is sure of a line break, else it prefers letters."""

    def at(end: int) -> TopK:
        comma = ids[end - 1] == ord(",")
        return top_k(_sure_of(ord("\n"), 0.99) if comma else _sure_of(ord("e"), 0.3), k)

    return [at(end) for end in range(start, len(ids) + 1)]


def encode(text: str) -> list[int]:
    return list(text.encode())


def decode(token: int) -> bytes:
    return b"" if token == END else bytes([token])


def byte_server() -> dict[str, Route]:
    """Routes of a llama-server whose tokens are bytes."""
    return llama_server(score, encode, decode, window=16_384)


def routed(routes: Mapping[str, Route]) -> Behaviour:
    """Answer the requests of a recorder, or of a proxy, by routes; chat as a chat model."""
    chatting = chat()

    def behave(exchange: Exchange) -> None:
        request = exchange.request
        path = urlsplit(request.target).path
        route = routes.get(f"{request.method} {path}")
        if route is None and path.endswith("/chat/completions"):
            chatting(exchange)
            return
        body = json.loads(request.content) if request.content else {}
        status, answer = route(body) if route else (404, {"error": "no such path"})
        headers = {"Content-Type": "application/json"}
        exchange.answer(status, json.dumps(answer).encode(), headers)

    return behave
