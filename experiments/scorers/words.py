"""Words and sentences of a text, for everything here that counts them."""

from __future__ import annotations

import re
from typing import Final

from nltk.stem.porter import PorterStemmer

from cogenesis_langchain.privacy.detectors.lexicons.words import zipf

_WORD: Final = re.compile(r"[^\W_]+(?:['’\-.,][^\W_]+)*")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
_EVERYWHERE: Final = 5.9  # zipf; "about", "where", "first"
_STEMMER: Final = PorterStemmer()


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
    return frozenset(
        _STEMMER.stem(word.lower()) for word in words(text) if zipf(word, "en") < _EVERYWHERE
    )


def stems(text: str) -> frozenset[str]:
    """Stems of all words."""
    return frozenset(_STEMMER.stem(word.lower()) for word in words(text))
