"""Parser of dates and times: "14 March", "March 14th", "14/03" and "2026-03-14" agree.

A date has the canonical forms ``date 2026-3-14`` and ``date *-3-14``, a time ``time 14:05``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.months import month_numbers
from cogenesis_langchain.privacy.detectors.quantities.parsed_value import ParsedValue
from cogenesis_langchain.privacy.detectors.spans import any_of

ORDINALS: Final = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second",
    "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh",
    "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first",
]  # fmt: skip
_HOURS: Final = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
]  # fmt: skip

_WEEKDAY: Final = (
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
    r"|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch"
    r"|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche"
    r"|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo"
    r"|(?:luned|marted|mercoled|gioved|venerd)ì|domenica|(?:segunda|ter[çc]a|quarta|quinta"
    r"|sexta)-feira)"
    r"\.?,?\s+(?:the\s+|den\s+|le\s+)?"
)
_MONTH: Final = r"(?P<month>MONTH)\b\.?"
_DAY: Final = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|er|\.|º|ª|°)?"
_DAY_WORD: Final = rf"(?P<ordinal>{any_of(ORDINALS)})"
_YEAR: Final = r"(?P<year>(?:19|20)\d\d|['’]?\d\d(?![\d:.]\d|\d|\s*(?:am|pm|uhr|h\b)))"
_OF: Final = r"(?:[\s.,/-]|day of\b|of\b|de\b|del\b|do\b|den\b){1,6}"
_FULL_YEAR: Final = r"(?:19|20)\d\d"
_UP_TO: Final = r"\s*(?:[-–—]|to|till|until|and|bis|und|au|et|al|y|e|a)\s*"
_OTHER_DAY: Final = _DAY.replace("day", "other_day")  # "18 to 22 April"

_FLAGS: Final = re.IGNORECASE
_WORDED: Final = (
    rf"\b(?:the\s+)?(?:{_WEEKDAY})?\b(?:{_OTHER_DAY}{_UP_TO})?{_DAY}{_OF}{_MONTH}(?:(?:[\s,/.-]|de\b"
    rf"|del\b){{1,5}}{_YEAR}\b(?:\s(?:года|р\.|г\.))?)?",
    rf"\b(?:{_WEEKDAY})?{_MONTH}\s*(?:the\s+)?{_DAY}(?:{_UP_TO}{_OTHER_DAY})?\b(?!\s*[:%])(?:,?\s+(?P<year>{_FULL_YEAR})\b)?",
    rf"\b(?:the\s+)?(?:{_WEEKDAY})?{_DAY_WORD}\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>{_FULL_YEAR})\b)?",
    rf"\b{_MONTH}\s+(?:the\s+)?{_DAY_WORD}(?:,?\s+(?P<year>{_FULL_YEAR})\b)?",
)
_MONTH_AND_YEAR: Final = rf"\b{_MONTH}(?:,?\s+|\s+de\s+|\s*[/-]\s*)(?P<year>{_FULL_YEAR})\b"
_DAY_ALONE: Final = re.compile(
    rf"\b(?:{_WEEKDAY}{_DAY}|(?:am|vom|zum|den|dem)\s(?P<german>[12]?\d|3[01])\.)(?![\w:/%-]|[.,]\d)",
    _FLAGS,
)
_SHORT_NUMBER: Final = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_LONGEST_WEEKDAY: Final = 20
_YEAR_FIRST: Final = re.compile(
    rf"\b(?P<year>{_FULL_YEAR})([-/.])(?P<month>0?[1-9]|1[0-2])\2(?P<day>0?[1-9]|[12]\d"
    rf"|3[01])(?!\d)"
)
_CJK: Final = re.compile(
    r"(?:(?P<year>\d{4})\s*[年년]\s*)?(?P<month>1[0-2]|0?[1-9])\s*[月월]\s*(?P<day>3[01]|[12]\d"
    r"|0?[1-9])\s*[日号號일]"
)
_NUMERIC: Final = re.compile(
    r"(?<![\d/.-])(?P<first>0?[1-9]|[12]\d|3[01])([-/.])(?P<second>0?[1-9]|[12]\d|3[01])\2"
    rf"(?P<year>{_FULL_YEAR}|\d\d)(?![\d/-])"
)
_NUMERIC_SHORT: Final = re.compile(
    r"(?<![\d/.,$€£-])(?:(?P<first>0[1-9]|[12]?\d|3[01])/(?P<second>0[1-9]|1\d|2\d|3[01])"
    r"|(?P<dotted>0?[1-9]|[12]\d|3[01])\.(?P<dotted_month>0?[1-9]|1[0-2])\.)(?![\d/]|\s*(?:mmhg"
    r"|%))",
    _FLAGS,
)
_MONTH_OF_YEAR: Final = re.compile(
    r"(?<![\d/.-])(?P<month>0[1-9]|1[0-2])/(?P<year>\d\d|20\d\d)(?![\d/])"
)

_CLOCK: Final = re.compile(
    r"(?<![\d:.,])(?P<hour>[01]?\d"
    r"|2[0-4])(?P<mark>[:.h])(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    r"(?![\d:]|[.,]\d)(?:\s?(?P<half>[ap])\.?m\b\.?|\s?u(?:hr|ur)\b|\s?h\b|\s?hrs\b)?",
    _FLAGS,
)
_WHOLE_HOUR: Final = re.compile(
    r"(?<![\d:.,/-])(?P<hour>[01]?\d|2[0-4])(?:\s?(?P<half>[ap])\.?m\b\.?|\s?(?:uhr|uur|o['’]clock)\b"
    r"|\s?h\b"
    r"|\s(?P<part>in the (?:morning|afternoon|evening)|at night))",
    _FLAGS,
)
_SPOKEN: Final = re.compile(
    rf"\b(?P<offset>half|quarter|ten|twenty|five)(?:\s(?P<way>past"
    rf"|to))\s(?P<hour>{any_of(_HOURS)})\b",
    _FLAGS,
)
_SPOKEN_HOUR: Final = re.compile(
    rf"\b(?P<hour>{any_of(_HOURS)})\s"
    r"(?:(?:o['’]clock\s)?(?P<part>in the (?:morning|afternoon|evening)|at night)"
    r"|o['’]clock|(?P<half>[ap])\.?m\b\.?)",
    _FLAGS,
)
_DIGIT: Final = re.compile(r"\d")
_WORD: Final = re.compile(r"[^\W\d_]+")
# Most characters of a date before and after the name of its month.
_BEFORE_MONTH: Final = 45
_AFTER_MONTH: Final = 25
_SPOKEN_MINUTES: Final = {"half": 30, "quarter": 15, "ten": 10, "twenty": 20, "five": 5}


def find_dates(text: str) -> Iterator[ParsedValue]:
    """Find the dates in a text.

    Args:
        text: Any text.

    Yields:
        Values of kind `DATE`. A date without a year matches that day of any year. A numeric date
        that could be day-month or month-day is taken for both.
    """
    yield from _worded_dates(text)
    if not _DIGIT.search(text):
        return
    yield from _days_alone(text)
    for pattern in (_YEAR_FIRST, _CJK):
        for match in pattern.finditer(text):
            yield _date(match, [(int(match["month"]), int(match["day"]))], match["year"])
    for match in _NUMERIC.finditer(text):
        yield _date(match, _both_orders(int(match["first"]), int(match["second"])), match["year"])
    for match in _NUMERIC_SHORT.finditer(text):
        first, second = match.group("first", "second") if match["first"] else match.group(3, 4)
        yield _date(match, _both_orders(int(first), int(second)), None)
    for match in _MONTH_OF_YEAR.finditer(text):
        yield _month_of(match, frozenset({int(match["month"])}), match["year"])


@cache
def _with_months(pattern: str) -> re.Pattern[str]:
    """Compile a pattern after putting in the names of all months."""
    return re.compile(pattern.replace("MONTH", any_of(month_numbers())), _FLAGS)


def _worded_dates(text: str) -> Iterator[ParsedValue]:
    """Find dates with the name of a month.

    The patterns are slow, so they are tried around names of months only.
    """
    months = month_numbers()
    for word in _WORD.finditer(text):
        if word[0].lower() not in months:
            continue
        around = (max(0, word.start() - _BEFORE_MONTH), word.end() + _AFTER_MONTH)
        found = [
            match for pattern in _WORDED for match in _with_months(pattern).finditer(text, *around)
        ]
        for match in found:
            groups = match.groupdict()
            ordinal = groups.get("ordinal")
            days = [ORDINALS.index(ordinal.lower()) + 1 if ordinal else int(groups["day"])]
            if other := groups.get("other_day"):
                days.append(int(other))
            either = [(month, day) for month in months[groups["month"].lower()] for day in days]
            yield _date(match, either, groups["year"])
        for match in _with_months(_MONTH_AND_YEAR).finditer(text, *around):
            if not any(day.start() <= match.start() < day.end() for day in found):
                yield _month_of(match, months[match["month"].lower()], match["year"])


def _days_alone(text: str) -> Iterator[ParsedValue]:
    """Find days without a month: "Thursday 12", "am 17."."""
    for number in _SHORT_NUMBER.finditer(text):
        match = _DAY_ALONE.search(text, max(0, number.start() - _LONGEST_WEEKDAY), number.end() + 2)
        if match is None or match.end() < number.end():
            continue
        forms = frozenset({f"of-month {int(match['day'] or match['german'])}"})
        yield ParsedValue(match.start(), match.end(), "DATE", forms, forms)


def find_times(text: str) -> Iterator[ParsedValue]:
    """Find the times of day in a text.

    Args:
        text: Any text.

    Yields:
        Values of kind `TIME`. An hour up to twelve without a.m. or p.m. is taken for both.
    """
    for match in _CLOCK.finditer(text):
        yield _time(match, int(match["hour"]), int(match["minute"]), match["half"])
    for match in _WHOLE_HOUR.finditer(text):
        yield _time(match, int(match["hour"]), 0, _half_of_day(match))
    for match in _SPOKEN_HOUR.finditer(text):
        yield _time(match, _HOURS.index(match["hour"].lower()) + 1, 0, _half_of_day(match))
    for match in _SPOKEN.finditer(text):
        minutes = _SPOKEN_MINUTES[match["offset"].lower()]
        hour = _HOURS.index(match["hour"].lower()) + 1
        if match["way"].lower() == "to":
            hour, minutes = hour - 1, 60 - minutes
        yield _time(match, hour, minutes, None)


def _half_of_day(match: re.Match[str]) -> str | None:
    part = match["part"]
    return match["half"] or (part and ("a" if part.lower() == "in the morning" else "p"))


def _both_orders(first: int, second: int) -> list[tuple[int, int]]:
    """Return the (month, day) pairs that two numbers can mean."""
    pairs = {(first, second), (second, first)}
    return [(month, day) for month, day in sorted(pairs) if month <= 12 and day <= 31]


def _full_year(written: str) -> int:
    year = int(written.lstrip("'’"))
    return year if year > 99 else year + (2000 if year < 50 else 1900)


def _date(match: re.Match[str], days: list[tuple[int, int]], year: str | None) -> ParsedValue:
    stored: set[str] = set()
    lookup: set[str] = set()
    # A date with a year is also stored as "date *-...", a form that only dates without a year look
    # up. So "14 March" finds 14 March 2026, and 14 March 2025 does not.
    for month, day in days:
        of_any_year, without_year = f"date *-{month}-{day}", f"date {month}-{day}"
        if year is None:
            stored.add(without_year)
            lookup |= {without_year, of_any_year}
        else:
            with_year = f"date {_full_year(year)}-{month}-{day}"
            stored |= {with_year, of_any_year}
            lookup |= {with_year, without_year}
    return ParsedValue(match.start(), match.end(), "DATE", frozenset(stored), frozenset(lookup))


def _month_of(match: re.Match[str], months: frozenset[int], year: str) -> ParsedValue:
    forms = frozenset(f"month {_full_year(year)}-{month}" for month in months)
    return ParsedValue(match.start(), match.end(), "DATE", forms, forms)


def _time(match: re.Match[str], hour: int, minute: int, half: str | None) -> ParsedValue:
    hours = {hour % 24}
    if half is not None:
        hours = {hour % 12 + (12 if half.lower() == "p" else 0)}
    elif hour <= 12:
        hours = {hour % 12, hour % 12 + 12}
    forms = frozenset(f"time {hour}:{minute:02}" for hour in hours)
    return ParsedValue(match.start(), match.end(), "TIME", forms, forms)
