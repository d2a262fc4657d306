"""`ParsedValue`: a date, time or number in a text, with its value in canonical form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cogenesis_langchain.privacy.detectors.spans import ValueKind


class ParsedValue(NamedTuple):
    """A date, time or number in a text.

    A private value is stored under its `canonical_forms`; a text matches it if they share a form
    with the text's `lookup_forms`. The two sets differ where one text says less than the other, as
    a date without its year or an amount without its currency.

    Args:
        start: Index of its first character.
        end: One past its last character.
        kind: Its kind.
        canonical_forms: Forms under which a private value is stored, such as ``date 2026-3-14``.
        lookup_forms: Forms to look up for a text that is searched.
    """

    start: int
    end: int
    kind: ValueKind
    canonical_forms: frozenset[str]
    lookup_forms: frozenset[str]


ParsedValueFinder = Callable[[str], Iterator[ParsedValue]]
"""A function that finds the dates, times or numbers of a text."""
