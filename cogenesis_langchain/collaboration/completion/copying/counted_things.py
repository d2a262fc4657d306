"""Checks that a number is followed by a thing that it counts in the sources.

A small model copies a number correctly and puts it to another thing: the sources have "31 ewes" and
"6 nights", and it writes "31 nights". So a number keeps its company: the word after it has to stand
near that number in the sources, unless it is a function word such as "of" or "in".
"""

from __future__ import annotations

import re
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.words import zipf

_TOKEN: Final = re.compile(r"\d[\d.,]*\d|\d|[^\W\d_]+")
_COUNT: Final = re.compile(r"\d+(?:[.,]\d+)?")
_YEAR: Final = re.compile(r"(?:1[5-9]|20)\d\d")
_SENTENCE_END: Final = re.compile(r"[.!?;…]\s|[。！？]|\n")
_REACH: Final = 4
"""Words of its sentence on either side of a number that count as near."""
_STEM: Final = 4
"""Words that begin with the same letters count as forms of one word: "night" and "nights"."""
_FUNCTION_WORD: Final = 6.0
"""Zipf frequency (6 is once in a thousand words) from which on a word may follow any number."""
NUMBER_WORDS: Final = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
"""Number words. "One" is as often an article as a number, and "hundreds" stands for "many"."""


class CountedThings:
    """Knows near which words each number of the sources stands.

    Args:
        text: The sources.
        languages: Their languages, for what is a function word.
    """

    def __init__(self, text: str, languages: tuple[str, ...]) -> None:
        self._languages = languages or ("en",)
        self._near: dict[str, set[str]] = {}
        for sentence in _SENTENCE_END.split(text):
            words = [word.casefold() for word in _TOKEN.findall(sentence)]
            for place, word in enumerate(words):
                if (number := _number(word)) is not None:
                    around = words[max(0, place - _REACH) : place + _REACH + 1]
                    self._near.setdefault(number, set()).update(one[:_STEM] for one in around)

    def admits(self, number: str, word: str) -> bool:
        """Whether a word may follow a number.

        Args:
            number: The number, in figures or in words; years and dates count nothing.
            word: The word after it.
        """
        counted = _number(number.casefold())
        if counted is None or counted not in self._near:
            return True
        lower = word.casefold()
        if lower[:_STEM] in self._near[counted]:
            return True
        return zipf(lower, *self._languages) >= _FUNCTION_WORD


def _number(word: str) -> str | None:
    """A number in figures without its separators; None for words, years and dates."""
    if word in NUMBER_WORDS:
        return str(NUMBER_WORDS[word])
    if not _COUNT.fullmatch(word) or _YEAR.fullmatch(word):
        return None
    return re.sub(r"[.,]", "", word)
