"""A stretch of text that has a value besides its spelling: a date, a time, a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cogenesis_langchain.privacy.detectors.spans import ValueKind


class ParsedValue(NamedTuple):
    """What a stretch of text means.

    Args:
        start: Index of its first character.
        end: One past its last character.
        kind: What it is.
        canonical_forms: What a private value that reads so is filed under.
        lookup_forms: Under which canonical_forms to look when a text reads so. The two differ where one of them
            says less than the other: a date without its year, a number without its currency.
    """

    start: int
    end: int
    kind: ValueKind
    canonical_forms: frozenset[str]
    lookup_forms: frozenset[str]


ParsedValueFinder = Callable[[str], Iterator[ParsedValue]]
"""Finds the stretches of a text that have a value."""
