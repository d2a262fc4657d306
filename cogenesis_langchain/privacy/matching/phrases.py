"""Finds phrases copied from a private text, by the digests of overlapping windows of words.

A copied phrase is private if its words carry information. "write a short letter to my" carries
none, whatever text it also occurs in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import INSTRUCTION_WORDS
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf
from cogenesis_langchain.privacy.matching.normalisation import normalise

_WORD: Final = re.compile(r"[^\W_]+(?:['’\u00ad\u200b-\u200d\u2060][^\W_]+)*")

# Surprisal in bits: the negative logarithm of a word's share of all words. Only what exceeds the
# surprisal of an everyday word counts as information.
_EVERYDAY_BITS: Final = 11.0
_LEAST_BITS: Final = 2.4
_BITS_PER_ZIPF: Final = math.log2(10)
_BILLION_ZIPF: Final = 9.0
_UNKNOWN_ZIPF: Final = 2.5
_LONGEST_ENDING: Final = 4
_SHORTEST_STEM: Final = 4
_KNOWN_WORDS: Final = 50_000


@lru_cache(_KNOWN_WORDS)
def _information(word: str) -> float:
    """Return the information of a word in bits: 0 for everyday words and words of instructions."""
    frequency = 0.0
    for form in _forms(word):
        if form in INSTRUCTION_WORDS:
            return 0.0
        frequency = max(frequency, zipf(form, *LANGUAGES))
    bits = (_BILLION_ZIPF - (frequency or _UNKNOWN_ZIPF)) * _BITS_PER_ZIPF
    return max(0.0, bits - _EVERYDAY_BITS)


def _forms(word: str) -> Iterator[str]:
    """Yield a word and what may be its stem: "friendlier" gives "friendly"."""
    yield word
    for length in range(max(_SHORTEST_STEM, len(word) - _LONGEST_ENDING), len(word)):
        yield from (word[:length] + ending for ending in ("", "y", "e"))


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the normalised form, start and end of every word."""
    plain = text.lower() if text.isascii() else None
    for match in _WORD.finditer(plain or text):
        word = match[0].replace("'", "") if plain else normalise(match[0])
        yield word, match.start(), match.end()


def _windows(text: str, width: int) -> Iterator[tuple[int, int, int]]:
    """Yield the digest, start and end of every window of `width` consecutive words."""
    words = list(_words(text))
    joined = " ".join(word for word, _, _ in words).encode()
    ends = list(accumulate((len(word.encode()) + 1 for word, _, _ in words), initial=0))
    for first in range(len(words) - width + 1):
        window = joined[ends[first] : ends[first + width] - 1]
        digest = int.from_bytes(blake2b(window, digest_size=8).digest())
        yield digest, words[first][1], words[first + width - 1][2]


def phrase_digests(texts: Iterable[str], width: int) -> frozenset[int]:
    """Return the digests of all windows of words in some texts.

    Args:
        texts: Private texts.
        width: Number of words in a window.

    Returns:
        64-bit digests. For a text of 150 words and a million digests, the probability of a false
        match is about 1e-11.
    """
    return frozenset(digest for text in texts for digest, _, _ in _windows(text, width))


def find_phrases(
    text: str, known: Sequence[Container[int]], width: int
) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each maximal run of known windows that carries information.

    Args:
        text: Any text.
        known: One or more sets of digests from `phrase_digests`.
        width: The width that the digests were made with.
    """
    for start, end in _known_runs(text, known, width):
        if sum(_information(word) for word, _, _ in _words(text[start:end])) >= _LEAST_BITS:
            yield start, end


def _known_runs(
    text: str, known: Sequence[Container[int]], width: int
) -> Iterator[tuple[int, int]]:
    start = end = -1
    for digest, window_start, window_end in _windows(text, width):
        if not any(digest in part for part in known):
            continue
        if window_start < end:
            end = window_end
            continue
        if end >= 0:
            yield start, end
        start, end = window_start, window_end
    if end >= 0:
        yield start, end
