"""Detector of sums of money and of quantities with a unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.units import is_round
from cogenesis_langchain.privacy.detectors.quantities.numbers import (
    Number,
    find_numbers,
    is_distinctive,
    values_of,
)
from cogenesis_langchain.privacy.detectors.quantities.parsed_value import ParsedValue
from cogenesis_langchain.privacy.detectors.spans import ValueKind

_AGE: Final = re.compile(
    r"\b(?:aged|age(?:\s+of)?|alter|âge|edad|età|idade)(?:\s*:)?\s+(\d{1,3})\b", re.IGNORECASE
)
_OLD: Final = re.compile(r"[\s-]?(?:old|alt)\b", re.IGNORECASE)
_PRESSURE: Final = re.compile(r"(?<![\d/.])(\d{2,3}/\d{2,3})\s?mmhg\b", re.IGNORECASE)
_LIKELY_PRESSURE: Final = re.compile(
    r"(?<![\d/.])(1[0-9]\d/[4-9]\d|1[0-9]\d/1[0-4]\d)(?![\d/%]|\.\d)"
)
_RATE: Final = re.compile(
    r"\s?(?:an?|per|each|pro|im|par|al|por|/)\s?(?:hour|day|night|week|fortnight|month|quarter|year|head"
    r"|person|stunde|tag|woche|monat|jahr|heure|jour|semaine|mois|an|hora|día|semana|mes|año|ora"
    r"|giorno|settimana|mese|anno|dia|mês|ano)\b",
    re.IGNORECASE,
)
_STOP_WATCH: Final = re.compile(r"(?<![\w.,:])(?:\d+:)?\d{1,2}:[0-5]\d(?:\.\d{1,2})?(?![\w:])")
_SIDE: Final = r"\d+(?:[.,]\d+)?"
_SIZE: Final = re.compile(rf"(?<![\w.,]){_SIDE}(?:\s?(?:by|x|×)\s?{_SIDE})+(?!\w)")
_DIGITS: Final = re.compile(_SIDE)
# 5'4, 6 ft 2, 9st 6
_TWO_UNITS: Final = re.compile(
    r"(?<![\w.,])(\d{1,2})\s?(?:['’′]\s?|(?:ft|foot|feet|st|stone|lbs?)\s)(\d{1,2})\b"
    r"(?:[\"”″]|\s?(?:in|inch(?:es)?|lbs?|pounds|oz|ounces)\b)?",
    re.IGNORECASE,
)


def find_amounts(text: str) -> Iterator[ParsedValue]:
    """Find sums of money, and quantities with a unit that are not commonplace.

    Args:
        text: Any text.

    Yields:
        Values of kind `AMOUNT` and `QUANTITY`. Round durations ("in 3 days", "45 minutes") and
        round percentages are left out, because instructions often contain them. Ages are kept.
    """
    for number in find_numbers(text):
        if number.currency:
            yield (sum_of_money := _parsed(number, "AMOUNT", "money"))
            if rate := _RATE.match(text, number.end):
                yield sum_of_money._replace(end=rate.end())
        elif number.unit is not None:
            old = _OLD.match(text, number.end) or "old" in text[number.start : number.end]
            if old or not is_round(values_of(number), number.unit):
                yield _parsed(number, "QUANTITY", number.unit)
    yield from _measures(text)


def parse_all_amounts(text: str, numbers: Iterable[Number]) -> Iterator[ParsedValue]:
    """Parse every number of a text, commonplace or not, to compare it with private amounts.

    Args:
        text: A text to be searched for private values.
        numbers: The numbers of the text.

    Yields:
        Values whose `lookup_forms` include unit or currency.
    """
    for number in numbers:
        if number.ordinal:
            continue
        family = "money" if number.currency else number.unit
        yield _parsed(number, "AMOUNT" if number.currency else "QUANTITY", family)
    yield from _measures(text)


def _measures(text: str) -> Iterator[ParsedValue]:
    """Yield ages, blood pressures, lap times, heights and dimensions."""
    for match in _AGE.finditer(text):
        yield _measure(match, f"year {match[1]}")
    for pattern in (_PRESSURE, _LIKELY_PRESSURE):
        for match in pattern.finditer(text):
            yield _measure(match, f"pressure {match[1]}")
    for match in _STOP_WATCH.finditer(text):
        yield _measure(match, f"lasting {match[0]}")
    for match in _TWO_UNITS.finditer(text):
        yield _measure(match, f"units {match[1]} {match[2]}")
    for match in _SIZE.finditer(text):
        sides = _DIGITS.findall(match[0])
        if any(len(side) > 1 for side in sides):
            yield _measure(match, f"size {'×'.join(sides)}")


def _parsed(number: Number, kind: ValueKind, family: str | None) -> ParsedValue:
    """Make the value of a number; `family` is its unit, or ``money``."""
    # A distinctive amount is also stored as a bare number, so that "14200" matches "$14,200".
    values = values_of(number)
    exact = {f"{family} {value:f}" for value in values} if family else set()
    bare = {f"number {value:f}" for value in values}
    distinctive = {f"number {value:f}" for value in values if is_distinctive(value)}
    return ParsedValue(
        number.start, number.end, kind, frozenset(exact | distinctive), frozenset(exact | bare)
    )


def _measure(match: re.Match[str], form: str) -> ParsedValue:
    forms = frozenset({form})
    return ParsedValue(match.start(), match.end(), "QUANTITY", forms, forms)
