"""Detector of terms of health, money and life events in paragraphs about a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.health_terms import (
    CJK_CONDITIONS,
    CONDITION_HEADS,
    CONDITION_SHAPES,
    CONDITION_SUFFIXES,
    CONDITIONS,
    HEALTH_CUES,
    MEDICINE_SUFFIXES,
    MEDICINES,
)
from cogenesis_langchain.privacy.detectors.lexicons.medical_words import is_medical
from cogenesis_langchain.privacy.detectors.lexicons.personal_terms import (
    LIFE_TERMS,
    MONEY_TERMS,
    PERSON_WORDS,
)
from cogenesis_langchain.privacy.detectors.lexicons.sensitive_words import is_sensitive
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import TITLES
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, is_known_name, zipf
from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind, any_of

_PARAGRAPH: Final = re.compile(r"[^\n]+(?:\n(?!\s*\n)[^\n]+)*")
_HAS_PERSON_WORD: Final = re.compile(PERSON_WORDS, re.IGNORECASE)
_HAS_TITLE: Final = re.compile(rf"\b(?i:{any_of(TITLES)})\.?\s[^\W\d_a-zß-ÿ]")
_HAS_COLON: Final = re.compile(r"[:：]")
_CAPITALISED: Final = re.compile(r"(?<!\w)[^\W\d_a-zß-ÿ][^\W\d_]+")

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W_]+)*")
_SMALL_WORDS: Final = (
    "the a an his her my our your their of for with and or is was has had from in on at to as that "
    "this by known not no any some le la les un une el los las il lo gli der die das ein eine bei "
    "seit nach con per por com del della de da do zum zur im am und et y e o ou"
)
_NOT_SMALL: Final = rf"(?!(?:{_SMALL_WORDS.replace(' ', '|')})\b)"
_MODIFIER: Final = rf"(?:{_NOT_SMALL}[^\W\d_][\w-]*\s|type\s[12]\s)"
_PATTERNS: Final[tuple[tuple[ValueKind, re.Pattern[str]], ...]] = (
    ("HEALTH", re.compile(rf"\b(?:{CONDITION_SHAPES})\b", re.IGNORECASE)),
    ("HEALTH", re.compile(CJK_CONDITIONS)),
    ("MONEY", re.compile(rf"\b(?:{MONEY_TERMS})\b", re.IGNORECASE)),
    ("TERM", re.compile(rf"\b(?:{LIFE_TERMS})\b", re.IGNORECASE)),
)
_HEADED: Final = tuple(
    re.compile(rf"(?<![\w-]){_MODIFIER}{{{words}}}(?:{CONDITION_HEADS})\b", re.IGNORECASE)
    for words in (1, 2)
)
_MODIFIERS: Final = tuple(
    re.compile(rf"(?<![\w-]){_MODIFIER}{{{words}}}\Z", re.IGNORECASE) for words in (1, 2)
)
_COMPLEMENT: Final = re.compile(
    rf"(?:\s(?:{_SMALL_WORDS.replace(' ', '|')})\b){{0,2}}\s{_NOT_SMALL}[^\W\d_][\w-]*",
    re.IGNORECASE,
)
_BY_SUFFIX: Final = re.compile(
    rf"\b[^\W\d_]{{3,}}(?:{CONDITION_SUFFIXES}|{MEDICINE_SUFFIXES})[ae]?\b", re.IGNORECASE
)
_AFTER_CUE: Final = re.compile(
    rf"\b(?:{HEALTH_CUES}):?\s+(?:(?:a|an|the|mild|severe|un|una|une|eine[rnm]?)\s+)?"
    rf"({_NOT_SMALL}[^\W\d_][\w-]*(?:\s{_NOT_SMALL}[^\W\d_][\w-]*){{0,2}})",
    re.IGNORECASE,
)
_DOSED: Final = re.compile(
    r"\b([^\W\d_]{5,})\s+\d+(?:[.,]\d+)?\s?(?:mg|mcg|µg|μg|g|ml|IU)\b", re.IGNORECASE
)
_REACH: Final = 60
_MAX_TERM_ZIPF: Final = 3.9  # more common words end like a medicine by chance: "valid"


def find_terms(text: str) -> Iterator[Span]:
    """Find illnesses, medicines, money matters and life events.

    Args:
        text: Any text. Terms in a paragraph that is not about a person ("Diabetes is a disease
            of ...") are not private.

    Yields:
        Spans of kind `HEALTH`, `MONEY`, and `TERM` for life events and special categories.
    """
    for paragraph in _PARAGRAPH.finditer(text):
        if _is_about_a_person(paragraph[0]):
            yield from _terms_between(text, *paragraph.span())


def _is_about_a_person(paragraph: str) -> bool:
    """Return whether a paragraph has a pronoun, a title, a name or a label with a colon."""
    return bool(
        _HAS_PERSON_WORD.search(paragraph)
        or _HAS_TITLE.search(paragraph)
        or _HAS_COLON.search(paragraph)
        or any(
            is_known_name(word) or not zipf(word, *LANGUAGES)
            for word in _CAPITALISED.findall(paragraph)
        )
    )


def _terms_between(text: str, start: int, end: int) -> Iterator[Span]:
    yield from _listed(text, start, end)
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text, start, end):
            yield Span(*match.span(), kind)
    for pattern in _HEADED:
        for match in pattern.finditer(text, start, end):
            yield Span(*match.span(), "HEALTH")
    yield from _medical(text, start, end)
    yield from _sensitive(text, start, end)
    for match in _BY_SUFFIX.finditer(text, start, end):
        if zipf(match[0], *LANGUAGES) < _MAX_TERM_ZIPF:
            yield Span(*match.span(), "HEALTH")
    for match in _DOSED.finditer(text, start, end):
        if zipf(match[1], "en") < _MAX_TERM_ZIPF:
            yield Span(*match.span(1), "HEALTH")
    for match in _AFTER_CUE.finditer(text, start, end):
        yield from _after_cue(text, *match.span(1))


@cache
def _lexicon() -> dict[str, tuple[str, ...]]:
    """Return the listed phrases by their first word, longest first."""
    phrases: dict[str, list[str]] = {}
    for phrase in CONDITIONS | MEDICINES:
        phrases.setdefault(_WORD.findall(phrase)[0], []).append(phrase)
    return {word: tuple(sorted(group, key=len, reverse=True)) for word, group in phrases.items()}


def _listed(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield listed phrases, also with a plural s."""
    lexicon = _lexicon()
    lower = text.lower()
    for word in _WORD.finditer(lower, start, end):
        for phrase in lexicon.get(word[0]) or lexicon.get(word[0].removesuffix("s"), ()):
            stop = word.start() + len(phrase)
            if lower.startswith(phrase, word.start()) and not lower[stop : stop + 1].isalpha():
                yield Span(word.start(), stop, "HEALTH")
                break
            if lower[stop : stop + 1] == "s" and lower.startswith(phrase, word.start()):
                yield Span(word.start(), stop + 1, "HEALTH")
                break


def _medical(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield medical words, alone and with one or two words before them."""
    for word in _WORD.finditer(text, start, end):
        if is_medical(word[0]):
            yield Span(*word.span(), "HEALTH")
            for words in _MODIFIERS:
                if before := words.search(text, max(start, word.start() - _REACH), word.start()):
                    yield Span(before.start(), word.end(), "HEALTH")


def _sensitive(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield words of special categories, alone and with the words that belong to them."""
    for word in _WORD.finditer(text, start, end):
        if not is_sensitive(word[0]):
            continue
        first, stop = word.span()
        yield Span(first, stop, "TERM")
        for words in _MODIFIERS:
            if before := words.search(text, max(start, word.start() - _REACH), word.start()):
                first = before.start()
                yield Span(first, word.end(), "TERM")
        if after := _COMPLEMENT.match(text, word.end(), end):
            yield Span(word.start(), after.end(), "TERM")
            yield Span(first, after.end(), "TERM")


def _after_cue(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the words after a cue such as "diagnosed with", as soon as one of them is uncommon.

    Where the term ends is not known, so each longer run of words is a span of its own.
    """
    has_term = False
    for word in _WORD.finditer(text, start, end):
        has_term = has_term or zipf(word[0], "en") < _MAX_TERM_ZIPF
        if has_term:
            yield Span(start, word.end(), "HEALTH")
