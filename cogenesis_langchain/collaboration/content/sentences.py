"""Splits texts into sentences; a title, an initial or another short abbreviation ends none."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import regex

TITLE: Final = r"\b(?:Mr|Mrs|Ms|Dr|Prof)"
"""Pattern of titles that a name has to follow."""
ABBREVIATION: Final = (
    rf"(?:{TITLE}|\b(?:St|No|Nr|Str|Tel|Hr|Fr|Mme|Art|ca|approx|vs|bzw|pp|e\.g|i\.e|"
    r"Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec|[A-Z]))"
)
"""Pattern of words that a point belongs to: "Dr. Obi", "J. Lund"."""
SENTENCE_END: Final = regex.compile(rf"(?<=[.!?…])(?<!{ABBREVIATION}\.)\s+|\n+|(?<=[。！？])")


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, each with the white space after it."""
    ends = [found.end() for found in SENTENCE_END.finditer(text)]
    pieces = (text[start:end] for start, end in pairwise([0, *ends, len(text)]))
    return [piece for piece in pieces if piece.strip()]
