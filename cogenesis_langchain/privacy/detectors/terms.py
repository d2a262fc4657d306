"""Terms of health and money, where they are somebody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.health_terms import (
    CONDITION_HEADS,
    CONDITION_SUFFIXES,
    CONDITIONS,
    HEALTH_CUES,
    MEDICINE_SUFFIXES,
    MEDICINES,
    MONEY_TERMS,
    OWNERS,
)
from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind
from cogenesis_langchain.privacy.detectors.words import is_known_name, zipf

_SMALL: Final = (
    r"(?!(?:the|a|an|his|her|my|of|for|with|and|or|is|was|has|from|in|on|to|known|that|this|by)\b)"
)
_MODIFIER: Final = rf"(?:{_SMALL}[^\W\d_][\w-]*\s|type\s[12]\s)"
_HAS_OWNER: Final = re.compile(OWNERS, re.IGNORECASE)
_TERMS: Final[tuple[tuple[ValueKind, re.Pattern[str]], ...]] = (
    ("HEALTH", re.compile(rf"(?<![^\W_])(?:type [12] )?(?:{CONDITIONS})(?![^\W_])", re.IGNORECASE)),
    ("HEALTH", re.compile(rf"(?<!\w){_MODIFIER}(?:{CONDITION_HEADS})\b", re.IGNORECASE)),
    ("HEALTH", re.compile(rf"(?<!\w){_MODIFIER}{{2}}(?:{CONDITION_HEADS})\b", re.IGNORECASE)),
    ("HEALTH", re.compile(rf"\b(?:{MEDICINES})\b", re.IGNORECASE)),
    ("MONEY", re.compile(rf"\b(?:{MONEY_TERMS})\b", re.IGNORECASE)),
)
_BY_SUFFIX: Final = re.compile(
    rf"\b[^\W\d_]{{3,}}(?:{CONDITION_SUFFIXES}|{MEDICINE_SUFFIXES})[ae]?\b", re.IGNORECASE
)
_ANNOUNCED: Final = re.compile(
    rf"\b(?:{HEALTH_CUES})\s+(?:(?:a|an|the|mild|severe|chronic|un|una|une|eine[rnm]?)\s+)?"
    rf"({_SMALL}[^\W\d_][\w-]*(?:\s{_SMALL}[^\W\d_][\w-]*){{0,2}})",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\S+")
_DOSED: Final = re.compile(r"\b([^\W\d_]{5,})\s+\d+(?:[.,]\d+)?\s?(?:mg|mcg|µg|g|ml|IU)\b")
_COMMONEST_TERM: Final = 3.9  # zipf; what is more common ends like a medicine by chance ("valid")
_FORM: Final = re.compile(r"[:：]")
_CAPITALISED: Final = re.compile(r"(?<!\w)[^\W\d_a-zß-ÿ][^\W\d_]+")
_PARAGRAPH: Final = re.compile(r"[^\n]+(?:\n(?!\s*\n)[^\n]+)*")


def find_terms(text: str) -> Iterator[Span]:
    """Conditions, medicines and money trouble, in paragraphs that are about somebody.

    Args:
        text: Any text. A paragraph without a person ("Diabetes is a disease of ...") holds no
            private term.

    Yields:
        Spans of kind `HEALTH` and `MONEY`.
    """
    for paragraph in _PARAGRAPH.finditer(text):
        if _is_about_somebody(paragraph[0]):
            yield from _terms_between(text, *paragraph.span())


def _is_about_somebody(paragraph: str) -> bool:
    """Whether a paragraph has a person in it: a pronoun, a known name, a form's label."""
    return bool(
        _HAS_OWNER.search(paragraph)
        or _FORM.search(paragraph)
        or any(is_known_name(word) for word in _CAPITALISED.findall(paragraph))
    )


def _terms_between(text: str, start: int, end: int) -> Iterator[Span]:
    for kind, pattern in _TERMS:
        for match in pattern.finditer(text, start, end):
            yield Span(*match.span(), kind)
    for match in _BY_SUFFIX.finditer(text, start, end):
        if zipf(match[0], "en", "de", "fr", "es", "it", "pt") < _COMMONEST_TERM:
            yield Span(*match.span(), "HEALTH")
    for pattern in (_ANNOUNCED, _DOSED):
        for match in pattern.finditer(text, start, end):
            words = [match.span(1)[0] + found.end() for found in _WORD.finditer(match[1])]
            if min(zipf(word, "en") for word in match[1].split()) < _COMMONEST_TERM:
                yield from (Span(match.start(1), stop, "HEALTH") for stop in words)
