"""Proper nouns that belong to everybody: they are never private values by themselves."""

from __future__ import annotations

from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import CALENDAR_NAMES, PUBLIC_NAMES
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, is_known_name

_ENGLISH: Final = "en"


@cache
def _countries() -> frozenset[str]:
    """Names of countries, lower case: in English, and in other languages if nobody's name."""
    from babel import Locale

    return frozenset(
        name.casefold()
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if code.isalpha() and (language == _ENGLISH or not is_known_name(name))
    )


def is_public(word: str) -> bool:
    """Whether a word names a month, a language, a country, a holiday or a well-known product."""
    lower = word.casefold().rstrip(".")
    return lower in PUBLIC_NAMES or lower in CALENDAR_NAMES or lower in _countries()
