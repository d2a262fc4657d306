"""Filters for matches: reject a match in the normalised text that is none in the original text.

Normalised text has no spaces, so that "as a rule" contains the name Asa. A match counts only if it
begins and ends at a word boundary of the original text, and if the gaps inside it fit the value.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import (
    GREETINGS,
    RELATIONS,
    TITLES,
    VERBS_AFTER_NAMES,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import zipf
from cogenesis_langchain.privacy.matching.normalisation import (
    Normalised,
    is_invisible,
    normalise_with_offsets,
)

# Plural and possessive endings that may follow a value: "Kellers".
_ENDINGS: Final = ("s", "es")
_BEFORE_ES: Final = frozenset("sxzho")
_MIN_LENGTH_OVER_LINES: Final = 5  # a shorter match over two lines is chance
LONG_NUMBER: Final = 9
"""Digits of a number that may follow others directly, as after a country code: "+447911123456"."""
_WORD_START: Final = re.compile(r"(?<![A-Za-z])[A-Za-z]|(?<=[a-z])[A-Z]|(?<!\d)\d")
_MAX_PLURAL_ZIPF: Final = 4.2  # "Grants" may be the name Grant; "this" is not the name Thi
# Scripts without spaces between words, or with particles attached to a word.
_ATTACHING_SCRIPTS: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "ARABIC", "HEBREW")


class MatchRule(enum.Enum):
    """Where a surface form counts as a match: see `rule_holds`."""

    ANYWHERE = enum.auto()
    CAPITALISED = enum.auto()
    """For an everyday word: only with a capital that is not due to the start of a sentence."""
    PERSON = enum.auto()
    """For a word that always has a capital, such as a month: only where a person is meant."""


class MatchFilter:
    """Maps matches in a normalised text to its original, and rejects those that are none there.

    Args:
        text: The original text.
        by_shape: The normalisation in which the matches were found: see `normalisations`.
    """

    def __init__(self, text: str, *, by_shape: bool) -> None:
        self._normalised = normalise_with_offsets(text, by_shape=by_shape)
        self._starts = (
            frozenset(match.start() for match in _WORD_START.finditer(text))
            if text.isascii()
            else None
        )

    def may_start(self, start: int) -> bool:
        """Return whether a match can begin at a character of the normalised text.

        This cheap test comes first, because most matches begin inside a word or a number.
        """
        first = self._normalised.origin[start]
        if self._starts is None or first in self._starts:
            return True
        return self._normalised.original[first].isdigit()

    def locate(self, start: int, end: int, spelling: str) -> tuple[int, int] | None:
        """Map a match to the original text.

        Args:
            start: Index of its first character in the normalised text.
            end: One past its last character there.
            spelling: The string searched for, as written before normalisation.

        Returns:
            Start and end in the original text, with accents and joiners at the end. None if the
            match begins or ends inside a word, or combines parts of unrelated words.
        """
        normalised, text = self._normalised, self._normalised.original
        first = normalised.origin[start]
        long_number = end - start >= LONG_NUMBER and normalised.text[start:end].isdigit()
        if start and normalised.origin[start - 1] == first:
            return None  # the match begins in the middle of a ligature
        last = normalised.origin[end - 1]
        after = last + 1
        while after < len(text) and is_invisible(text[after]):
            after += 1
        if not (long_number or starts_word(text, first)):
            return None
        if not _ends_word(text, first, last, after):
            return None
        if after - first != end - start and not _gaps_fit(normalised, start, end, spelling):
            return None
        return first, after


def rule_holds(rule: MatchRule, text: str, start: int, end: int) -> bool:
    """Return whether a match satisfies the rule of its surface form.

    Args:
        rule: The rule.
        text: The original text.
        start: Start of the match.
        end: One past its end.

    Returns:
        For `ANYWHERE`: True. For `CAPITALISED`: whether the match has a capital inside a sentence,
        or at its start together with a title, a possessive or a verb that follows names. For
        `PERSON`: the same, except in the position of a month or a season ("in May", "May 5").
    """
    if rule is MatchRule.ANYWHERE:
        return True
    if not text[start].isupper():
        return False
    before = _LAST_WORD.search(text, max(0, start - _CONTEXT_LENGTH), start)
    word_before = before[1].casefold() if before else ""
    if word_before in _INTRODUCTIONS or _POSSESSIVE.match(text, end):
        return True
    after = _NEXT_WORD.match(text, end)
    if after is not None and after[1].casefold() in VERBS_AFTER_NAMES:
        return True
    if _SENTENCE_START.search(text, max(0, start - _CONTEXT_LENGTH), start):
        # A capital at the start of a sentence says nothing, unless the match is the whole text.
        return not text[:start].strip() and not text[end:].strip(_CLOSING_MARKS)
    if rule is MatchRule.CAPITALISED:
        return True
    return word_before not in _BEFORE_A_MONTH and _DAY.match(text, end) is None


_CONTEXT_LENGTH: Final = 24  # characters before a match that are looked at
_CLOSING_MARKS: Final = " \t\r\n.!?"
_INTRODUCTIONS: Final = TITLES | GREETINGS | RELATIONS
_LAST_WORD: Final = re.compile(r"([^\W\d_]+)\.?,?\s+\Z")
_NEXT_WORD: Final = re.compile(r"\s+([^\W\d_]+)")
_SENTENCE_START: Final = re.compile(r"(?:\A|[.!?:;\n•*—–])[\s\"“„'‘(]*\Z")
_BEFORE_A_MONTH: Final = frozenset({
    "in", "of", "by", "since", "until", "till", "from", "to", "before", "after", "during", "last",
    "next", "this", "early", "late", "mid", "every", "each", "through", "throughout", "and",
})  # fmt: skip
_DAY: Final = re.compile(r"\s+(?:the\s+)?\d")
_POSSESSIVE: Final = re.compile(r"['’]s\b")


def _joined(left: str, right: str) -> bool:
    """Return whether two neighbouring characters belong to the same word or number."""
    if left.isdigit() or right.isdigit():
        return left.isdigit() and right.isdigit()
    if not (left.isalpha() and right.isalpha()):
        return False
    if left.islower() and right.isupper():
        return False
    return not (_attaches(left) or _attaches(right))


def _attaches(letter: str) -> bool:
    return not letter.isascii() and unicodedata.name(letter, "").startswith(_ATTACHING_SCRIPTS)


def starts_word(text: str, first: int) -> bool:
    """Return whether a word or a number can begin at a character, by the text before it."""
    before = first - 1
    while before >= 0 and is_invisible(text[before]):
        before -= 1
    return before < 0 or not _joined(text[before], text[first])


def _ends_word(text: str, first: int, last: int, after: int) -> bool:
    """Return whether a match ends at a word boundary, or before a plural or possessive ending.

    "Kellers" contains "Keller", but "this" does not contain "Thi".
    """
    if after >= len(text) or not _joined(text[last], text[after]):
        return True
    for ending in _ENDINGS:
        stop = after + len(ending)
        if ending == "es" and text[last].lower() not in _BEFORE_ES:
            continue
        if text[after:stop].lower() == ending:
            ends = stop >= len(text) or not _joined(text[stop - 1], text[stop])
            return ends and zipf(text[first:stop], "en") < _MAX_PLURAL_ZIPF
    return False


def _gaps_fit(normalised: Normalised, start: int, end: int, spelling: str) -> bool:
    """Return whether the gaps inside a match are acceptable.

    Accepted are gaps that the value has itself, gaps that join (a hyphen, a line break in a long
    value, separators between digits), and a gap after every single letter.
    """
    gaps = {
        offset - start: gap for offset in range(start + 1, end) if (gap := _gap(normalised, offset))
    }
    origin = normalised.origin
    letters = sum(origin[offset] != origin[offset - 1] for offset in range(start + 1, end))
    if len(gaps) == letters:
        return True  # spelled out: "K e l l e r"; a letter such as "ß" is normalised to two
    own = _gap_offsets(spelling)
    return all(
        offset in own or _gap_joins(normalised, start + offset, gap, end - start)
        for offset, gap in gaps.items()
    )


def _gap(normalised: Normalised, offset: int) -> str:
    """Return the visible characters between a normalised character and the one before it."""
    between = normalised.original[normalised.origin[offset - 1] + 1 : normalised.origin[offset]]
    return "".join(letter for letter in between if not is_invisible(letter))


def _gap_joins(normalised: Normalised, offset: int, gap: str, length: int) -> bool:
    """Return whether a gap that is not in the value joins its two sides."""
    left = normalised.original[normalised.origin[offset - 1]]
    right = normalised.original[normalised.origin[offset]]
    if left.isdigit() and right.isdigit():
        return len(gap) <= 3
    if "\n" in gap or "\r" in gap:
        return length >= _MIN_LENGTH_OVER_LINES
    return " " not in gap


def _gap_offsets(spelling: str) -> frozenset[int]:
    """Return the normalised offsets before which a value itself has a gap."""
    normalised = normalise_with_offsets(spelling)
    return frozenset(
        offset for offset in range(1, len(normalised.text)) if _gap(normalised, offset)
    )
