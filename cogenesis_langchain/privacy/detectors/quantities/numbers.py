"""Parser of numbers with their currency or unit.

It reads "14,200", "14 200", "14.200,00", "14.2k" and "fourteen thousand two hundred" as 14200.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from cogenesis_langchain.privacy.detectors.lexicons.currencies import (
    LONGEST_BEFORE,
    currency_patterns,
)
from cogenesis_langchain.privacy.detectors.lexicons.units import UNIT, unit_of
from cogenesis_langchain.privacy.detectors.quantities.number_words import find_number_words
from cogenesis_langchain.privacy.detectors.spans import any_of

SCALES: Final = {
    "k": 3, "thousand": 3, "tausend": 3, "mille": 3, "mil": 3, "tsd": 3, "тыс": 3,
    "m": 6, "mn": 6, "mio": 6, "million": 6, "millions": 6, "millionen": 6, "millones": 6,
    "milioni": 6, "milhões": 6, "млн": 6,
    "bn": 9, "billion": 9, "milliarden": 9, "mrd": 9, "млрд": 9,
    "tys": 3, "mld": 9, "milyon": 6, "nghìn": 3, "triệu": 6, "tỷ": 9, "ribu": 3, "juta": 6,
    "lakh": 5, "crore": 7, "万": 4, "萬": 4, "만": 4, "亿": 8, "億": 8, "억": 8,
}  # fmt: skip
_CJK_SCALES: Final = "[万萬만亿億억]"
_NUMBER: Final = re.compile(
    r"(?<![\d.,'’])(?:\d{1,3}([ ,.'’\u00a0\u202f])\d{3}(?:\1\d{3})*(?:[.,]\d{1,2})?"
    r"|\d{1,2}(?:,\d\d)+,\d{3}|\d+(?:[.,]\d+)?)(?![.,]?\d)"
)
_SCALE: Final = re.compile(
    rf"\s?(?:(?P<word>{any_of(SCALES)})(?![^\W\d_])\.?|(?P<sign>{_CJK_SCALES}))", re.IGNORECASE
)
_ORDINAL: Final = re.compile(r"(?:st|nd|rd|th)\b")
_HALF: Final = Decimal("0.5")
_LARGEST_SMALL: Final = 12
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2100
_LARGE: Final = 10_000
# (limit, step): a number below the limit is round if the step divides it.
_ROUND_STEPS: Final = ((100, 5), (200, 10), (1000, 25), (_LARGE, 500))
# Numbers of days, hours, weeks and months, ages of majority, powers of two, set phrases.
_COMMON_NUMBERS: Final = frozenset(map(Decimal, (
    14, 16, 18, 21, 24, 28, 32, 36, 48, 52, 64, 72, 99, 101, 247, 280, 360, 365, 404, 911, 1024,
    1200,
)))  # fmt: skip


class Number(NamedTuple):
    """A number as written, with its currency or unit.

    Args:
        start: Index of its first character, a currency before it included.
        end: One past its last character, a unit or currency after it included.
        written: The digits with their separators.
        scale: A word that multiplies it, such as "million".
        currency: Whether it has a currency.
        unit: The name of its unit: see `unit_of`.
        ordinal: Whether it is an ordinal: "19th".
    """

    start: int
    end: int
    written: str
    scale: str | None
    currency: bool
    unit: str | None
    ordinal: bool

    @property
    def bare(self) -> bool:
        """Whether the number has neither a currency nor a unit."""
        return not self.currency and self.unit is None


def find_numbers(text: str) -> Iterator[Number]:
    """Find numbers in digits, then numbers in words, each with its currency or unit."""
    for match in _NUMBER.finditer(text):
        yield _with_neighbours(text, *match.span(), match[0], _SCALE.match(text, match.end()))
    for start, end, value in find_number_words(text):
        yield _with_neighbours(text, start, end, f"{value:f}", None)


def _with_neighbours(
    text: str, start: int, end: int, written: str, scale: re.Match[str] | None
) -> Number:
    digits_end = end
    end = scale.end() if scale else end
    currency = currency_patterns()
    before = currency.before.search(text[max(0, start - LONGEST_BEFORE) : start])
    after = currency.after.match(text, end)
    unit = None
    if before:
        start -= len(before[0])
    if after:
        end = after.end()
    if not (before or after) and (found := UNIT.match(text, digits_end)):
        unit, scale, end = unit_of(found), None, found.end()
    return Number(
        start,
        end,
        written,
        scale and (scale["word"] or scale["sign"]),
        bool(before or after),
        unit,
        _ORDINAL.match(text, end) is not None,
    )


def values_of(number: Number) -> frozenset[Decimal]:
    """Return the possible values of a number.

    "1.234" has two: its separator can be a decimal point or a thousands separator.
    """
    digits = re.sub(r"[^\d.,]", "", number.written)
    whole = Decimal(re.sub(r"\D", "", digits))
    last = max(digits.rfind("."), digits.rfind(","))
    values = {whole}
    if last >= 0 and digits.count(digits[last]) == 1:
        decimals = len(digits) - last - 1
        fraction = whole.scaleb(-decimals)
        grouped = decimals == 3 and not digits.startswith("0") and not number.scale
        values = {fraction} if not grouped else {whole, fraction}
        if grouped and (number.currency or len(set(digits) & {".", ","}) > 1):
            values = {whole}
    factor = SCALES[number.scale.lower()] if number.scale else 0
    return frozenset(value.scaleb(factor).normalize() for value in values)


def is_small_or_year(value: Decimal) -> bool:
    """Return whether a number is an integer up to twelve, or a year from 1900 to 2099."""
    whole = value == value.to_integral_value()
    return whole and (value <= _LARGEST_SMALL or _FIRST_YEAR <= value < _LAST_YEAR)


def is_distinctive(value: Decimal) -> bool:
    """Return whether a number is neither small nor round nor common, so that it identifies."""
    if value != value.to_integral_value():
        return len(value.as_tuple().digits) > 2 or value % _HALF != 0  # not "2.5"
    if is_small_or_year(value) or value in _COMMON_NUMBERS:
        return False
    if value >= _LARGE:
        return f"{value:f}".strip("0") != "1"  # not 10,000 or 1,000,000
    return all(value >= below or value % step for below, step in _ROUND_STEPS)
