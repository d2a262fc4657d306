"""Words of a text, folded so that a query finds them however they are written."""

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
"""Words that English uses more often (once in a million words) are everyday words. Chosen by
``tests/benchmarks/bench_retrieval.py``."""


def terms(text: str) -> Iterator[str]:
    """Yield the words of a text: no case, no accents, compatibility forms made equal.

    A number written in groups, such as a telephone number, an amount or a date, also counts as one
    word without what separates the groups.
    """
    folded = _fold(text)
    yield from _WORD.findall(folded)
    for number in _GROUPED_NUMBER.findall(folded):
        yield re.sub(r"\D", "", number)


def is_telling(term: str, everyday: float = EVERYDAY_ZIPF) -> bool:
    """Whether a word can only be asked for by itself: a number, a name, a rare word.

    Everyday words of a question are better looked for by meaning.

    Args:
        term: As `terms` gives it.
        everyday: Zipf frequency from which on a word is an everyday word.
    """
    from wordfreq import zipf_frequency

    return any(sign.isdigit() for sign in term) or zipf_frequency(term, "en") < everyday


def term_hasher(key: bytes) -> Callable[[str], str]:
    """Return a function that replaces a word by a short hash, so that no word is kept anywhere.

    Args:
        key: Without it nobody can tell which word a hash stands for, unless it is empty.
    """

    @lru_cache(maxsize=100_000)
    def hashed(term: str) -> str:
        digest = hashlib.blake2b(term.encode(), digest_size=_HASH_BYTES, key=key).digest()
        return base64.b32encode(digest).decode().rstrip("=").lower()

    return hashed


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark))
