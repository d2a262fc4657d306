"""Shares of labelled strings that a guard hides in instructions, by kind.

A string is hidden *whole* if it cannot be read as a whole, and hidden *in every word* if none of
its letters and digits can be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TypeAlias

from support.labelled import (
    INSTRUCTIONS_WITH,
    Guard,
    Half,
    Label,
    contexts,
    is_broken,
    is_hidden,
)

from cogenesis_langchain.privacy.matching.value_set import ValueSet, detect_in_instruction

Counts: TypeAlias = dict[str, tuple[int, int, int]]
"""By kind: the number of strings, and how many are hidden whole and in every word."""


def border_guard(values: ValueSet, *, strict: bool = False) -> Guard:
    """A guard that hides what `Border.release` hides."""

    def spans(text: str) -> list[tuple[int, int]]:
        found = [hit.value for hit in detect_in_instruction(text, strict=strict)]
        every = values.union(ValueSet.from_texts((), declared=found))
        return [(hit.start, hit.end) for hit in every.find(text)]

    return spans


def mentions(half: Half) -> Iterator[tuple[str, Label, str]]:
    """Each labelled string of a context, in instructions that mention nothing else of it."""
    for context in contexts(half):
        for label in context.labels:
            for template in INSTRUCTIONS_WITH:
                yield context.name, label, template.format(label.text)


def recall(cases: Iterator[tuple[str, Label, str]], guard_of: Callable[[str], Guard]) -> Counts:
    """Number of strings, and how many are hidden whole and in every word, by kind."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for context, label, text in cases:
        hidden = list(guard_of(context)(text))
        row = counts[label.kind]
        row[0] += 1
        row[1] += is_broken(text, label.text, hidden)
        row[2] += is_hidden(text, label.text, hidden)
    return {kind: (row[0], row[1], row[2]) for kind, row in counts.items()}


def rates(counts: Counts, kinds: tuple[str, ...]) -> str:
    """Share of strings hidden whole and in every word."""
    total, whole, words = (sum(counts[kind][column] for kind in kinds) for column in range(3))
    return f"{whole / total:.1%} / {words / total:.1%}" if total else "-"
