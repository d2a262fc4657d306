"""What became of the sketch in the text: followed, or copied."""

from __future__ import annotations

from typing import Final

from experiments.attempt import Attempt
from experiments.records.occurrence import occurs
from experiments.records.record import Record
from experiments.scorers.metric import Metric, of_text
from experiments.scorers.words import content_stems, stems, words

_HEADING_WORDS: Final = 3
"""Shorter points occur in texts that did not copy them."""


def _covered(_: Record, attempt: Attempt) -> float | None:
    points = [found for point in attempt.sketch if (found := content_stems(point))]
    if not points:
        return None
    written = stems(attempt.text)
    return sum(not written.isdisjoint(point) for point in points) / len(points)


def _copied(_: Record, attempt: Attempt) -> float | None:
    points = [point for point in attempt.sketch if len(words(point)) >= _HEADING_WORDS]
    if not points:
        return None
    return sum(occurs(point, attempt.text) for point in points) / len(points)


OUTLINE_COVERED: Final = Metric(
    "outline covered",
    "share of the sketch's points of which the text holds a telling word, by its stem",
    "share",
    "higher",
    of_text(_covered),
)
OUTLINE_COPIED: Final = Metric(
    "outline copied",
    "share of the sketch's points of three words or more that stand in the text word by word",
    "share",
    "lower",
    of_text(_copied),
)
