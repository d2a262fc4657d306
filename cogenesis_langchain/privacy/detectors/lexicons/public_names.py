"""Public proper nouns, which are never private by themselves: months, countries, products."""

from __future__ import annotations

from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import CALENDAR_NAMES, PUBLIC_NAMES
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, is_known_name

_ENGLISH: Final = "en"


@cache
def _countries() -> frozenset[str]:
    """Return lower-case names of countries; in other languages only if they are not given names."""
    from babel import Locale

    return frozenset(
        name.casefold()
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if code.isalpha() and (language == _ENGLISH or not is_known_name(name))
    )


def is_public(word: str) -> bool:
    """Return whether a word is a month, language, country, holiday or well-known product."""
    lower = word.casefold().rstrip(".")
    return lower in PUBLIC_NAMES or lower in CALENDAR_NAMES or lower in _countries()
