"""The labelled set in `tests/data/border`, and the measures of detection on it.

The set has private contexts written by hand, their private strings, and general instructions
without any. The development part was used to improve the detectors. Each other part was written
without a change to the detectors, and measured once before its misses were examined. Those first
figures (`FIRST_MEASURED`) show what to expect of new texts. Misses were fixed afterwards where a
general rule was possible, so today's figures are higher.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from cogenesis_langchain.privacy.matching.value_set import ValueSet

Part = Literal["development", "held_out", "unseen_1", "unseen_2"]
PARTS: tuple[Part, ...] = ("development", "held_out", "unseen_1", "unseen_2")

FIRST_MEASURED: dict[Part, str] = {
    "held_out": "94.9 %, with 64 instructions and no false alarm",
    "unseen_1": "90.6 % (310 of 342), with 62 instructions and 1 false alarm",
    "unseen_2": "94.0 % (221 of 235), with 44 instructions and no false alarm",
}
"""The recall on each part when it was new."""

Spans = Iterable[tuple[int, int]]
"""Starts and ends of the masked parts of a text."""

Guard = Callable[[str], Spans]
"""A function that returns the spans to mask in a text."""

INSTRUCTIONS_WITH = (
    "Write a short letter that mentions {} in the second paragraph.",
    "please draft a note about {} and keep it friendly",
    "Summarise everything. Say more on {}.",
)
"""Templates of instructions that mention a private string."""

_DATA = Path(__file__).parents[1] / "data" / "border"


@dataclass(frozen=True)
class Label:
    """A private string of a context."""

    kind: str
    text: str


@dataclass(frozen=True)
class PrivateContext:
    """A private text and its private strings."""

    name: str
    language: str
    text: str
    labels: tuple[Label, ...]


@cache
def contexts(part: Part) -> tuple[PrivateContext, ...]:
    """Return the private contexts of one part."""
    rows = (_DATA / f"{part}_contexts.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(
        PrivateContext(
            row["id"],
            row["language"],
            row["context"],
            tuple(Label(value["kind"], value["text"]) for value in row["values"]),
        )
        for row in map(json.loads, rows)
    )


@cache
def general_instructions(part: Part) -> tuple[str, ...]:
    """Return the instructions of one part that contain nothing private."""
    return tuple((_DATA / f"{part}_instructions.txt").read_text(encoding="utf-8").splitlines())


def spans_of(values: ValueSet) -> Guard:
    """Return a guard that masks the values of a set."""
    return lambda text: [(hit.start, hit.end) for hit in values.find(text)]


def is_hidden(text: str, secret: str, hidden: Spans) -> bool:
    """Return whether every letter and digit of all occurrences of a secret is masked.

    Args:
        text: A text that contains the secret.
        secret: The private string.
        hidden: The spans that a guard masks.
    """
    covered = {place for start, end in hidden for place in range(start, end)}
    start = text.find(secret)
    while start >= 0:
        for place in range(start, start + len(secret)):
            if text[place].isalnum() and place not in covered:
                return False
        start = text.find(secret, start + 1)
    return True


def missed_labels(part: Part, guard_of: Callable[[str], Guard]) -> list[Label]:
    """Return the labels that a guard does not mask in an instruction.

    Args:
        part: The part of the labelled set.
        guard_of: Makes a guard from a private context.

    Returns:
        Labels of which a letter or digit is not masked in one of `INSTRUCTIONS_WITH`.
    """
    missed: list[Label] = []
    for context in contexts(part):
        guard = guard_of(context.text)
        for label in context.labels:
            texts = [template.format(label.text) for template in INSTRUCTIONS_WITH]
            if not all(is_hidden(text, label.text, guard(text)) for text in texts):
                missed.append(label)
    return missed


def false_alarms(part: Part, guard: Guard) -> list[str]:
    """Return the general instructions in which a guard masks something."""
    return [text for text in general_instructions(part) if any(True for _ in guard(text))]
