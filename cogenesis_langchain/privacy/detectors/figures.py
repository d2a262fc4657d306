"""Numbers as they are written, what stands beside them, and what they can mean.

14,200 is 14200, 14 200, 14.200,00 and 14.2k.
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
from cogenesis_langchain.privacy.detectors.number_words import find_number_words
from cogenesis_langchain.privacy.detectors.spans import any_of

_SCALES: Final = {
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
    rf"\s?(?:(?P<word>{any_of(_SCALES)})(?![^\W\d_])\.?|(?P<sign>{_CJK_SCALES}))", re.IGNORECASE
)
_ORDINAL: Final = re.compile(r"(?:st|nd|rd|th)\b")
_HALF: Final = Decimal("0.5")
_LARGEST_SMALL: Final = 12
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2100
_LARGE: Final = 10_000
# Numbers below the first that the second divides are round.
_ROUND_STEPS: Final = ((100, 5), (200, 10), (1000, 25), (_LARGE, 500))
# Days, hours, weeks, months, ages of majority, powers of two, turns of phrase.
_COMMON_NUMBERS: Final = frozenset(
    map(
        Decimal,
        (
            14,
            16,
            18,
            21,
            24,
            28,
            32,
            36,
            48,
            52,
            64,
            72,
            99,
            101,
            247,
            280,
            360,
            365,
            404,
            911,
            1024,
            1200,
        ),
    )
)


class Figure(NamedTuple):
    """A number as written, with what stands around it.

    Args:
        start: Index of its first character, or of its currency's.
        end: One past its last character, its unit or currency included.
        written: The digits with their separators.
        scale: A word that multiplies it, such as "million".
        currency: Whether it is a sum of money.
        unit: The name of its unit.
        ordinal: Whether it says which of many: "19th".
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
        """Whether it has neither a currency nor a unit."""
        return not self.currency and self.unit is None


def find_figures(text: str) -> Iterator[Figure]:
    """Numbers in figures, then numbers in words, each with its currency or unit."""
    for match in _NUMBER.finditer(text):
        yield _with_neighbours(text, *match.span(), match[0], _SCALE.match(text, match.end()))
    for start, end, value in find_number_words(text):
        yield _with_neighbours(text, start, end, f"{value:f}", None)


def _with_neighbours(
    text: str, start: int, end: int, written: str, scale: re.Match[str] | None
) -> Figure:
    figures_end = end
    end = scale.end() if scale else end
    currency = currency_patterns()
    before = currency.before.search(text[max(0, start - LONGEST_BEFORE) : start])
    after = currency.after.match(text, end)
    unit = None
    if before:
        start -= len(before[0])
    if after:
        end = after.end()
    if not (before or after) and (found := UNIT.match(text, figures_end)):
        unit, scale, end = unit_of(found), None, found.end()
    return Figure(
        start,
        end,
        written,
        scale and (scale["word"] or scale["sign"]),
        bool(before or after),
        unit,
        _ORDINAL.match(text, end) is not None,
    )


def values_of(figure: Figure) -> frozenset[Decimal]:
    """What a written number can mean; a separator before three digits can be either."""
    digits = re.sub(r"[^\d.,]", "", figure.written)
    whole = Decimal(re.sub(r"\D", "", digits))
    last = max(digits.rfind("."), digits.rfind(","))
    readings = {whole}
    if last >= 0 and digits.count(digits[last]) == 1:
        decimals = len(digits) - last - 1
        fraction = whole.scaleb(-decimals)
        grouped = decimals == 3 and not digits.startswith("0") and not figure.scale
        readings = {fraction} if not grouped else {whole, fraction}
        if grouped and (figure.currency or len(set(digits) & {".", ","}) > 1):
            readings = {whole}
    factor = _SCALES[figure.scale.lower()] if figure.scale else 0
    return frozenset(value.scaleb(factor).normalize() for value in readings)


def is_small_or_year(value: Decimal) -> bool:
    """Whether a number is a whole one up to twelve, or a year of our times."""
    whole = value == value.to_integral_value()
    return whole and (value <= _LARGEST_SMALL or _FIRST_YEAR <= value < _LAST_YEAR)


def is_telling(value: Decimal) -> bool:
    """Whether a number says something on its own: no small, round or otherwise common one."""
    if value != value.to_integral_value():
        return len(value.as_tuple().digits) > 2 or value % _HALF != 0  # more than 2.5
    if is_small_or_year(value) or value in _COMMON_NUMBERS:
        return False
    if value >= _LARGE:
        return f"{value:f}".strip("0") != "1"
    return all(value >= below or value % step for below, step in _ROUND_STEPS)
