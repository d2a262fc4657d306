"""Parser of numbers in English words: "two hundred and six" is 206, "two point five" is 2.5."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from cogenesis_langchain.privacy.detectors.spans import any_of

_SMALL: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_LARGE: Final = {"thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
NUMBER_WORDS: Final = (*_SMALL, *_LARGE, "hundred")
_WORD: Final = any_of(NUMBER_WORDS)
_DIGIT: Final = any_of(["zero", *list(_SMALL)[:9]])
_NUMBER: Final = re.compile(
    rf"\b(?:a\s+)?(?:{_WORD})(?:(?:\s+|-|\s+and\s+)(?:{_WORD}))*\b"
    rf"(?P<decimals>\s+point(?:\s+(?:{_DIGIT}))+\b)?",
    re.IGNORECASE,
)


def find_number_words(text: str) -> Iterator[tuple[int, int, Decimal]]:
    """Yield the start, end and value of every number above twelve or with decimals."""
    for match in _NUMBER.finditer(text):
        whole, _, decimals = match[0].lower().partition("point")
        digits = "".join(str(_SMALL.get(word, 0)) for word in decimals.split())
        value = Decimal(f"{_value(re.findall(r'[a-z]+', whole))}.{digits}")
        if value > 12 or digits:
            yield match.start(), match.end(), value


def _value(words: list[str]) -> int:
    total = group = 0
    for word in words:
        if word in _LARGE:
            total += max(group, 1) * _LARGE[word]
            group = 0
        elif word == "hundred":
            group = max(group, 1) * 100
        else:
            group += _SMALL.get(word, 0)
    return total + group
