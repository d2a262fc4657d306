"""Content selection: the details of a request, and the notes that concern it, as a list.

A small local model writes what stands in a list beside its task and overlooks what stands in the
task's sentences or further up among many notes ("lost in the middle", arXiv 2307.03172). So all of
it is shown to the model once more, line by line, before it writes. What that gains:
``docs/results/README.md``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cogenesis_langchain.collaboration.content.sentences import SENTENCE_END
from cogenesis_langchain.search_terms import is_distinctive, terms

MOST_NOTES: Final = 6
_MOST_DETAILS: Final = 12
"""Sentences; what goes on longer is a document to work with, not a list of what is to be said."""
_EVERYDAY_ZIPF: Final = 5.0
"""Words that are used a hundred times in a million, some 1,100 of them in English, say nothing of
what a line is about."""
_STEM: Final = 5
"""Words that begin with the same letters count as forms of one word."""
_LONG_LINE: Final = 40
"""Words; a longer line is taken apart into its sentences."""


def select_content(notes: Sequence[str], task: str, details: Sequence[str] = ()) -> list[str]:
    """List what a text has to say.

    Args:
        notes: Texts of the private context.
        task: What is to be written, with its private details.
        details: Those details by themselves.

    Returns:
        The sentences of the details, unless they are many, and the notes that the task is about.
    """
    told = [
        sentence
        for detail in details
        for line in detail.splitlines()
        for sentence in SENTENCE_END.split(line.strip())
        if sentence
    ]
    return [*(told if len(told) <= _MOST_DETAILS else ()), *notes_about(task, notes)]


def notes_about(task: str, notes: Sequence[str], most: int = MOST_NOTES) -> list[str]:
    """Choose the lines of the notes that share most telling words with a task.

    Args:
        task: What is to be written, with its private details.
        notes: Texts of the private context.
        most: So many lines at most.

    Returns:
        The lines in the order of the notes; fewer where others share nothing with the task. Any
        form of a telling word counts. Of lines that share equally telling words, those with more
        other words in common are chosen.
    """
    lines = list(dict.fromkeys(_lines(notes)))
    words = [_stems(line) for line in lines]
    asked, asked_words = telling_stems(task), _stems(task)
    frequency = Counter(stem for found in words for stem in found)

    def weight(shared: frozenset[str]) -> float:
        """Rare words weigh more: their inverse document frequency, over lines."""
        return sum(math.log(1 + len(lines) / frequency[stem]) for stem in shared)

    def likeness(number: int) -> tuple[float, float]:
        return weight(words[number] & asked), weight(words[number] & asked_words)

    ranked = sorted(range(len(lines)), key=likeness, reverse=True)
    return [lines[number] for number in sorted(ranked[:most]) if words[number] & asked]


def _lines(notes: Sequence[str]) -> Iterator[str]:
    for line in "\n".join(notes).splitlines():
        parts = SENTENCE_END.split(line) if len(line.split()) > _LONG_LINE else [line]
        yield from (part.strip() for part in parts if part.strip())


def telling_stems(text: str) -> frozenset[str]:
    """Beginnings of the words of a text that say what it is about."""
    return frozenset(term[:_STEM] for term in terms(text) if is_distinctive(term, _EVERYDAY_ZIPF))


def _stems(text: str) -> frozenset[str]:
    return frozenset(term[:_STEM] for term in terms(text))
