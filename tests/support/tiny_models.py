"""A small random transformer with a tiny vocabulary, for both sides of fused decoding."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cogenesis_langchain.errors import CloudError
from cogenesis_langchain.fusion.blocks.speculation import LocalSide
from cogenesis_langchain.fusion.learned_weight import LearnedWeight
from cogenesis_langchain.fusion.operators import (
    Contrast,
    MaxPool,
    Mixture,
    Operator,
    Product,
    operator_named,
)
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.fusion.verification.verifier import TokenVerifier
from cogenesis_langchain.models.base import LogProbs, PrivateMessage, Probabilities
from cogenesis_langchain.models.decoding.logits import log_softmax, top_k
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.values import PrivateValue
from cogenesis_langchain.privacy.views.disclosure import Disclosure, OpenDisclosure, PublicTokens
from cogenesis_langchain.privacy.views.masked_disclosure import MaskedDisclosure
from cogenesis_langchain.privacy.views.public_view import GrowingView
from cogenesis_langchain.prompts import PublicTemplate

T = TypeVar("T")
PIECES = (b"a", b"b", b"c", b" ", b"ab", b"\xc3", b"\xa9", b"")
"""Bytes of the tokens. The last one ends the turn; the two before it form one character."""
END = len(PIECES) - 1


def _random_weight() -> LearnedWeight:
    """A weight that no training made: exactness must not depend on what it says."""
    rng = np.random.default_rng(4)
    sizes = (9, 5, 1)
    layers = [
        (rng.normal(size=(after, before)).astype(np.float32), np.zeros(after, np.float32))
        for before, after in pairwise(sizes)
    ]
    return LearnedWeight("summary", layers)


OPERATORS: tuple[Operator, ...] = (
    Mixture(),
    Mixture(0.3),
    MaxPool(),
    Product(),
    Contrast(),
    operator_named("entropy"),
    operator_named("local-led"),
    Mixture(_random_weight()),
)
PROMPT = (0, 1, 2)
CLOUD_PROMPT = (2, 1)
BASELINE_PROMPT = (1,)
MESSAGES = [PrivateMessage("user", PrivateText("abc"))]
BASELINE_MESSAGES = [PrivateMessage("user", PrivateText("b"))]


class Transformer:
    """One attention layer and an output layer with random weights."""

    def __init__(self, seed: int, sharpness: float = 2.0) -> None:
        rng = np.random.default_rng(seed)
        self._embed = rng.normal(size=(len(PIECES), 8))
        self._query, self._key, self._value = rng.normal(size=(3, 8, 8)) / 3
        self._out = rng.normal(size=(8, len(PIECES))) * sharpness
        self._logits = lru_cache(maxsize=100_000)(self._forward)

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return self._logits(tuple(ids))

    def _forward(self, ids: tuple[int, ...]) -> NDArray[np.float32]:
        angles = np.arange(len(ids))[:, None] / 3.0 ** np.arange(8)
        hidden = self._embed[list(ids)] + np.sin(angles)
        scores = (hidden[-1] @ self._query) @ (hidden @ self._key).T
        attention = np.exp(scores - scores.max())
        mixed = (attention / attention.sum()) @ (hidden @ self._value)
        return np.asarray(np.tanh(hidden[-1] + mixed) @ self._out / 2, dtype=np.float32)


class TinyModel:
    """A `TokenModel` that counts its calls."""

    window = 512
    vocabulary_size = len(PIECES)
    end_tokens = frozenset({END})

    def __init__(self, seed: int = 1, *, ends: bool = True) -> None:
        self._transformer = Transformer(seed)
        self.calls = 0
        if not ends:
            self.end_tokens = frozenset()

    def encode(self, text: bytes) -> list[int]:
        return [PIECES.index(bytes([byte])) for byte in text]

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        return self.encode(b"".join(m.text.reveal().encode() for m in messages))

    def decode(self, ids: Sequence[int]) -> bytes:
        return b"".join(PIECES[token] for token in ids)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        self.calls += 1
        return log_softmax(self._transformer.logits(ids))

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]


class TinyScorer:
    """A `BlockScorer` that can be slow, or fail after some requests."""

    window = 512
    max_k = len(PIECES)
    end_tokens: frozenset[int] = frozenset()

    def __init__(
        self, seed: int = 2, *, seconds: float = 0.0, failure: tuple[int, CloudError] | None = None
    ) -> None:
        self._transformer = Transformer(seed)
        self._seconds = seconds
        self._failure = failure
        self.requests: list[tuple[int, ...]] = []
        self.released = threading.Event()
        self.released.set()

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        self.requests.append(sequence.ids)
        if self._failure is not None and len(self.requests) > self._failure[0]:
            raise self._failure[1]
        self.released.wait(10.0)
        time.sleep(self._seconds)
        ids = sequence.ids
        return [top_k(self._transformer.logits(ids[:end]), k) for end in range(start, len(ids) + 1)]


def _unused(ids: Sequence[int]) -> bytes:
    raise AssertionError("token ids are shown as they are")


def masked_disclosure() -> MaskedDisclosure:
    """Masks the word "ab"; in this vocabulary a blank stands for the placeholder."""
    values = ValueSet.from_texts((), declared=[PrivateValue("TERM", "ab")])
    view = GrowingView(values, Placeholders(), ["ab"])
    return MaskedDisclosure(view, encode=lambda _: [PIECES.index(b" ")], decode=TinyModel().decode)


def tiny_verifier(
    scorer: TinyScorer, k: int = 4, *, disclosure: Disclosure | None = None
) -> TokenVerifier:
    texts = [PublicText.compose(PublicTemplate("cb"))]
    return TokenVerifier(
        scorer,
        PublicTokens.of(texts, lambda _: CLOUD_PROMPT),
        vocabulary_size=len(PIECES),
        disclosure=disclosure or OpenDisclosure(_unused),
        k=k,
    )


def local_side(model: TinyModel) -> LocalSide:
    return LocalSide(model, PROMPT, (model, BASELINE_PROMPT))


class TokenByTokenFusion:
    """The fused distribution of each operator, computed directly from its definition."""

    def __init__(self, operator: Operator, model: TinyModel, verifier: TokenVerifier) -> None:
        self._operator = operator
        self._side = local_side(model)
        self._verifier = verifier
        self._at = lru_cache(maxsize=None)(self._fused)

    def distribution(self, written: Sequence[int]) -> Probabilities:
        return self._at(tuple(written))

    def _fused(self, written: tuple[int, ...]) -> Probabilities:
        local, baseline = self._side.after(written)
        topk = self._verifier.verify(written, ())[0](local)
        if topk is None:
            return local
        position = Position(local, complete(topk, local), baseline)
        return self._operator.fuse(position).probabilities
