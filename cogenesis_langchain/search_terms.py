"""Search terms: words of a text, normalised so that a query matches all their spellings."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
_GROUPED_NUMBER: Final = re.compile(r"\d+(?:[ .,:/\-]\d+)+")
_HASH_BYTES: Final = 6

EVERYDAY_ZIPF: Final = 3.0
"""Zipf frequency (3 is once in a million words) from which on an English word is an everyday word.
Chosen with ``tests/benchmarks/bench_retrieval.py``."""


def terms(text: str) -> Iterator[str]:
    """Yield the words of a text, without case, accents and compatibility forms.

    A number in groups, such as a telephone number, an amount or a date, is also yielded as one word
    without its separators.
    """
    normalised = _normalise(text)
    yield from _WORD.findall(normalised)
    for number in _GROUPED_NUMBER.findall(normalised):
        yield re.sub(r"\D", "", number)


def is_distinctive(term: str, everyday: float = EVERYDAY_ZIPF) -> bool:
    """Return whether a term is a number, a name or a rare word, so that it should match literally.

    Everyday words of a query are better searched for by meaning, with embeddings.

    Args:
        term: A term that `terms` yielded.
        everyday: Zipf frequency from which on a word is an everyday word.
    """
    from wordfreq import zipf_frequency

    return any(char.isdigit() for char in term) or zipf_frequency(term, "en") < everyday


def term_hasher(key: bytes) -> Callable[[str], str]:
    """Return a function that replaces a word by a short keyed hash.

    An index of hashes can be searched, but does not reveal its words.

    Args:
        key: The secret key. With an empty key, anybody can compute the hash of a guessed word.
    """

    @lru_cache(maxsize=100_000)
    def hashed(term: str) -> str:
        digest = hashlib.blake2b(term.encode(), digest_size=_HASH_BYTES, key=key).digest()
        return base64.b32encode(digest).decode().rstrip("=").lower()

    return hashed


def _normalise(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
