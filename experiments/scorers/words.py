"""Words, sentences and stems of a text, for all metrics that count them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from nltk.stem.porter import PorterStemmer

from cogenesis_langchain.privacy.detectors.lexicons.words import zipf

_WORD: Final = re.compile(r"[^\W_]+(?:['’\-.,][^\W_]+)*")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
_FUNCTION_WORD_ZIPF: Final = 5.9  # 800 in a million words: "about", "where", "first"
_STEMMER: Final = PorterStemmer()


def words(text: str) -> list[str]:
    """The words and numbers of a text; "don't", "on-call" and "3,480" are one each."""
    return _WORD.findall(text)


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence; a line break ends a sentence too."""
    parts = (words(part) for part in _SENTENCE_END.split(text))
    return [part for part in parts if part]


def content_stems(text: str) -> frozenset[str]:
    """Porter stems of the words that are not among the most frequent of English."""
    return _stems(word for word in words(text) if zipf(word, "en") < _FUNCTION_WORD_ZIPF)


def stems(text: str) -> frozenset[str]:
    """Porter stems of all words."""
    return _stems(words(text))


def _stems(found: Iterable[str]) -> frozenset[str]:
    return frozenset(_STEMMER.stem(word.lower()) for word in found)
