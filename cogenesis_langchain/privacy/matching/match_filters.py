"""Whether a normalised match is a real one: where it stands in the original text decides."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import (
    GREETINGS,
    RELATIONS,
    STAY_AT_HOME_VERBS,
    TITLES,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import zipf
from cogenesis_langchain.privacy.matching.normalisation import (
    Normalised,
    is_invisible,
    normalise_with_offsets,
)
from cogenesis_langchain.privacy.matching.surface_forms import MatchRule

# Plural and possessive endings that may follow a value without a break.
_ENDINGS: Final = ("s", "es")
_BEFORE_ES: Final = frozenset("sxzho")
_LONG_ENOUGH_TO_BREAK: Final = 5
# A country code may stand before the digits of a telephone number without a break.
_LONG_NUMBER: Final = 9
_WORD_START: Final = re.compile(r"(?<![A-Za-z])[A-Za-z]|(?<=[a-z])[A-Z]|(?<!\d)\d")
_COMMONEST_PLURAL: Final = 4.2  # zipf; a more common word is a word of its own
# Scripts written without spaces, or with particles attached to the word.
_ATTACHING_SCRIPTS: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "ARABIC", "HEBREW")


class MatchFilter:
    """Where the matches in one normalised text stand in its original.

    Args:
        text: The original text.
        by_look: The way of folding that the matches were found in.
    """

    def __init__(self, text: str, *, by_look: bool) -> None:
        self._folded = normalise_with_offsets(text, by_look=by_look)
        self._starts = (
            frozenset(match.start() for match in _WORD_START.finditer(text))
            if text.isascii()
            else None
        )

    def may_start(self, start: int) -> bool:
        """Whether a match can begin at a normalised character.

        A quick look: most matches in plain text begin inside a word, or inside a number.
        """
        first = self._folded.origin[start]
        if self._starts is None or first in self._starts:
            return True
        return self._folded.original[first].isdigit()

    def place(self, start: int, end: int, shown: str) -> tuple[int, int] | None:
        """Map a match back to the original text, if it is one.

        Args:
            start: First normalised character of the match.
            end: One past its last normalised character.
            shown: The string that was looked for, as it was written before folding.

        Returns:
            Start and end in the original text, accents and joiners at the end included; None where
            the match begins or ends inside a word, or was pieced together from unrelated words.
        """
        normalised, text = self._folded, self._folded.original
        first = normalised.origin[start]
        long_number = end - start >= _LONG_NUMBER and normalised.text[start:end].isdigit()
        if start and normalised.origin[start - 1] == first:
            return None  # begins in the middle of a ligature
        last = normalised.origin[end - 1]
        after = last + 1
        while after < len(text) and is_invisible(text[after]):
            after += 1
        if not (long_number or _starts_word(text, first)):
            return None
        if not _ends_word(text, first, last, after):
            return None
        if after - first != end - start and not _gaps_fit(normalised, start, end, shown):
            return None
        return first, after


def rule_holds(rule: MatchRule, text: str, start: int, end: int) -> bool:
    """Whether a match is written as the rule of its key asks.

    Args:
        rule: The rule.
        text: The original text.
        start: Start of the match in it.
        end: One past its end.

    Returns:
        For `CAPITALISED`: a capital inside a sentence, or at its start with a title, a possessive
        or a verb that only a person goes with. For `PERSON` the same, except where a month or a
        season would stand ("in May", "May 5").
    """
    if rule is MatchRule.ANYWHERE:
        return True
    if not text[start].isupper():
        return False
    before = _LAST_WORD.search(text, max(0, start - _REACH), start)
    word_before = before[1].casefold() if before else ""
    if word_before in _INTRODUCTIONS or _POSSESSIVE.match(text, end):
        return True
    after = _NEXT_WORD.match(text, end)
    if after is not None and after[1].casefold() in STAY_AT_HOME_VERBS:
        return True
    if _OPENS.search(text, max(0, start - _REACH), start):
        return not text[:start].strip() and not text[end:].strip(_CLOSING_MARKS)  # all there is
    if rule is MatchRule.CAPITALISED:
        return True
    return word_before not in _BEFORE_A_MONTH and _DAY.match(text, end) is None


_REACH: Final = 24
_CLOSING_MARKS: Final = " \t\r\n.!?"
_INTRODUCTIONS: Final = TITLES | GREETINGS | RELATIONS
_LAST_WORD: Final = re.compile(r"([^\W\d_]+)\.?,?\s+\Z")
_NEXT_WORD: Final = re.compile(r"\s+([^\W\d_]+)")
_OPENS: Final = re.compile(r"(?:\A|[.!?:;\n•*—–])[\s\"“„'‘(]*\Z")
_BEFORE_A_MONTH: Final = frozenset({
    "in", "of", "by", "since", "until", "till", "from", "to", "before", "after", "during", "last",
    "next", "this", "early", "late", "mid", "every", "each", "through", "throughout", "and",
})  # fmt: skip
_DAY: Final = re.compile(r"\s+(?:the\s+)?\d")
_POSSESSIVE: Final = re.compile(r"['’]s\b")


def _joined(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word."""
    if left.isdigit() or right.isdigit():
        return left.isdigit() and right.isdigit()
    if not (left.isalpha() and right.isalpha()):
        return False
    if left.islower() and right.isupper():
        return False
    return not (_attaches(left) or _attaches(right))


def _attaches(letter: str) -> bool:
    return not letter.isascii() and unicodedata.name(letter, "").startswith(_ATTACHING_SCRIPTS)


def _starts_word(text: str, first: int) -> bool:
    before = first - 1
    while before >= 0 and is_invisible(text[before]):
        before -= 1
    return before < 0 or not _joined(text[before], text[first])


def _ends_word(text: str, first: int, last: int, after: int) -> bool:
    """Whether a match ends with its word, a plural or possessive ending aside.

    "Kellers" holds "Keller", but "this" does not hold "Thi".
    """
    if after >= len(text) or not _joined(text[last], text[after]):
        return True
    for ending in _ENDINGS:
        stop = after + len(ending)
        if ending == "es" and text[last].lower() not in _BEFORE_ES:
            continue
        if text[after:stop].lower() == ending:
            ends = stop >= len(text) or not _joined(text[stop - 1], text[stop])
            return ends and zipf(text[first:stop], "en") < _COMMONEST_PLURAL
    return False


def _gaps_fit(normalised: Normalised, start: int, end: int, shown: str) -> bool:
    """Whether the breaks inside a match are the value's own, join words, or part every letter."""
    gaps = {
        offset - start: gap for offset in range(start + 1, end) if (gap := _gap(normalised, offset))
    }
    if len(gaps) == end - start - 1:
        return True  # s p e l l e d   o u t
    own = _gap_offsets(shown)
    return all(
        offset in own or _gap_joins(normalised, start + offset, gap, end - start)
        for offset, gap in gaps.items()
    )


def _gap(normalised: Normalised, offset: int) -> str:
    """What a reader sees between a normalised character and the one before it."""
    between = normalised.original[normalised.origin[offset - 1] + 1 : normalised.origin[offset]]
    return "".join(letter for letter in between if not is_invisible(letter))


def _gap_joins(normalised: Normalised, offset: int, gap: str, length: int) -> bool:
    """Whether a gap that the value does not have joins rather than separates."""
    left = normalised.original[normalised.origin[offset - 1]]
    right = normalised.original[normalised.origin[offset]]
    if left.isdigit() and right.isdigit():
        return len(gap) <= 3
    if "\n" in gap or "\r" in gap:
        return length >= _LONG_ENOUGH_TO_BREAK
    return " " not in gap


def _gap_offsets(shown: str) -> frozenset[int]:
    """Normalised offsets before which a value itself has a break."""
    normalised = normalise_with_offsets(shown)
    return frozenset(
        offset for offset in range(1, len(normalised.text)) if _gap(normalised, offset)
    )
