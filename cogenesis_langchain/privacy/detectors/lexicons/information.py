"""The information that a word carries: its surprisal beyond that of an everyday word.

Frequencies come from wordfreq. A word of an instruction ("write", "shorter", "letter") and an
everyday word of any language carry none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import INSTRUCTION_WORDS
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf, zipf_of_parts

_EVERYDAY_BITS: Final = 11.0
_BITS_PER_ZIPF: Final = math.log2(10)
_BILLION: Final = 9.0  # Zipf frequencies count occurrences in a billion words
_UNKNOWN: Final = 2.5  # Zipf frequency of a word in no list
_EVERYDAY_CENTIBELS: Final = 450  # words used more than once in some 30,000 words
_FUNCTION_CENTIBELS: Final = 230  # words used more than once in two hundred words
_LONGEST_ENDING: Final = 4
_SHORTEST_STEM: Final = 4
_KEPT_WORDS: Final = 50_000


@lru_cache(_KEPT_WORDS)
def information(word: str) -> float:
    """Return the information of a word in bits.

    Args:
        word: One word in lower case.

    Returns:
        0 for an everyday word or a word of instructions; about 5 for a word used once in a hundred
        thousand, 8 for one in a million; 10.6 for a word in no list. A compound has that of its
        rarer part.
    """
    frequency = 0.0
    for form in _forms(word):
        if form in INSTRUCTION_WORDS:
            return 0.0
        frequency = max(frequency, zipf(form, *LANGUAGES))
    if word in function_words():
        return 0.0
    if not frequency and word in _everyday_words_of_other_languages():
        return 0.0
    frequency = frequency or zipf_of_parts(word)
    bits = (_BILLION - (frequency or _UNKNOWN)) * _BITS_PER_ZIPF
    return max(0.0, bits - _EVERYDAY_BITS)


def _forms(word: str) -> Iterator[str]:
    """Yield a word and what may be its stem: "friendlier" gives "friendly"."""
    yield word
    for length in range(max(_SHORTEST_STEM, len(word) - _LONGEST_ENDING), len(word)):
        yield from (word[:length] + ending for ending in ("", "y", "e"))


@cache
def function_words() -> frozenset[str]:
    """Return the words that make up more than a two hundredth of some language: "the", "een"."""
    frequent = _frequent_words().values()
    return frozenset(chain.from_iterable(chain(*words[:_FUNCTION_CENTIBELS]) for words in frequent))


@cache
def _everyday_words_of_other_languages() -> frozenset[str]:
    others = (words for language, words in _frequent_words().items() if language not in LANGUAGES)
    return frozenset(chain.from_iterable(chain(*words) for words in others))


@cache
def _frequent_words() -> Mapping[str, Sequence[Sequence[str]]]:
    """Return the everyday words of each language of wordfreq: those of each centibel in turn."""
    from wordfreq import available_languages, read_cBpack

    return {
        language: read_cBpack(path)[:_EVERYDAY_CENTIBELS]
        for language, path in available_languages("small").items()
    }
