"""Metrics of form: length, repetition, use of the outline, and copied words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Final

from cogenesis_langchain.datasets.occurrence import occurs
from cogenesis_langchain.datasets.record import Record
from experiments.attempt import Attempt
from experiments.scorers.metric import Metric, of_text
from experiments.scorers.words import content_stems, stems, words

_COPIED_RUN: Final = 8
"""Words; names with titles, dates with times and most set phrases are shorter."""
_REPEATED_RUN: Final = 4
_HEADING_WORDS: Final = 3
"""Shorter points also occur in texts that did not copy them."""


def _runs(text: str, length: int) -> Iterator[tuple[str, ...]]:
    """Every run of so many words."""
    folded = [word.casefold() for word in words(text)]
    return zip(*(islice(folded, start, None) for start in range(length)), strict=False)


def _copied_from_notes(record: Record, attempt: Attempt) -> float | None:
    told = [part.text for part in record.context_parts]
    told += [record.instruction.general, record.instruction.personal]
    known = {run for text in told for run in _runs(text, _COPIED_RUN)}
    copied = {
        place
        for start, run in enumerate(_runs(attempt.text, _COPIED_RUN))
        if run in known
        for place in range(start, start + _COPIED_RUN)
    }
    length = len(words(attempt.text))
    return len(copied) / length if length else None


def _repetition(_: Record, attempt: Attempt) -> float | None:
    runs = list(_runs(attempt.text, _REPEATED_RUN))
    return 1.0 - len(set(runs)) / len(runs) if runs else None


def _doubled(_: Record, attempt: Attempt) -> float:
    folded = attempt.text.casefold().split()
    return sum(left == right for left, right in pairwise(folded))


def _left_out(_: Record, attempt: Attempt) -> float | None:
    return len(attempt.left_out) if attempt.template else None


def _words(_: Record, attempt: Attempt) -> float:
    return len(words(attempt.text))


def _relative_length(record: Record, attempt: Attempt) -> float | None:
    reference = len(words(record.reference))
    return len(words(attempt.text)) / reference if reference else None


def _outline_covered(_: Record, attempt: Attempt) -> float | None:
    points = [found for point in attempt.sketch if (found := content_stems(point))]
    written = stems(attempt.text)
    covered = sum(not written.isdisjoint(point) for point in points)
    return covered / len(points) if points else None


def _outline_copied(_: Record, attempt: Attempt) -> float | None:
    points = [point for point in attempt.sketch if len(words(point)) >= _HEADING_WORDS]
    copied = sum(occurs(point, attempt.text) for point in points)
    return copied / len(points) if points else None


COPIED_FROM_NOTES: Final = Metric(
    "copied from the notes", "share", "lower", of_text(_copied_from_notes)
)
"""Share of words in runs of eight or more that also occur in the context or the request. A text
that repeats its notes contains all their facts, so this metric qualifies the facts."""
REPETITION: Final = Metric("repetition", "share", "lower", of_text(_repetition))
"""Share of runs of four words that occur earlier in the text."""
DOUBLED_WORDS: Final = Metric("doubled words", "words", "lower", of_text(_doubled))
"""Words that are followed by themselves ("at at"), as at a bad joint of template and slot."""
LEFT_OUT: Final = Metric("sentences left out", "sentences", None, of_text(_left_out))
"""Number of sentences of the template that the notes could not fill."""
WORDS: Final = Metric("words", "words", None, of_text(_words))
"""Length of the text."""
RELATIVE_LENGTH: Final = Metric("relative length", "ratio", None, of_text(_relative_length))
"""Length of the text relative to the reference."""
OUTLINE_COVERED: Final = Metric("outline covered", "share", "higher", of_text(_outline_covered))
"""Share of the outline's points of which the text contains a content word, by its stem."""
OUTLINE_COPIED: Final = Metric("outline copied", "share", "lower", of_text(_outline_copied))
"""Share of the outline's points of three or more words that the text contains verbatim."""
