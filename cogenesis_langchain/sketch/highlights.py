"""Which of the notes the task is about.

A small local model copies what stands beside its task and overlooks what stands further up among
many notes ("lost in the middle", arXiv 2307.03172). So the lines that share telling words with the
task are shown to it once more, beside the task.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cogenesis_langchain.terms import is_telling, terms

MOST: Final = 6
_EVERYDAY_ZIPF: Final = 5.0
"""Words that are used a hundred times in a million, some 1,100 of them in English, say nothing of
what a line is about."""
_STEM: Final = 5
"""Words that begin with the same letters count as forms of one word."""
_LONG_LINE: Final = 40
"""Words; a longer line is taken apart into its sentences."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")


def highlights(notes: Sequence[str], task: str, most: int = MOST) -> list[str]:
    """Choose the lines of the notes that share most telling words with a task.

    Args:
        notes: Texts of the private context.
        task: What is to be written, with its private details.
        most: So many lines at most.

    Returns:
        The lines in the order of the notes; fewer where others share nothing with the task, none
        where the notes are so few that all of them stand beside the task anyway.
    """
    lines = list(dict.fromkeys(_lines(notes)))
    if len(lines) <= most:
        return []
    stems = [_telling_stems(line) for line in lines]
    frequency = Counter(stem for found in stems for stem in found)
    asked = _telling_stems(task)

    def shared(number: int) -> float:
        """Rare words weigh more: their inverse document frequency, over lines."""
        return sum(math.log(1 + len(lines) / frequency[stem]) for stem in stems[number] & asked)

    ranked = sorted(range(len(lines)), key=shared, reverse=True)
    return [lines[number] for number in sorted(ranked[:most]) if stems[number] & asked]


def _lines(notes: Sequence[str]) -> Iterator[str]:
    for line in "\n".join(notes).splitlines():
        parts = _SENTENCE_END.split(line) if len(line.split()) > _LONG_LINE else [line]
        yield from (part.strip() for part in parts if part.strip())


def _telling_stems(text: str) -> frozenset[str]:
    return frozenset(term[:_STEM] for term in terms(text) if is_telling(term, _EVERYDAY_ZIPF))
