"""Values with a shape of their own: addresses of mail and web, numbers of cards and accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind

_PATTERNS: Final[tuple[tuple[ValueKind, re.Pattern[str]], ...]] = (
    ("EMAIL", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("URL", re.compile(r"(?:https?://|www\.)[^\s<>\"']+[\w/]")),
    ("NAME", re.compile(r"\b[A-Z][a-z]+ [A-Z][a-z]+\b")),
)


def find_patterns(text: str) -> Iterator[Span]:
    """Spans of every pattern of the table."""
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), kind)
