"""Names of months in the languages of the Unicode locale data, as Babel keeps them."""

from __future__ import annotations

from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES

# Abbreviations of these are words of others: "pro", "set", "des".
_OTHER_LANGUAGES: Final = (
    "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk", "hu", "ro", "tr",
    "ru", "uk", "el", "hr", "sl", "lt", "lv", "et", "id",
)  # fmt: skip
_REGIONS: Final = ("de_AT",)
_USED_IN_ENGLISH: Final = {"sept": 9}


@cache
def month_numbers() -> dict[str, frozenset[int]]:
    """Which months a lower-case name or abbreviation without its point can mean."""
    from babel.dates import get_month_names

    found: dict[str, set[int]] = {name: {month} for name, month in _USED_IN_ENGLISH.items()}
    for language in (*LANGUAGES, *_REGIONS, *_OTHER_LANGUAGES):
        for width in ("wide", "abbreviated") if language in LANGUAGES else ("wide",):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    found.setdefault(name.lower().rstrip("."), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items() if name.isalpha()}
