"""Names of months in 26 languages, from the Unicode locale data in Babel."""

from __future__ import annotations

from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES

# Only full names: abbreviations in these languages are words of other languages ("pro", "set").
_OTHER_LANGUAGES: Final = (
    "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk", "hu", "ro", "tr",
    "ru", "uk", "el", "hr", "sl", "lt", "lv", "et", "id",
)  # fmt: skip
_REGIONS: Final = ("de_AT",)
_USED_IN_ENGLISH: Final = {"sept": 9}


@cache
def month_numbers() -> dict[str, frozenset[int]]:
    """Map lower-case names and abbreviations (without a full stop) to the months they can mean."""
    from babel.dates import get_month_names

    found: dict[str, set[int]] = {name: {month} for name, month in _USED_IN_ENGLISH.items()}
    for language in (*LANGUAGES, *_REGIONS, *_OTHER_LANGUAGES):
        for width in ("wide", "abbreviated") if language in LANGUAGES else ("wide",):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    found.setdefault(name.lower().rstrip("."), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items() if name.isalpha()}
