"""A stretch of text that a detector takes for a private value."""

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
"""What a private value is. `TERM`: declared by the user,
or an event of a life. `PHRASE`: a run of copied words. `TEXT`:
text that only looks like a placeholder."""


class Span(NamedTuple):
    """A stretch of a text.

    Args:
        start: Index of its first character.
        end: One past its last character.
        kind: What it is taken for.
    """

    start: int
    end: int
    kind: ValueKind


SpanFinder = Callable[[str], Iterator[Span]]
"""Finds the stretches of one family of kinds. They may overlap."""


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of some words, the longest first so that none hides another."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
