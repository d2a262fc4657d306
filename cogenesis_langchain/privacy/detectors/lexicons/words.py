"""Everyday words and known names: what tells a person from a noun.

Frequencies come from wordfreq, given names from the person lists of Faker (some
80 locales). Both are read at first use, once a process.
"""

from __future__ import annotations

import math
import pkgutil
from functools import cache
from importlib import import_module
from typing import Final, Literal

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import EVERYDAY_NAMES

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt")
"""Languages whose everyday words are known."""

# A vowel of the script stands for it; the languages are those that wordfreq knows well.
_SCRIPT_LANGUAGES: Final = {"иеоа": ("ru", "uk"), "αεο": ("el",)}
_FREQUENT: Final = 1e-3  # share of the words of a language
_RARE: Final = 1e-7  # share of the words of a language
_COMMON_WORD: Final = 4.2  # zipf; a more common word is taken for a word
_SHORTEST_PART: Final = 4  # letters of a word that another one is made of
_FUNCTION_WORD: Final = 5.4  # zipf; no name is as common as that in any language


@cache
def _frequencies(language: str) -> dict[str, float]:
    """Words a language uses at least once in a million, with their share of its text."""
    from wordfreq import get_frequency_dict

    return get_frequency_dict(language, wordlist="small")


@cache
def _rare_frequencies() -> dict[str, float]:
    """English words used at least once in a hundred million."""
    from wordfreq import get_frequency_dict

    return get_frequency_dict("en", wordlist="large")


@cache
def _known_names() -> frozenset[str]:
    """Given names of Faker's locales, lower case."""
    return frozenset(
        name for name in _names_of_people("first") if zipf(name, *LANGUAGES) < _FUNCTION_WORD
    )


@cache
def _known_surnames() -> frozenset[str]:
    """Surnames of Faker's locales, lower case."""
    return _names_of_people("last")


def _names_of_people(which: Literal["first", "last"]) -> frozenset[str]:
    import faker.providers.person as people

    names: set[str] = set()
    for locale in pkgutil.iter_modules(people.__path__):
        if not locale.ispkg:
            continue
        provider = import_module(f"{people.__name__}.{locale.name}").Provider
        for attribute, entries in vars(provider).items():
            if which in attribute and isinstance(entries, tuple | list | dict):
                names.update(str(entry).casefold() for entry in entries)
    return frozenset(name for name in names if name.isalpha())


def is_known_name(word: str) -> bool:
    """Whether a word is a given name somewhere, and not an everyday word too."""
    lower = word.casefold()
    return lower in _known_names() and lower not in EVERYDAY_NAMES


def zipf(word: str, *languages: str) -> float:
    """How common a word is: log10 of its uses in a billion words, 3 and more or 0.

    Args:
        word: One word, in any case.
        languages: Of `LANGUAGES`; the highest of them counts.
    """
    lower = word.lower()
    share = max(_frequencies(language).get(lower, 0.0) for language in languages)
    return math.log10(share) + 9 if share else 0.0


def is_everyday(word: str, *languages: str) -> bool:
    """Whether a word is an everyday word of one of the languages (English if none is named)."""
    lower = word.lower()
    if lower in EVERYDAY_NAMES:
        return True
    return bool(zipf(lower, *(languages or ("en",)))) and not is_known_name(lower)


def is_surname(word: str) -> bool:
    """Whether a word is a surname somewhere, and hardly used as anything else."""
    lower = word.casefold()
    return (
        lower in _known_surnames()
        and lower not in EVERYDAY_NAMES
        and zipf(lower, "en") < _COMMON_WORD
    )


def is_rare(word: str, *languages: str) -> bool:
    """Whether a word is used less than once in ten million words of English and of a language."""
    lower = word.lower()
    return not zipf(lower, *(languages or ("en",))) and _rare_frequencies().get(lower, 0.0) < _RARE


def is_compound(word: str) -> bool:
    """Whether an English word is two everyday words in one, like "deckhands"."""
    return any(
        zipf(word[:cut], "en") and zipf(word[cut:], "en")
        for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    )


def languages_of(text: str) -> tuple[str, ...]:
    """The languages whose everyday words a text can hold: English and its own, if known."""
    scripts = {
        language
        for name, languages in _SCRIPT_LANGUAGES.items()
        if any(letter in text for letter in name)
        for language in languages
    }
    words = text.lower().split()
    scores = {
        language: sum(_frequencies(language).get(word, 0.0) > _FREQUENT for word in words)
        for language in LANGUAGES
    }
    main = max(LANGUAGES, key=lambda language: (scores[language], language == "en"))
    return tuple(dict.fromkeys(("en", main, *sorted(scripts))))
