"""Word frequencies and known names, to tell a name from a noun.

Frequencies come from wordfreq, names from the person providers of Faker (about 80 locales). Both
are loaded at first use.
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

# A text with one of these vowels is taken to be in these languages.
_SCRIPT_LANGUAGES: Final = {"иеоа": ("ru", "uk"), "αεο": ("el",)}
# Shares of the words of a language.
_FREQUENT: Final = 1e-3
_RARE: Final = 1e-7
# Zipf frequencies, see `zipf`.
_COMMON_WORD: Final = 4.2  # a more common word is no surname
_FUNCTION_WORD: Final = 5.4  # a more common word is no given name
_SHORTEST_PART: Final = 4  # letters of one part of a compound word
_LONGEST_COMPOUND: Final = 40  # letters; a longer run of letters is no word


@cache
def _frequencies(language: str) -> dict[str, float]:
    """Return the words used at least once in a million, with their share of all words."""
    from wordfreq import get_frequency_dict

    return get_frequency_dict(language, wordlist="small")


@cache
def _rare_frequencies() -> dict[str, float]:
    """Return the English words used at least once in a hundred million, with their share."""
    from wordfreq import get_frequency_dict

    return get_frequency_dict("en", wordlist="large")


@cache
def _known_names() -> frozenset[str]:
    """Return the given names of Faker's locales in lower case."""
    return frozenset(
        name for name in _names_of_people("first") if zipf(name, *LANGUAGES) < _FUNCTION_WORD
    )


@cache
def _known_surnames() -> frozenset[str]:
    """Return the surnames of Faker's locales in lower case."""
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
    """Return whether a word is a given name in any locale and not also an everyday word."""
    lower = word.casefold()
    return lower in _known_names() and lower not in EVERYDAY_NAMES


_PHRASAL_NOUNS: Final = frozenset([
    "add-on", "back-up", "break-in", "build-up", "catch-up", "check-in", "check-out",
    "check-up", "clean-up", "close-up", "drive-in", "drop-off", "follow-up", "grown-up",
    "hand-over", "kick-off", "log-in", "make-up", "mix-up", "passer-by", "pick-up", "plug-in",
    "print-out", "round-up", "run-through", "set-up", "sign-in", "sign-off", "sign-up",
    "stand-by", "stand-in", "start-up", "stop-over", "take-off", "trade-off", "turn-out",
    "wake-up", "walk-through", "warm-up", "work-out", "write-up",
])  # fmt: skip
"""The word lists hold their parts only. Given names such as "Da-in" look like them, so they are
listed one by one."""


def zipf(word: str, *languages: str) -> float:
    """Return the Zipf frequency of a word: log10 of its occurrences in a billion words.

    "the" has 7.7, "table" 5.0. Words that occur less than once in a million have 0 instead of a
    value below 3. A phrasal noun ("check-up") has that of its verb.

    Args:
        word: One word, in any case.
        languages: Languages of `LANGUAGES`. The highest of their frequencies is returned.
    """
    lower = word.lower()
    share = max(_frequencies(language).get(lower, 0.0) for language in languages)
    if share:
        return math.log10(share) + 9
    return zipf(lower.partition("-")[0], "en") if lower in _PHRASAL_NOUNS else 0.0


def is_everyday(word: str, *languages: str) -> bool:
    """Return whether a word is an everyday word of one of the languages (default: English)."""
    lower = word.lower()
    if lower in EVERYDAY_NAMES:
        return True
    return bool(zipf(lower, *(languages or ("en",)))) and not is_known_name(lower)


def is_surname_anywhere(word: str) -> bool:
    """Return whether a word is a surname in any locale, common words such as "Cook" included."""
    return word.casefold() in _known_surnames()


def is_surname(word: str) -> bool:
    """Return whether a word is a surname in any locale and not a common English word."""
    lower = word.casefold()
    return (
        is_surname_anywhere(word)
        and lower not in EVERYDAY_NAMES
        and zipf(lower, "en") < _COMMON_WORD
    )


def is_rare(word: str, *languages: str) -> bool:
    """Return whether a word occurs less than once in ten million English words.

    It must also be unknown in the given languages (default: English).
    """
    lower = word.lower()
    return not zipf(lower, *(languages or ("en",))) and _rare_frequencies().get(lower, 0.0) < _RARE


def is_compound(word: str) -> bool:
    """Return whether a word consists of two everyday English words, such as "deckhands"."""
    return zipf_of_parts(word) > 0


def zipf_of_parts(word: str) -> float:
    """Return the Zipf frequency of the rarer part of a compound, and 0 for any other word."""
    if len(word) > _LONGEST_COMPOUND:
        return 0.0
    cuts = range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    return max((min(zipf(word[:cut], "en"), zipf(word[cut:], "en")) for cut in cuts), default=0.0)


def languages_of(text: str) -> tuple[str, ...]:
    """Return the languages whose everyday words a text may contain: English and its own."""
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
