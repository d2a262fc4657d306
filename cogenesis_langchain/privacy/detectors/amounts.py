"""Sums of money and quantities, by value: 14,200 is 14200, 14 200, 14.200,00 and 14.2k."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from cogenesis_langchain.privacy.detectors.number_words import find_number_words
from cogenesis_langchain.privacy.detectors.reading import Reading
from cogenesis_langchain.privacy.detectors.spans import ValueKind, any_of

_SYMBOLS: Final = (
    r"(?:US|A|C|S|R|HK|NZ|CA|AU)?\$|[€£¥₹₽₺₩₪฿₦₴₫]|(?<![^\W_])(?:zł|Kč|kr\.?|R|Rs\.?|Fr\.?)"
)
_CODES: Final = (
    "AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD GBP GEL GHS "
    "GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD "
    "KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD "
    "NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RMB RON RSD RUB RWF SAR SBD SCR SDG "
    "SEK SGD SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH UGX USD UYU UZS VES "
    "VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
).replace(" ", "|")
_CURRENCY_WORDS: Final = (
    r"euros?|dollars?|bucks|pounds? sterling|pounds|quid|pence|cents?|francs?|franken|yen|yuan"
    r"|rupees?"
    r"|rubles?|roubles?|rand|reais|pesos?|lira|liras|kroner|kronor|kronen|zlot(?:y|ys|ych)"
    r"|shekels?|dirhams?|lei|forint|baht|руб(?:лей|ля|ль)?\.?|грн\.?"
)
_CJK_CURRENCY: Final = "[元円圆圓원]"  # nothing parts them from the next word
_CJK_SCALES: Final = "[万萬만亿億억]"
_UNITS: Final[dict[str, str]] = {
    "concentration": "(?:mcg|[µμnpmk]?g|[mµμn]?mol|m?u|iu|meq)/(?:[dmµ]?l|mol|kg|min|h|day)",
    "kg": "kg|kilos?|kilograms?|kilogrammes?|кг|公斤",
    "g": "g|grams?|gramm|grammes?",
    "mg": "mg|milligrams?|мг",
    "mcg": "mcg|µg|μg|micrograms?",
    "lb": "lbs?|pounds",
    "oz": "oz|ounces?",
    "stone": "stone",
    "km": "km|kilomet(?:er|re)s?|км",
    "m": "m|met(?:er|re)s?",
    "cm": "cm|centimet(?:er|re)s?",
    "mm": "mm|millimet(?:er|re)s?",
    "mi": "mi|miles?",
    "ft": "ft|feet|foot",
    "sqm": "m²|m2|sqm|sq\\.? ?m|square met(?:er|re)s|qm",
    "sqft": "sq\\.? ?ft|square f(?:ee|oo)t|ft²|sqft",
    "acre": "acres?",
    "ha": "ha|hectares?|hektar",
    "l": "l|lit(?:er|re)s?|liter",
    "ml": "ml|millilit(?:er|re)s?",
    "gal": "gal|gallons?",
    "°C": "°\\s?c|degrees celsius|grad",
    "°F": "°\\s?f|degrees fahrenheit",
    "%": "%|percent|per cent|prozent|pour cent|por ciento",
    "bpm": "bpm|beats per minute",
    "mmhg": "mmhg",
    "iu": "iu|i\\.u\\.",
    "kcal": "kcal|calories",
    "kwh": "kwh",
    "kw": "kw",
    "mph": "mph",
    "km/h": "km/h|kmh",
    "gb": "gb",
    "tb": "tb",
    "btc": "btc|bitcoins?",
    "eth": "eth|ether",
    "year": "years? old|year-olds?|years?|yrs?|jahre alt|jahre|ans|años|anni|anos|y/o|yo|лет",
    "month": "months?|monate?|mois|meses|mesi",
    "week": "weeks?|wochen?|semaines?|semanas?|settimane",
    "day": "days?|tage?|jours?|días?|giorni|dias?",
    "hour": "hours?|hrs?|stunden?|heures?|horas?|ore",
    "minute": "minutes?|mins?|minuten|minutos?|minuti",
}
_DURATIONS: Final = frozenset({"year", "month", "week", "day", "hour", "minute"})
_AGE: Final = re.compile(
    r"\b(?:aged|age(?:\s+of)?|alter|âge|edad|età|idade)(?:\s*:)?\s+(\d{1,3})\b", re.IGNORECASE
)
# Round figures that instructions use for their own purposes.
_ROUND_DURATIONS: Final = frozenset(
    map(
        Decimal,
        (
            *range(1, 13),
            14,
            15,
            16,
            18,
            20,
            21,
            24,
            25,
            30,
            36,
            40,
            45,
            48,
            50,
            52,
            60,
            72,
            90,
            100,
        ),
    )
)
_COMMON_NUMBERS: Final = frozenset(map(Decimal, (101, 247, 360, 365, 404, 911, 1024, 1200)))
_SCALES: Final = {
    "k": 3, "thousand": 3, "tausend": 3, "mille": 3, "mil": 3, "tsd": 3, "тыс": 3,
    "m": 6, "mn": 6, "mio": 6, "million": 6, "millions": 6, "millionen": 6, "millones": 6,
    "milioni": 6, "milhões": 6, "млн": 6,
    "bn": 9, "billion": 9, "milliarden": 9, "mrd": 9, "млрд": 9,
    "lakh": 5, "crore": 7, "万": 4, "萬": 4, "만": 4, "亿": 8, "億": 8, "억": 8,
}  # fmt: skip

_NUMBER: Final = re.compile(
    r"(?<![\d.,'’])(?:\d{1,3}([ ,.'’\u00a0\u202f])\d{3}(?:\1\d{3})*(?:[.,]\d{1,2})?"
    r"|\d{1,2}(?:,\d\d)+,\d{3}|\d+(?:[.,]\d+)?)(?![.,]?\d)"
)
_SCALE: Final = re.compile(
    rf"\s?(?:(?P<word>{any_of(_SCALES)})(?![^\W\d_])\.?|(?P<sign>{_CJK_SCALES}))", re.IGNORECASE
)
_CURRENCY: Final = rf"{_SYMBOLS}|(?<![^\W_])(?:{_CODES})(?![^\W_])"
_CURRENCY_BEFORE: Final = re.compile(rf"(?:{_CURRENCY})\s?\Z")
_CURRENCY_AFTER: Final = re.compile(
    rf"[\s-]?(?:(?:{_CURRENCY}|(?i:{_CURRENCY_WORDS}))(?![^\W_])|{_CJK_CURRENCY})"
)
_LONGEST_SYMBOL: Final = 5
_UNIT: Final = re.compile(
    rf"[\s-]?(?:{'|'.join(f'({forms})' for forms in _UNITS.values())})(?![^\W_])", re.IGNORECASE
)
_UNIT_NAMES: Final = tuple(_UNITS)
_OLD: Final = re.compile(r"[\s-]?(?:old|alt)\b", re.IGNORECASE)
_PRESSURE: Final = re.compile(r"(?<![\d/.])(\d{2,3}/\d{2,3})\s?mmhg\b", re.IGNORECASE)


class _Number(NamedTuple):
    """A number as written, with what stands around it."""

    start: int
    end: int
    written: str
    scale: str | None
    currency: bool
    unit: str | None


def find_amounts(text: str) -> Iterator[Reading]:
    """Every sum of money and every quantity with a unit that says something.

    Args:
        text: Any text.

    Yields:
        Readings of kind `AMOUNT` and `QUANTITY`. Round durations ("in 3 days", "45 minutes") and
        round percentages are left out, ages are not: instructions are full of the former.
    """
    for number in _numbers(text):
        if number.currency:
            yield _reading(number, "AMOUNT", "money")
        elif number.unit is not None:
            values = _values(number)
            old = _OLD.match(text, number.end)
            if (
                old
                or not _is_round(values, number.unit)
                or "old" in text[number.start : number.end]
            ):
                yield _reading(number, "QUANTITY", number.unit)
    yield from _ages_and_pressures(text)


def find_numbers(text: str) -> Iterator[Reading]:
    """Every number in a text with the marks under which private amounts are filed.

    Args:
        text: A text to be searched for private values.

    Yields:
        Readings to probe with, units and currencies included.
    """
    for number in _numbers(text):
        family = "money" if number.currency else number.unit
        yield _reading(number, "AMOUNT" if number.currency else "QUANTITY", family)
    yield from _ages_and_pressures(text)


def _ages_and_pressures(text: str) -> Iterator[Reading]:
    for match in _AGE.finditer(text):
        yield _marked(match, f"year {match[1]}")
    for match in _PRESSURE.finditer(text):
        yield _marked(match, f"pressure {match[1]}")


def _numbers(text: str) -> Iterator[_Number]:
    """Numbers in figures, then numbers in words, each with its currency or unit."""
    for match in _NUMBER.finditer(text):
        yield _with_neighbours(text, *match.span(), match[0], _SCALE.match(text, match.end()))
    for start, end, value in find_number_words(text):
        yield _with_neighbours(text, start, end, str(value), None)


def _with_neighbours(
    text: str, start: int, end: int, written: str, scale: re.Match[str] | None
) -> _Number:
    figures_end = end
    end = scale.end() if scale else end
    before = _CURRENCY_BEFORE.search(text[max(0, start - _LONGEST_SYMBOL) : start])
    after = _CURRENCY_AFTER.match(text, end)
    unit = None
    if before:
        start -= len(before[0])
    if after:
        end = after.end()
    if not (before or after):
        found = _UNIT.match(text, figures_end)
        if found and found.lastindex is not None:
            unit, scale, end = _UNIT_NAMES[found.lastindex - 1], None, found.end()
    return _Number(
        start, end, written, scale and (scale["word"] or scale["sign"]), bool(before or after), unit
    )


def _reading(number: _Number, kind: ValueKind, family: str | None) -> Reading:
    values = _values(number)
    exact = {f"{family} {value:f}" for value in values} if family else set()
    bare = {f"number {value:f}" for value in values}
    telling = {f"number {value:f}" for value in values if _is_telling(value)}
    return Reading(
        number.start, number.end, kind, frozenset(exact | telling), frozenset(exact | bare)
    )


def _marked(match: re.Match[str], mark: str) -> Reading:
    marks = frozenset({mark})
    return Reading(match.start(), match.end(), "QUANTITY", marks, marks)


def _values(number: _Number) -> frozenset[Decimal]:
    """What a written number can mean; a separator before three digits can be either."""
    digits = re.sub(r"[^\d.,]", "", number.written)
    whole = Decimal(re.sub(r"\D", "", digits))
    last = max(digits.rfind("."), digits.rfind(","))
    readings = {whole}
    if last >= 0 and digits.count(digits[last]) == 1:
        decimals = len(digits) - last - 1
        fraction = whole.scaleb(-decimals)
        grouped = decimals == 3 and not digits.startswith("0") and not number.scale
        readings = {fraction} if not grouped else {whole, fraction}
        if grouped and (number.currency or len(set(digits) & {".", ","}) > 1):
            readings = {whole}
    factor = _SCALES[number.scale.lower()] if number.scale else 0
    return frozenset(value.scaleb(factor).normalize() for value in readings)


def _is_telling(value: Decimal) -> bool:
    """Whether a bare number can stand for a private amount: not round, not a year."""
    significant = f"{value:f}".replace(".", "").strip("0")
    if value in _COMMON_NUMBERS or (value == value.to_integral_value() and 1900 <= value < 2100):
        return False
    if len(significant) >= 3:
        return True
    if value >= 10_000:
        return significant != "1"
    return value >= 1000 and len(significant) == 2 and significant[1] != "5"


def _is_round(values: frozenset[Decimal], unit: str) -> bool:
    if unit in _DURATIONS:
        return bool(values & _ROUND_DURATIONS)
    return unit == "%" and any(value % 5 == 0 for value in values)
