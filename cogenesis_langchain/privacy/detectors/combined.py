"""All detectors of the library over one text."""

from __future__ import annotations

from typing import Final

from cogenesis_langchain.privacy.detectors.patterns import find_patterns
from cogenesis_langchain.privacy.detectors.spans import Span, SpanFinder

_FINDERS: Final[tuple[SpanFinder, ...]] = (find_patterns,)


def find_spans(text: str) -> list[Span]:
    """Everything private in a private text, in order; spans may overlap."""
    return sorted({span for finder in _FINDERS for span in finder(text)})


def find_spans_in_instruction(text: str) -> list[Span]:
    """What is private in an instruction whatever the context: structured kinds only."""
    return sorted(set(find_patterns(text)))
