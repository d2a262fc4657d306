"""Words that are private by themselves, because the private context brought them about.

The gain of a token is what the context adds to its log-probability (`cogenesis_langchain.fusion.
influence`). The gains of a word's tokens are added up, so that a word counts as a whole however a
tokenizer cuts it. What a space or a line break gains belongs to the word that it introduces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import regex

# Scripts without spaces: there each token is a word. Vowel signs belong to the token before them.
_BEGINS: Final = regex.compile(
    r"\s|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}--\p{M}]", regex.V1
)
OPEN_SHARE: Final = 0.1
"""From this share of the limit on, the end of a word is open until the word is complete."""


def begins_word(text: str) -> bool:
    """Whether a token begins a word of its own, and does not go on with the one before it."""
    return bool(_BEGINS.match(text))


@dataclass(frozen=True, slots=True)
class Unit:
    """The shortest run of tokens that are whole characters together.

    Attributes:
        start: Index of its first character in the text.
        end: One past its last character.
        gain: What its tokens gain.
    """

    start: int
    end: int
    gain: float


@dataclass(frozen=True, slots=True)
class Run:
    """A part of the text that stands as one placeholder.

    Attributes:
        start: Index of its first character in the text.
        end: One past its last character.
        continues: Whether the placeholder before it stands for this part too.
    """

    start: int
    end: int
    continues: bool = False


def masked_runs(
    text: str, units: Iterable[Unit], most: float, *, carried: float, in_run: bool
) -> tuple[list[Run], bool]:
    """Find the words that gain more than they may, and join them to runs.

    Args:
        text: The text.
        units: A part of it.
        most: What a word may gain.
        carried: What the word in which the part begins has gained before.
        in_run: Whether a run ends where the part begins.

    Returns:
        The runs, without the space that begins a token before a word, and whether one ends where
        the part ends.
    """
    runs: list[Run] = []
    at_run = in_run
    for word in _words(text, units):
        start, end = word[0].start, word[-1].end
        goes_on = not begins_word(text[start:end])
        gain = sum(unit.gain for unit in word) + (carried if goes_on else 0.0)
        carried = 0.0  # of the first word alone
        if gain <= most and not (goes_on and at_run):
            at_run = False
            continue
        if at_run and runs:
            runs[-1] = Run(runs[-1].start, end, runs[-1].continues)
        else:
            first = text[start : word[0].end]
            space = 0 if at_run or not first.strip() else len(first) - len(first.lstrip())
            runs.append(Run(start + space, end, continues=at_run))
        at_run = True
    return runs, at_run


def without(runs: Iterable[Run], taken: Sequence[tuple[int, int]]) -> list[Run]:
    """Leave out of runs what is masked anyway.

    Args:
        runs: The runs.
        taken: Ordered and disjoint parts of the text: start and end.
    """
    left: list[Run] = []
    for run in runs:
        start = run.start
        for first, last in [*taken, (run.end, run.end)]:
            if start < min(first, run.end):
                left.append(Run(start, min(first, run.end), run.continues and start == run.start))
            start = max(start, last)
    return left


def _words(text: str, units: Iterable[Unit]) -> list[list[Unit]]:
    words: list[list[Unit]] = []
    for unit in units:
        if words and not begins_word(text[unit.start : unit.end]):
            words[-1].append(unit)
        else:
            words.append([unit])
    return words
