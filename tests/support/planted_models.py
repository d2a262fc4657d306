"""Small random models that write texts with planted private values, and clouds that record.

The local model is random but for one thing: where it has begun one of the planted strings, it
likes to go on with it. So its texts are full of private values, whole and broken off.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from support.spellings import SPELLINGS

from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.fusion.verification.verifier import (
    AlignedVerifier,
    TokenVerifier,
    Verifier,
)
from cogenesis_langchain.models.base import LogProbs, PrivateMessage
from cogenesis_langchain.models.decoding.logits import log_softmax, top_k
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import Disclosure, OpenDisclosure, PublicTokens
from cogenesis_langchain.privacy.views.masked_disclosure import MaskedDisclosure
from cogenesis_langchain.privacy.views.public_view import GrowingView
from cogenesis_langchain.prompts import PublicTemplate

T = TypeVar("T")
NOTE = (
    "My name is Anna Keller, born 14 March 1961. My dentist Dr. Bartholomew Quistgaard wants "
    "1,420.50 EUR. Call +49 30 5551234.\nThe heating in our kitchen failed before the storm of "
    "May. Dr. Zoë Meißenfels lives at 12 Quellbornweg."
)
VALUES = ("Anna Keller", "Bartholomew", "Quistgaard", "14 March 1961", "1,420.50", "5551234",
          "Meißenfels", "Quellbornweg", "heating in our kitchen failed")  # fmt: skip
_FORMS = ("upper case", "lower case", "full width", "marks above", "joiners", "base64",
          "HTML, decimal", "small capitals")  # fmt: skip
PLANTED = (
    *(" " + value for value in VALUES),
    " March 14, 1961", " 14/03/1961", " 1961-03-14", " 1420.50 euros", " K e l l e r",
    " Quist-\ngaard", " +49-30-555-1234",
   " Kellers", " Anna", " Dr. Keller's", " heating in our old kitchen",
    *(" " + SPELLINGS[form]("Bartholomew") for form in _FORMS),
)  # fmt: skip
# None of them begins with a letter that completes a value that was broken off.
FILLERS = (" the", " and", " you", " a", " I", " in", " on", " of", " house", " find",
           " today", ",", ".", "\n", " friend", " May", " storm", " before", " 3", " thanks", "[",
           " for")  # fmt: skip
KNOWN = ValueSet.from_texts([NOTE])
_PIECE = re.compile(r" ?[^\W\d_]{1,5}|\d{1,2}|.", re.DOTALL)
_SPLIT = [[piece.encode() for piece in _PIECE.findall(planted)] for planted in PLANTED]
_BYTES = [bytes([value]) for value in range(256)]
VOCABULARY = [
    *_BYTES,
    *dict.fromkeys([*(f.encode() for f in FILLERS), *(p for s in _SPLIT for p in s)]),
]
_ID = {piece: token for token, piece in enumerate(VOCABULARY)}
_USED = np.array(sorted({*(_ID[f.encode()] for f in FILLERS), *(_ID[s[0]] for s in _SPLIT)}))
_STEPS = [[_ID[piece] for piece in pieces] for pieces in _SPLIT]
PROMPT = PublicText.compose(PublicTemplate("Task: write. "))


def _random(seed: int, context: object) -> np.random.Generator:
    digest = hashlib.blake2b(repr((seed, context)).encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest))


class PlantedModel:
    """A `TokenModel` without memory beyond the last tokens.

    Args:
        seed: Decides everything but the planted strings.
        is_redacted: Whether it does not know the planted strings.
    """

    window = 10_000
    vocabulary_size = len(VOCABULARY)
    end_tokens: frozenset[int] = frozenset()

    def __init__(self, seed: int, *, is_redacted: bool = False) -> None:
        self._seed = seed
        self._steps = [] if is_redacted else _STEPS
        self._after = lru_cache(maxsize=50_000)(self._logits)

    def encode(self, text: bytes) -> list[int]:
        return list(text)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        return self.encode(b"".join(message.text.reveal().encode() for message in messages))

    def decode(self, ids: Sequence[int]) -> bytes:
        return b"".join(VOCABULARY[token] for token in ids)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        return log_softmax(self._after(tuple(ids[-40:])))

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]

    def _logits(self, ids: tuple[int, ...]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        chance = _random(self._seed, ids[-3:])
        logits = np.full(len(VOCABULARY), -12.0, dtype=np.float32)
        logits[_USED] = chance.normal(scale=2.0, size=len(_USED))
        for steps in self._steps:
            for done in range(1, len(steps)):
                if list(ids[-done:]) == steps[:done]:
                    logits[steps[done]] = 4.0 + done + chance.normal()
        return logits


def _cloud_logits(seed: int, text: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The cloud model: it depends on all it is shown, and on nothing else."""
    chance = _random(seed, text)
    logits = np.full(len(VOCABULARY), -12.0, dtype=np.float32)
    logits[_USED] = chance.normal(scale=2.0, size=len(_USED))
    return logits


class RecordingIds:
    """A `BlockScorer` that keeps what it was sent."""

    window = 10_000
    max_k = 20
    end_tokens: frozenset[int] = frozenset()

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.sent: list[bytes] = []

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        pieces = [VOCABULARY[token] for token in sequence.ids]
        self.sent.append(b"".join(pieces))
        beginnings = (b"".join(pieces[:end]) for end in range(start, len(pieces) + 1))
        return [top_k(_cloud_logits(self._seed, text), k) for text in beginnings]


class RecordingTexts:
    """A `TextScorer` that keeps what it was sent. Its answers are those of `RecordingIds`."""

    max_k = 20

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.sent: list[bytes] = []

    def score_text(self, prefixes: Sequence[PublicText], k: int) -> list[StringTopK]:
        texts = [str(prefix).encode() for prefix in prefixes]
        assert all(later.startswith(text) for text, later in pairwise(texts))
        self.sent += texts
        best = [top_k(_cloud_logits(self._seed, text), k) for text in texts]
        return [
            StringTopK(tuple(VOCABULARY[token] for token in one.ids), one.logprobs) for one in best
        ]


def disclosure(kind: str, model: PlantedModel) -> Disclosure:
    if kind == "open":
        return OpenDisclosure(model.decode)
    view = GrowingView(KNOWN, Placeholders(), [NOTE])
    return MaskedDisclosure(view, encode=model.encode, decode=model.decode)


def verifier_of_ids(kind: str, model: PlantedModel, cloud: RecordingIds) -> TokenVerifier:
    return TokenVerifier(
        cloud,
        PublicTokens.of([PROMPT], lambda texts: list(str(texts[0]).encode())),
        vocabulary_size=model.vocabulary_size,
        disclosure=disclosure(kind, model),
    )


def verifier_of_texts(kind: str, model: PlantedModel, cloud: RecordingTexts) -> Verifier:
    return AlignedVerifier(
        cloud,
        PROMPT,
        local=model,
        alignment=Alignment(model),
        disclosure=disclosure(kind, model),
    )
