"""Checks of the author's answers, which return their faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from experiments.construction.answers import Person, Portraits

_LEAST: Final = 3  # statements about a person, and entries of the log
_ALIKE: Final = 0.7
"""Share of common words from which on two texts count as the same."""


def faults_of_groups(count: int) -> Callable[[Portraits], Sequence[str]]:
    """A check that an answer holds enough different groups."""

    def faults(answer: Portraits) -> Sequence[str]:
        distinct = {group.casefold() for group in answer.groups}
        return () if len(distinct) >= count else [f"it holds fewer than {count} different groups"]

    return faults


def faults_of_person(person: Person, known: Sequence[str]) -> list[str]:
    """What is wrong with a person, whose first fact must differ from those of the others."""
    sizes = {"facts": len(person.facts), "activity_log": len(person.activity_log)}
    faults = [f"{name}: fewer than {_LEAST}" for name, size in sizes.items() if size < _LEAST]
    if not person.earlier_writings:
        faults.append("earlier_writings: none")
    return faults or too_similar(person.facts[0], known)


def too_similar(text: str, known: Sequence[str]) -> list[str]:
    """A fault if a text shares most of its words with one that is known."""
    words = _words(text)
    alike = [one for one in known if len(words & _words(one)) >= _ALIKE * len(words | _words(one))]
    return ["it is nearly the same as an earlier one"] if alike else []


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
