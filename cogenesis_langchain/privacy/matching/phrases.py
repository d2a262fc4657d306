"""Finds phrases copied from a private text, by the digests of overlapping windows of words.

A copied phrase is private if its words carry information. "write a short letter to my" carries
none, whatever text it also occurs in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from hashlib import blake2b
from itertools import accumulate
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.information import information
from cogenesis_langchain.privacy.matching.normalisation import normalise

_WORD: Final = re.compile(r"[^\W_]+(?:['’\u00ad\u200b-\u200d\u2060][^\W_]+)*")

_LEAST_BITS: Final = 2.4
# A run of two or three words must carry this many bits for each word of the usual width.
_SHORT_BITS: Final = {2: 1.6, 3: 0.9}
# In many texts, a run of words occurs by chance. Each doubling of their number costs one bit.
_FEW_WINDOWS: Final = 50_000
_SENTENCE_END: Final = re.compile(r"[.!?;:\n]")
_WORD_JOINERS: Final = "'’\u00ad\u200b\u200c\u200d\u2060"
_LONGEST_TAIL: Final = 600  # characters of a text in which a copied phrase at its end is looked for


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the normalised form, start and end of every word."""
    plain = text.lower() if text.isascii() else None
    for match in _WORD.finditer(plain or text):
        word = match[0].replace("'", "") if plain else normalise(match[0])
        yield word, match.start(), match.end()


def _windows(text: str, width: int) -> Iterator[tuple[int, int, int, float]]:
    """Yield the digest, start, end and spare bits of every window of words.

    Windows have `width` words, or two or three that carry much information; the spare bits are
    those that they need not have.
    """
    words = list(_words(text))
    joined = " ".join(word for word, _, _ in words).encode()
    ends = list(accumulate((len(word.encode()) + 1 for word, _, _ in words), initial=0))
    bits = list(accumulate((information(word) for word, _, _ in words), initial=0.0))
    for size, least in {**_SHORT_BITS, width: 0.0}.items():
        for first in range(len(words) - size + 1):
            spare = bits[first + size] - bits[first] - least * width
            start, end = words[first][1], words[first + size - 1][2]
            if spare < 0 or (size < width and _SENTENCE_END.search(text, start, end)):
                continue
            window = joined[ends[first] : ends[first + size] - 1]
            yield _digest(window), start, end, math.inf if size == width else spare


def _digest(window: bytes) -> int:
    return int.from_bytes(blake2b(window, digest_size=8).digest())


def phrase_digests(texts: Iterable[str], width: int) -> frozenset[int]:
    """Return the digests of all windows of words in some texts.

    Args:
        texts: Private texts.
        width: Number of words in a window. Two or three words that carry much information are a
            window too.

    Returns:
        64-bit digests. For a text of 150 words and a million digests, the probability of a false
        match is about 1e-11.
    """
    return frozenset(digest for text in texts for digest, *_ in _windows(text, width))


def find_phrases(text: str, known: Sequence[Set[int]], width: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each maximal run of known windows that carries information.

    Args:
        text: Any text.
        known: One or more sets of digests from `phrase_digests`.
        width: The width that the digests were made with.
    """
    for start, end in _known_runs(text, known, width):
        if sum(information(word) for word, _, _ in _words(text[start:end])) >= _LEAST_BITS:
            yield start, end


def last_word_copies(
    text: str, known: Sequence[Set[int]], width: int, longer: Callable[[str], Iterable[str]]
) -> bool:
    """Return whether a copied phrase ends, or may end, with the last word of a text.

    Args:
        text: A text that is being written.
        known: See `find_phrases`.
        width: The width that the digests were made with.
        longer: Returns the words, normalised, that an unfinished one may become.
    """
    tail = text[-_LONGEST_TAIL:]
    words = list(_words(tail))
    if not words:
        return False
    last, start, end = words[-1]
    before = [word for word, _, _ in words[-max(width, *_SHORT_BITS) : -1]]
    finished = bool(tail[end:].strip(_WORD_JOINERS))
    for candidate in (last,) if finished else (last, *longer(last)):
        if _ends_window([*before, candidate], known, width) and any(
            stop == start + len(candidate)
            for _, stop in find_phrases(tail[:start] + candidate, known, width)
        ):
            return True
    return False


def _ends_window(words: Sequence[str], known: Sequence[Set[int]], width: int) -> bool:
    digests = (_digest(" ".join(words[-size:]).encode()) for size in (*_SHORT_BITS, width))
    return any(digest in part for digest in digests for part in known)


def phrase_words(text: str) -> Iterator[str]:
    """Yield the words of a text as they are compared, without case and accents."""
    return (word for word, _, _ in _words(text))


def _known_runs(text: str, known: Sequence[Set[int]], width: int) -> Iterator[tuple[int, int]]:
    chance = math.log2(max(1.0, sum(map(len, known)) / _FEW_WINDOWS))
    found = sorted(
        (start, end)
        for digest, start, end, spare in _windows(text, width)
        if spare >= chance and any(digest in part for part in known)
    )
    start = end = -1
    for window_start, window_end in found:
        if window_start < end:
            end = max(end, window_end)
            continue
        if end >= 0:
            yield start, end
        start, end = window_start, window_end
    if end >= 0:
        yield start, end
