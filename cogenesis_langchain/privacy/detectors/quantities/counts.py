"""Detector of numbers without a unit: counts, ordinals, labels and bare numbers.

Private are numbers such as "31 ewes", "stall 212", "the 33rd week" and "2,917". Everyday numbers
are not: "three points", "10 minutes", "2,000 words", a year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf
from cogenesis_langchain.privacy.detectors.quantities.numbers import (
    Number,
    find_numbers,
    is_distinctive,
    is_small_or_year,
    values_of,
)
from cogenesis_langchain.privacy.detectors.quantities.parsed_value import ParsedValue

_WORD: Final = r"[^\W\d_]{3,}(?:['’-][^\W\d_]+)*"
_AFTER: Final = re.compile(rf"(?P<nth>st|nd|rd|th|º|ª|\.)?[ \u00a0-]({_WORD}|[A-Z]{{2}}\b)")
_THE: Final = re.compile(r"\bthe \Z", re.IGNORECASE)
_BEFORE: Final = re.compile(rf"(?<![^\W_])({_WORD})[ \u00a0]#?\Z")
_LONGEST_WORD: Final = 24
_PART_OF_A_CODE: Final = re.compile(r"[\w@#:/&+-]")
_GOES_ON_AS_CODE: Final = re.compile(r"(?:\w|[:/@-]\w)")
# Zipf frequencies, see `zipf`.
_EVERYDAY_NOUN: Final = 5.0  # "words", "people", "minutes"
_SMALL_WORD: Final = 6.3  # "and", "with"
_LABEL: Final = 5.3  # more common words label nothing: "about", "page", "year"


def find_counts(text: str) -> Iterator[ParsedValue]:
    """Find numbers that are not commonplace, with the word that they count or label.

    Args:
        text: A private text.

    Yields:
        Values of kind `QUANTITY`.
    """
    for parsed, is_private in _parse(text, find_numbers(text)):
        if is_private:
            yield parsed


def parse_all_counts(text: str, numbers: Iterable[Number]) -> Iterator[ParsedValue]:
    """Parse every number without a unit, commonplace or not, to compare it with private counts."""
    for parsed, _ in _parse(text, numbers):
        yield parsed


def _parse(text: str, numbers: Iterable[Number]) -> Iterator[tuple[ParsedValue, bool]]:
    """Yield the values of numbers without a unit, and whether each would be private."""
    for number in numbers:
        if number.bare and not _is_in_a_code(text, number):
            values = values_of(number)
            bare = frozenset(f"number {value:f}" for value in values if is_distinctive(value))
            uncommon = not all(is_small_or_year(value) for value in values)
            if not number.ordinal:
                yield ParsedValue(number.start, number.end, "QUANTITY", bare, bare), bool(bare)
            for parsed, distinctive in _with_words(text, number, values, bare):
                yield parsed, uncommon and distinctive


def _with_words(
    text: str, number: Number, values: frozenset[Decimal], bare: frozenset[str]
) -> Iterator[tuple[ParsedValue, bool]]:
    """Yield a number with the word after it or as a day of the month, and with the word before."""
    after = _AFTER.match(text, number.end)
    if after is not None and (common := zipf(after[2], *LANGUAGES)) < _SMALL_WORD:
        family = f"{_stem(after[2])} {'no.' if after['nth'] else 'times'}"
        parsed = _named(number.start, after.end(), family, values, bare)
        yield parsed, bool(bare) or common < _EVERYDAY_NOUN or not _all_round(values)
    elif number.ordinal:
        article = _THE.search(text, max(0, number.start - _LONGEST_WORD), number.start)
        start = article.start() if article else number.start
        yield _named(start, number.end + len("th"), "of-month", values, bare), True
    if before := _BEFORE.search(text, max(0, number.start - _LONGEST_WORD), number.start):
        parsed = _named(before.start(1), number.end, f"{_stem(before[1])} no.", values, bare)
        yield parsed, zipf(before[1], *LANGUAGES) < _LABEL


def _named(
    start: int, end: int, family: str, values: frozenset[Decimal], bare: frozenset[str]
) -> ParsedValue:
    forms = frozenset(f"{family} {value:f}" for value in values)
    return ParsedValue(start, end, "QUANTITY", forms | bare, forms)


def _is_in_a_code(text: str, number: Number) -> bool:
    """Return whether a number touches letters or signs, so that it is a part of a code."""
    before = text[number.start - 1 : number.start]
    return bool(
        _PART_OF_A_CODE.match(before)
        or (not number.ordinal and _GOES_ON_AS_CODE.match(text, number.end))
    )


def _stem(word: str) -> str:
    return word.casefold().removesuffix("s")


def _all_round(values: frozenset[Decimal]) -> bool:
    """Return whether all values are multiples of five, as the numbers in instructions often are."""
    return all(value % 5 == 0 for value in values)
