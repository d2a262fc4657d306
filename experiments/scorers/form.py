"""How long a text is, and whether it goes in circles."""

from __future__ import annotations

from itertools import islice, pairwise
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


def _doubled(_: Record, attempt: Attempt) -> float:
    folded = attempt.text.casefold().split()
    return sum(left == right for left, right in pairwise(folded))


def _left_out(_: Record, attempt: Attempt) -> float | None:
    return len(attempt.left_out) if attempt.template else None


REPETITION: Final = Metric("repetition", "share", "lower", of_text(_repetition))
"""Share of runs of four words that stood in the text before."""
WORDS: Final = Metric("words", "words", None, of_text(_words))
"""Length of the text."""
RELATIVE_LENGTH: Final = Metric("relative length", "ratio", None, of_text(_relative_length))
"""Words of the text for each word of the reference."""
DOUBLED_WORDS: Final = Metric("doubled words", "words", "lower", of_text(_doubled))
"""Words that are followed by themselves ("at at"), as at a bad joint of template and slot."""
LEFT_OUT: Final = Metric("sentences left out", "sentences", None, of_text(_left_out))
"""Sentences of the template that the notes could not fill."""
