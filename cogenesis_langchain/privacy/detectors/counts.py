"""Numbers without a unit: how many of what, which of many, and numbers on their own.

An everyday number says nothing: "three points", "10 minutes", "2,000 words", a year. Any other one
does: "31 ewes", "stall 212", "the 33rd week", "2,917".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from cogenesis_langchain.privacy.detectors.figures import (
    Figure,
    find_figures,
    is_small_or_year,
    is_telling,
    values_of,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf
from cogenesis_langchain.privacy.detectors.parsed_value import ParsedValue

_WORD: Final = r"[^\W\d_]{3,}(?:['’-][^\W\d_]+)*"
_AFTER: Final = re.compile(rf"(?P<nth>st|nd|rd|th|º|ª|\.)?[ \u00a0-]({_WORD}|[A-Z]{{2}}\b)")
_THE: Final = re.compile(r"\bthe \Z", re.IGNORECASE)
_BEFORE: Final = re.compile(rf"(?<![^\W_])({_WORD})[ \u00a0]#?\Z")
_LONGEST_WORD: Final = 24
_PART_OF_A_CODE: Final = re.compile(r"[\w@#:/&+-]")
_GOES_ON_AS_CODE: Final = re.compile(r"(?:\w|[:/@-]\w)")
_EVERYDAY_NOUN: Final = 5.0  # zipf; "words", "people", "minutes"
_SMALL_WORD: Final = 6.3  # zipf; "and", "with"
_LABEL: Final = 5.3  # zipf; "about", "page" and "year" label nothing


def find_counts(text: str) -> Iterator[ParsedValue]:
    """Numbers of a private text that say something, with what they count or label.

    Args:
        text: Any text.

    Yields:
        Readings of kind `QUANTITY`.
    """
    for reading, says_something in _readings(text, find_figures(text)):
        if says_something:
            yield reading


def find_counted(text: str, figures: Iterable[Figure]) -> Iterator[ParsedValue]:
    """Every number of a text that counts or labels something, to probe with."""
    for reading, _ in _readings(text, figures):
        yield reading


def _readings(text: str, figures: Iterable[Figure]) -> Iterator[tuple[ParsedValue, bool]]:
    """Readings, and whether each says something about whoever wrote the text."""
    for figure in figures:
        if figure.bare and not _is_in_a_code(text, figure):
            values = values_of(figure)
            bare = frozenset(f"number {value:f}" for value in values if is_telling(value))
            uncommon = not all(is_small_or_year(value) for value in values)
            if not figure.ordinal:
                yield ParsedValue(figure.start, figure.end, "QUANTITY", bare, bare), bool(bare)
            for reading, telling in _with_words(text, figure, values, bare):
                yield reading, uncommon and telling


def _with_words(
    text: str, figure: Figure, values: frozenset[Decimal], bare: frozenset[str]
) -> Iterator[tuple[ParsedValue, bool]]:
    """A number with the word after it, or as a day of the month; with the word before it."""
    after = _AFTER.match(text, figure.end)
    if after is not None and (common := zipf(after[2], *LANGUAGES)) < _SMALL_WORD:
        family = f"{_stem(after[2])} {'no.' if after['nth'] else 'times'}"
        reading = _named(figure.start, after.end(), family, values, bare)
        yield reading, bool(bare) or common < _EVERYDAY_NOUN or not _all_round(values)
    elif figure.ordinal:
        article = _THE.search(text, max(0, figure.start - _LONGEST_WORD), figure.start)
        start = article.start() if article else figure.start
        yield _named(start, figure.end + len("th"), "of-month", values, bare), True
    if before := _BEFORE.search(text, max(0, figure.start - _LONGEST_WORD), figure.start):
        reading = _named(before.start(1), figure.end, f"{_stem(before[1])} no.", values, bare)
        yield reading, zipf(before[1], *LANGUAGES) < _LABEL


def _named(
    start: int, end: int, family: str, values: frozenset[Decimal], bare: frozenset[str]
) -> ParsedValue:
    canonical = frozenset(f"{family} {value:f}" for value in values)
    return ParsedValue(start, end, "QUANTITY", canonical | bare, canonical)


def _is_in_a_code(text: str, figure: Figure) -> bool:
    """Whether a number touches letters or signs that make it a part of something else."""
    before = text[figure.start - 1 : figure.start]
    return bool(
        _PART_OF_A_CODE.match(before)
        or (not figure.ordinal and _GOES_ON_AS_CODE.match(text, figure.end))
    )


def _stem(word: str) -> str:
    return word.casefold().removesuffix("s")


def _all_round(values: frozenset[Decimal]) -> bool:
    """Whether a number ends like one that somebody chose: 15, 40, 250, 3,000."""
    return all(value % 5 == 0 for value in values)
