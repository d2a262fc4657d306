"""Runs of tokens that are private by themselves, because the private context brought them about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """The shortest run of tokens that are whole characters together.

    Attributes:
        start: Index of its first character in the text.
        end: One past its last character.
        is_marked: Whether one of its tokens is private by itself.
    """

    start: int
    end: int
    is_marked: bool


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


def marked_runs(text: str, units: Iterable[Unit], *, in_run: bool) -> tuple[list[Run], bool]:
    """Join marked units to runs. A run goes on to the end of its word.

    A marked unit without letters and digits, such as a comma, continues a run, but begins none.

    Args:
        text: The text.
        units: A part of it.
        in_run: Whether a run ends where this part begins.

    Returns:
        The runs, without the space before them, and whether one ends where the part ends.
    """
    runs: list[Run] = []
    at_run = in_run
    for unit in units:
        chunk = text[unit.start : unit.end]
        goes_on = at_run and chunk[:1].isalnum() and text[unit.start - 1 : unit.start].isalnum()
        begins = unit.is_marked and any(map(str.isalnum, chunk))
        if not (goes_on or begins or (at_run and unit.is_marked)):
            at_run = False
        elif at_run and runs:
            runs[-1] = Run(runs[-1].start, unit.end, runs[-1].continues)
        elif at_run:
            runs.append(Run(unit.start, unit.end, continues=True))
        else:
            runs.append(Run(unit.end - len(chunk.lstrip()), unit.end))
            at_run = True
    return runs, at_run


def without(runs: Iterable[Run], taken: Iterable[tuple[int, int]]) -> list[Run]:
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
