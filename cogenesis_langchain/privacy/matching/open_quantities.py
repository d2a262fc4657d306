"""Tells whether a date, a time or a number at the end of a text may still go on.

"14" may become "14 March 2026", and "March" may become "March 14". Such an expression ends with the
first whole word that can be no part of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.months import month_numbers
from cogenesis_langchain.privacy.detectors.quantities.dates import ORDINALS
from cogenesis_langchain.privacy.detectors.quantities.number_words import NUMBER_WORDS
from cogenesis_langchain.privacy.detectors.quantities.numbers import SCALES
from cogenesis_langchain.privacy.matching.normalisation import cleaned_texts

_ITEM: Final = re.compile(r"\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PART: Final = re.compile(r"[^\W\d_]+")
_JOINERS: Final = "'’-"
_SHORTEST_BEGINNING: Final = 3
"""Letters after which an unfinished word may be the beginning of a number word or a month."""
_TIMES: Final = ("half", "quarter")
# Words inside and after dates, times, sums and measures, as the parsers of this library know them.
_INNER: Final = frozenset({
    "a", "al", "alt", "am", "an", "and", "ans", "at", "au", "beats", "bis", "by", "cent",
    "clock", "cubic", "day", "days", "de", "degrees", "del", "den", "do", "e", "et", "evening",
    "feet", "foot", "ft", "hour", "hrs", "im", "in", "jahre", "lb", "lbs", "morning", "night",
    "of", "old", "par", "past", "per", "pm", "point", "por", "pounds", "pour", "pro", "sq",
    "square", "st", "stone", "the", "till", "to", "uhr", "und", "until", "uur", "year", "years",
})  # fmt: skip


def may_go_on(text: str, since: int) -> bool:
    """Return whether the end of a text is, or may become, a part of a date or a number.

    Args:
        text: The text so far.
        since: Index from which to look; no expression was unfinished there.
    """
    start = since
    while start and (text[start - 1].isalpha() or text[start - 1] in _JOINERS):
        start -= 1
    return any(_is_open(cleaned) for cleaned, _ in cleaned_texts(text[start:]))


def _is_open(text: str) -> bool:
    is_open = False
    for item in _ITEM.finditer(text):
        word = item[0].casefold()
        parts = _PART.findall(word)
        if not parts or any(part in _starters() for part in parts):
            is_open = True
        elif item.end() == len(text) or text[item.end()] in _JOINERS:
            is_open = is_open or _begins_starter(word)
        elif not all(part in _INNER or part in SCALES or len(part) == 1 for part in parts):
            is_open = False
    return is_open


def _begins_starter(word: str) -> bool:
    words = _sorted_starters()
    index = bisect_left(words, word)
    return len(word) >= _SHORTEST_BEGINNING and index < len(words) and words[index].startswith(word)


@cache
def _starters() -> frozenset[str]:
    """Words with which a date, a time or a number can begin."""
    ordinals = (part for ordinal in ORDINALS for part in ordinal.split("-"))
    return frozenset({*NUMBER_WORDS, *ordinals, *month_numbers(), *_TIMES})


@cache
def _sorted_starters() -> Sequence[str]:
    return sorted(_starters())
