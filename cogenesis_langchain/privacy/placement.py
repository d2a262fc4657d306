"""Whether a folded match is a real one: where it stands in the original text decides."""

from __future__ import annotations

import unicodedata
from typing import Final

from cogenesis_langchain.privacy.folding import Folded, fold_with_origin, is_invisible

# Plural and possessive endings that may follow a value without a break.
_ENDINGS: Final = ("s", "es")
_LONG_ENOUGH_TO_BREAK: Final = 5
# Scripts written without spaces, or with particles attached to the word.
_ATTACHING_SCRIPTS: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "ARABIC", "HEBREW")


def place(folded: Folded, start: int, end: int, shown: str) -> tuple[int, int] | None:
    """Map a match back to the original text, if it is one.

    Args:
        folded: The text that was searched.
        start: First folded character of the match.
        end: One past its last folded character.
        shown: The string that was looked for, as it was written before folding.

    Returns:
        Start and end in the original text, accents and joiners at the end included; None where the
        match begins or ends inside a word, or was pieced together from unrelated words.
    """
    text = folded.original
    first, last = folded.origin[start], folded.origin[end - 1]
    if start and folded.origin[start - 1] == first:
        return None  # begins in the middle of a ligature
    after = last + 1
    while after < len(text) and is_invisible(text[after]):
        after += 1
    if not _starts_word(text, first) or not _ends_word(text, last, after):
        return None
    if after - first != end - start and not _gaps_fit(folded, start, end, shown):
        return None
    return first, after


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


def _ends_word(text: str, last: int, after: int) -> bool:
    if after >= len(text) or not _joined(text[last], text[after]):
        return True
    for ending in _ENDINGS:
        stop = after + len(ending)
        if text[after:stop].lower() == ending:
            return stop >= len(text) or not _joined(text[stop - 1], text[stop])
    return False


def _gaps_fit(folded: Folded, start: int, end: int, shown: str) -> bool:
    """Whether the breaks inside a match are the value's own, join words, or part every letter."""
    gaps = {
        offset - start: gap for offset in range(start + 1, end) if (gap := _gap(folded, offset))
    }
    if len(gaps) == end - start - 1:
        return True  # s p e l l e d   o u t
    own = _gap_offsets(shown)
    return all(
        offset in own or _gap_joins(folded, start + offset, gap, end - start)
        for offset, gap in gaps.items()
    )


def _gap(folded: Folded, offset: int) -> str:
    """What a reader sees between a folded character and the one before it."""
    between = folded.original[folded.origin[offset - 1] + 1 : folded.origin[offset]]
    return "".join(letter for letter in between if not is_invisible(letter))


def _gap_joins(folded: Folded, offset: int, gap: str, length: int) -> bool:
    """Whether a gap that the value does not have joins rather than separates."""
    left = folded.original[folded.origin[offset - 1]]
    right = folded.original[folded.origin[offset]]
    if left.isdigit() and right.isdigit():
        return len(gap) <= 3
    if "\n" in gap or "\r" in gap:
        return length >= _LONG_ENOUGH_TO_BREAK
    return " " not in gap


def _gap_offsets(shown: str) -> frozenset[int]:
    """Folded offsets before which a value itself has a break."""
    folded = fold_with_origin(shown)
    return frozenset(offset for offset in range(1, len(folded.text)) if _gap(folded, offset))
