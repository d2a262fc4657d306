"""`Span`: a part of a text that a detector takes for a private value, and its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

ValueKind = Literal[
    "NAME",
    "EMAIL",
    "PHONE",
    "CARD",
    "ACCOUNT",
    "ID",
    "URL",
    "IP",
    "ADDRESS",
    "DATE",
    "TIME",
    "AMOUNT",
    "QUANTITY",
    "ORGANISATION",
    "PLACE",
    "HEALTH",
    "MONEY",
    "PHRASE",
    "TERM",
    "TEXT",
]
"""The kind of a private value. `TERM`: a term that the user declared, or a life event. `PHRASE`:
a run of copied words. `TEXT`: text that merely looks like a placeholder."""


class Span(NamedTuple):
    """A part of a text that a detector takes for a private value.

    Args:
        start: Index of its first character.
        end: One past its last character.
        kind: The kind of value.
    """

    start: int
    end: int
    kind: ValueKind


SpanFinder = Callable[[str], Iterator[Span]]
"""A function that finds the spans of one family of kinds. They may overlap."""


def any_of(words: Iterable[str]) -> str:
    """Return a pattern that matches any of some words, longest first so that none hides another."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
