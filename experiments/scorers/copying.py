"""Whether a text was written or pasted together from the notes.

A text that repeats its notes line by line holds every fact of them and is no text. So facts are to
be read beside this figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from experiments.attempt import Attempt
from experiments.records.record import Record
from experiments.scorers.metric import Metric, of_text
from experiments.scorers.words import words

_RUN: Final = 8
"""Words; a name with its title, a date with its time and most set phrases are shorter."""


def _copied(record: Record, attempt: Attempt) -> float | None:
    instruction = record.instruction
    told = [part.text for part in record.context_parts]
    known = {
        run for text in (*told, instruction.general, instruction.personal) for run in _runs(text)
    }
    length = len(words(attempt.text))
    copied = {
        place
        for start, run in enumerate(_runs(attempt.text))
        if run in known
        for place in range(start, start + _RUN)
    }
    return len(copied) / length if length else None


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    folded = [word.casefold() for word in words(text)]
    return zip(*(islice(folded, start, None) for start in range(_RUN)), strict=False)


COPIED_FROM_NOTES: Final = Metric(
    "copied from the notes",
    "share of words in runs of eight or more that stand so in the context or the request",
    "share",
    "lower",
    of_text(_copied),
)
