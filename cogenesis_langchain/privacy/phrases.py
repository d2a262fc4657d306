"""Runs of words copied from a private text, found by the digests of overlapping windows."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from hashlib import blake2b
from typing import Final

from cogenesis_langchain.privacy.folding import fold

_WORD: Final = re.compile(r"[^\W_]+(?:['’\u00ad\u200b-\u200d\u2060][^\W_]+)*")


def _windows(text: str, width: int) -> Iterator[tuple[int, int, int]]:
    """Digest, start and end of every run of `width` consecutive words."""
    words = [(fold(match[0]), match.start(), match.end()) for match in _WORD.finditer(text)]
    for first in range(len(words) - width + 1):
        run = words[first : first + width]
        joined = " ".join(word for word, _, _ in run)
        digest = int.from_bytes(blake2b(joined.encode(), digest_size=8).digest())
        yield digest, run[0][1], run[-1][2]


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


def find_phrases(text: str, known: Container[int], width: int) -> Iterator[tuple[int, int]]:
    """Start and end of each maximal run of words in `text` that is made of known windows."""
    start = end = -1
    for digest, window_start, window_end in _windows(text, width):
        if digest not in known:
            continue
        if window_start < end:
            end = window_end
            continue
        if end >= 0:
            yield start, end
        start, end = window_start, window_end
    if end >= 0:
        yield start, end
