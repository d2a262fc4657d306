"""Reading a judge's rating or verdict out of its answer.

A judge is asked to explain itself and to end with its rating in double brackets, ``[[7]]``. Models
embroider on that. What is meant without doubt is read; anything else is no rating, so that the
judge is asked again: a wrong rating that is read costs more than one more question.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

LOWEST: Final = 1
HIGHEST: Final = 10

Preference = Literal["A", "B", "tie"]
"""Which of two texts a judge prefers, by the letter under which it was shown."""

_WORDS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_BRACKETS: Final = str.maketrans("⟦⟧〚〛【】「」", "[][][][]")
"""Brackets that stand for square ones; full-width ones are folded by NFKC."""

_LOOSE: Final = re.compile(r"(?<=[\[\]])\s+(?=[\[\]])")
_MARKUP: Final = re.compile(r"[\\*`_\"“”]")
_DOUBLE: Final = re.compile(r"\[\[([^\[\]]{1,60})\]\]")
_RATING: Final = re.compile(
    rf"""\s*(?:(?:(?:my|the|final|overall)\s+)*(?:rating|score|grade)\s*(?:is|of)?\s*[:=]?\s*)?
    (?:(?P<figures>[+-]?\d{{1,3}}(?:[.,]\d{{1,2}})?)|(?P<word>{"|".join(_WORDS)}))
    (?:\s*(?:/|out\s+of)\s*(?P<scale>\d{{1,3}}|ten))?\s*\.?\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_VERDICT: Final = re.compile(
    r"\s*(?:(?:verdict|winner|preference)\s*[:=]\s*)?(?:(?:text|version|answer)\s+)?(a|b|tie)\s*\.?\s*",
    re.IGNORECASE,
)


def parse_rating(answer: str) -> float | None:
    """Read the rating of an answer.

    The last double brackets that hold a number decide, since a judge that weighs aloud ends with
    its conclusion. Inside them a label ("Rating: 8"), a scale of ten ("8/10"), emphasis, a number
    in words and a decimal comma are understood. No rating are: numbers outside of double brackets,
    a last number beyond 1 to 10, ranges ("7-8"), other scales ("4/5").

    Args:
        answer: The judge's whole answer.

    Returns:
        1 to 10; None where no rating can be read.
    """
    found = [match for inside in _insides(answer) if (match := _RATING.fullmatch(inside))]
    if not found:
        return None
    last = found[-1]
    if (last["scale"] or "ten").lower() not in {"ten", str(HIGHEST)}:
        return None
    if last["word"]:
        return float(_WORDS.index(last["word"].lower()) + 1)
    value = float(last["figures"].replace(",", "."))
    return value if LOWEST <= value <= HIGHEST else None


def parse_verdict(answer: str) -> Preference | None:
    """Read which of two texts, A or B, an answer prefers: ``[[A]]``, ``[[B]]`` or ``[[tie]]``.

    Args:
        answer: The judge's whole answer; the last verdict in double brackets decides.

    Returns:
        The preference; None where none can be read.
    """
    found = [match for inside in _insides(answer) if (match := _VERDICT.fullmatch(inside))]
    if not found:
        return None
    verdict = found[-1][1].lower()
    return "tie" if verdict == "tie" else "A" if verdict == "a" else "B"


def _insides(answer: str) -> list[str]:
    """What stands in double brackets, in order, without emphasis and escapes."""
    plain = unicodedata.normalize("NFKC", answer).translate(_BRACKETS)
    return _DOUBLE.findall(_LOOSE.sub("", _MARKUP.sub("", plain)))
