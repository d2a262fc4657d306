"""Words and sentences of a text, for everything here that counts them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import MissingDependency
from cogenesis_langchain.privacy.detectors.lexicons.words import zipf

if TYPE_CHECKING:
    from nltk.stem.porter import PorterStemmer

_WORD: Final = re.compile(r"[^\W_]+(?:['’\-.,][^\W_]+)*")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
_EVERYWHERE: Final = 5.9  # zipf; "about", "where", "first"


def words(text: str) -> list[str]:
    """The words and numbers of a text; "don't", "on-call" and "3,480" are one each."""
    return _WORD.findall(text)


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence; a line break ends one as a full stop does."""
    parts = (words(part) for part in _SENTENCE_END.split(text))
    return [part for part in parts if part]


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry a meaning of their own, by Porter's algorithm.

    Left out is what English uses more than 800 times in a million words (zipf frequency 5.9).
    """
    stemmer = _stemmer()
    return frozenset(
        stemmer.stem(word.lower()) for word in words(text) if zipf(word, "en") < _EVERYWHERE
    )


def stems(text: str) -> frozenset[str]:
    """Stems of all words."""
    stemmer = _stemmer()
    return frozenset(stemmer.stem(word.lower()) for word in words(text))


@cache
def _stemmer() -> PorterStemmer:
    try:
        from nltk.stem.porter import PorterStemmer
    except ImportError:
        raise MissingDependency("nltk", extra="evaluation") from None
    return PorterStemmer()
