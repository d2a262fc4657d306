"""How long a text is, and whether it goes in circles."""

from __future__ import annotations

from itertools import islice
from typing import Final

from experiments.attempt import Attempt
from experiments.records.record import Record
from experiments.scorers.metric import Metric, of_text
from experiments.scorers.words import words

_RUN: Final = 4


def _repetition(_: Record, attempt: Attempt) -> float | None:
    folded = [word.casefold() for word in words(attempt.text)]
    runs = list(zip(*(islice(folded, start, None) for start in range(_RUN)), strict=False))
    return 1.0 - len(set(runs)) / len(runs) if runs else None


def _words(_: Record, attempt: Attempt) -> float:
    return len(words(attempt.text))


def _relative_length(record: Record, attempt: Attempt) -> float | None:
    reference = len(words(record.reference))
    return len(words(attempt.text)) / reference if reference else None


REPETITION: Final = Metric(
    "repetition",
    "share of runs of four words that stood in the text before",
    "share",
    "lower",
    of_text(_repetition),
)
WORDS: Final = Metric("words", "length of the text", "words", None, of_text(_words))
RELATIVE_LENGTH: Final = Metric(
    "relative length",
    "words of the text for each word of the reference",
    "ratio",
    None,
    of_text(_relative_length),
)
