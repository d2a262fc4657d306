"""What a detector finds in a text, in a form that tests can compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cogenesis_langchain.privacy.detectors.quantities.parsed_value import ParsedValue
from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind

Finder = Callable[[str], Iterable[Span | ParsedValue]]


def detected(finder: Finder, text: str) -> set[tuple[ValueKind, str]]:
    """Kind and text of everything that a detector finds."""
    return {(found.kind, text[found.start : found.end]) for found in finder(text)}


def one(finder: Callable[[str], Iterable[ParsedValue]], text: str) -> ParsedValue:
    """The only value that a detector finds."""
    [found] = finder(text)
    return found
