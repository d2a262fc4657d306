"""The labelled set in `tests/data/border`, and how detection is measured on it.

It contains hand-written private contexts, the strings in them that would reveal them, and general
instructions that mention nothing private. The development part was used to improve the detectors.
Each of the other parts was written while the detectors did not change, and measured once before
anybody looked at the misses. Those first results (`FIRST_MEASURED`) show what to expect of new
texts. The misses were fixed afterwards, where a fix holds for all texts, so today's results are not
held out any more.

The part "sensitive" is about illness, family, law, money, religion, politics and sexuality, mostly
in lower case. It is measured by `tests/benchmarks/bench_sensitive.py` and is not in `HALVES`: no
detector was improved on it. It has private instructions too, whose strings occur in a context.

The part "entities" is mostly names, places and organisations in six languages. It was written
before the named-entity model was measured on it by `tests/benchmarks/bench_named_entities.py`, and
is not in `HALVES` either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from cogenesis_langchain.privacy.matching.value_set import ValueSet

Half = Literal["development", "held_out", "unseen_1", "unseen_2", "sensitive", "entities"]
HALVES: tuple[Half, ...] = ("development", "held_out", "unseen_1", "unseen_2")

FIRST_MEASURED: dict[Half, str] = {
    "held_out": "94.9 %, with 64 instructions and no false alarm",
    "unseen_1": "90.6 % (310 of 342), with 62 instructions and 1 false alarm",
    "unseen_2": "94.0 % (221 of 235), with 44 instructions and no false alarm",
}
"""First result on each part: recall and false alarms."""

Spans = Iterable[tuple[int, int]]
"""Start and end of each span that a guard hides in a text."""

Guard = Callable[[str], Spans]
"""Returns the spans of a text that it hides."""

INSTRUCTIONS_WITH = (
    "Write a short letter that mentions {} in the second paragraph.",
    "please draft a note about {} and keep it friendly",
    "Summarise everything. Say more on {}.",
)
"""Instruction templates that a private string is inserted into."""

_DATA = Path(__file__).parents[1] / "data" / "border"


@dataclass(frozen=True)
class Label:
    """A string of a context that would reveal it."""

    kind: str
    text: str


@dataclass(frozen=True)
class PrivateContext:
    """A private text and its labels."""

    name: str
    language: str
    text: str
    labels: tuple[Label, ...]


@cache
def contexts(half: Half) -> tuple[PrivateContext, ...]:
    """The private contexts of one part."""
    rows = (_DATA / f"{half}_contexts.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(
        PrivateContext(
            row["id"],
            row["language"],
            row["context"],
            tuple(Label(value["kind"], value["text"]) for value in row["values"]),
        )
        for row in map(json.loads, rows)
    )


@dataclass(frozen=True)
class PrivateInstruction:
    """An instruction that mentions strings of a private context, perhaps in another form."""

    context: str
    text: str
    labels: tuple[Label, ...]


@cache
def private_instructions() -> tuple[PrivateInstruction, ...]:
    """The private instructions of the part "sensitive"."""
    rows = (_DATA / "sensitive_private_instructions.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(
        PrivateInstruction(
            row["context"],
            row["instruction"],
            tuple(Label(value["kind"], value["text"]) for value in row["values"]),
        )
        for row in map(json.loads, rows)
    )


@cache
def general_instructions(half: Half) -> tuple[str, ...]:
    """The instructions of one part that mention nothing private."""
    return tuple((_DATA / f"{half}_instructions.txt").read_text(encoding="utf-8").splitlines())


def spans_of(values: ValueSet) -> Guard:
    """A guard that hides the values of a set."""
    return lambda text: [(hit.start, hit.end) for hit in values.find(text)]


def is_hidden(text: str, secret: str, hidden: Spans) -> bool:
    """Whether every letter and digit of a secret is hidden at all its occurrences.

    Args:
        text: A text that contains the secret.
        secret: The string that must not be readable.
        hidden: The spans that a guard hides.
    """
    covered = {place for start, end in hidden for place in range(start, end)}
    start = text.find(secret)
    while start >= 0:
        for place in range(start, start + len(secret)):
            if text[place].isalnum() and place not in covered:
                return False
        start = text.find(secret, start + 1)
    return True


def is_broken(text: str, secret: str, hidden: Spans) -> bool:
    """Whether a secret is nowhere readable as a whole: a letter of each occurrence is hidden."""
    covered = {place for start, end in hidden for place in range(start, end)}
    start = text.find(secret)
    while start >= 0:
        if covered.isdisjoint(range(start, start + len(secret))):
            return False
        start = text.find(secret, start + 1)
    return True


def missed_labels(half: Half, guard_of: Callable[[str], Guard]) -> list[Label]:
    """The labels that a guard does not hide in an instruction.

    Args:
        half: The part of the set.
        guard_of: Makes a guard from a private context.

    Returns:
        Labels of which a letter or digit stays readable in one of `INSTRUCTIONS_WITH`.
    """
    missed: list[Label] = []
    for context in contexts(half):
        guard = guard_of(context.text)
        for label in context.labels:
            texts = [template.format(label.text) for template in INSTRUCTIONS_WITH]
            if not all(is_hidden(text, label.text, guard(text)) for text in texts):
                missed.append(label)
    return missed


def false_alarms(half: Half, guard: Guard) -> list[str]:
    """The general instructions in which a guard hides something."""
    return [text for text in general_instructions(half) if any(True for _ in guard(text))]
