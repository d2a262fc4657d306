"""Runs of words copied from a private text, found by the digests of overlapping windows."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Final

from cogenesis_langchain.privacy.matching.normalisation import normalise

_WORD: Final = re.compile(r"[^\W_]+(?:['’\u00ad\u200b-\u200d\u2060][^\W_]+)*")


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Normalised word, start and end of every word."""
    plain = text.lower() if text.isascii() else None
    for match in _WORD.finditer(plain or text):
        word = match[0].replace("'", "") if plain else normalise(match[0])
        yield word, match.start(), match.end()


def _windows(text: str, width: int) -> Iterator[tuple[int, int, int]]:
    """Digest, start and end of every run of `width` consecutive words."""
    words = list(_words(text))
    joined = " ".join(word for word, _, _ in words).encode()
    ends = list(accumulate((len(word.encode()) + 1 for word, _, _ in words), initial=0))
    for first in range(len(words) - width + 1):
        run = joined[ends[first] : ends[first + width] - 1]
        digest = int.from_bytes(blake2b(run, digest_size=8).digest())
        yield digest, words[first][1], words[first + width - 1][2]


def phrase_digests(texts: Iterable[str], width: int) -> frozenset[int]:
    """The digests of every run of words in some texts.

    Args:
        texts: Private texts.
        width: Words in a run.

    Returns:
        64-bit digests. A false match in a text of 150 words against a million runs has a chance
        of about 1e-11.
    """
    return frozenset(digest for text in texts for digest, _, _ in _windows(text, width))


def find_phrases(
    text: str, known: Sequence[Container[int]], width: int
) -> Iterator[tuple[int, int]]:
    """Start and end of each maximal run of words in a text that is made of known windows.

    Args:
        text: Any text.
        known: Digests of `phrase_digests`, in one part or several.
        width: Words in a window, as the digests were made with.
    """
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
