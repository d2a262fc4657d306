"""Units of measurement, and round durations and percentages that are not private."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_UNITS: Final[dict[str, str]] = {
    "concentration": "(?:mcg|[µμnpmk]?g|[mµμn]?mol|m?u|iu|meq)/(?:[dmµ]?l|mol|kg|min|h|day)",
    "kg": "kg|kilos?|kilograms?|kilogrammes?|кг|公斤",
    "g": "g|grams?|gramm|grammes?",
    "mg": "mg|milligrams?|мг",
    "mcg": "mcg|µg|μg|micrograms?",
    "t": "t|tons?|tonnes?|tonnen?|toneladas?",
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
    "°C": "°\\s?c|degrees celsius",
    "°F": "°\\s?f|degrees fahrenheit",
    "°": "°|degrees?|grad",
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
    "year": "歳|岁|세|살|years? old|year-olds?|years?|yrs?|jahre alt|jahre|ans|años|anni|anos"
    "|y/o|yo|лет",
    "month": "months?|monate?|mois|meses|mesi",
    "week": "weeks?|wochen?|semaines?|semanas?|settimane",
    "day": "days?|tage?|jours?|días?|giorni|dias?",
    "hour": "hours?|hrs?|stunden?|heures?|horas?|ore",
    "minute": "minutes?|mins?|minuten|minutos?|minuti",
}
_DURATIONS: Final = frozenset({"year", "month", "week", "day", "hour", "minute"})
# Round numbers of days, minutes and so on, which instructions often contain.
_ROUND: Final = frozenset(
    map(Decimal, (*range(1, 11), 12, 14, 15, 18, 20, 21, 24, 25, 30, 40, 45, 48, 50, 60, 90, 100))
)
UNIT: Final = re.compile(
    rf"[\s-]?(?:{'|'.join(f'({forms})' for forms in _UNITS.values())})"
    r"(?:(?<=[歳岁세살])|(?![^\W_]))",
    re.IGNORECASE,
)
"""A unit directly after a number. The group that matched identifies it: see `unit_of`."""

_NAMES: Final = tuple(_UNITS)


def unit_of(match: re.Match[str]) -> str:
    """Return the name of the unit that `UNIT` matched; all its spellings have the same name."""
    return _NAMES[(match.lastindex or 1) - 1]


def is_round(values: frozenset[Decimal], unit: str) -> bool:
    """Return whether a duration or a percentage is a round number."""
    if unit in _DURATIONS:
        return bool(values & _ROUND)
    return unit == "%" and any(value % 5 == 0 for value in values)
