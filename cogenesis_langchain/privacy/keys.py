"""From a private value to the folded strings it is recognised by."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cogenesis_langchain.privacy.folding import folds
from cogenesis_langchain.privacy.values import PrivateValue, ValueKind

_NAMES: Final[frozenset[ValueKind]] = frozenset({"NAME"})
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SHORTEST_TOKEN: Final = 3


class Rule(enum.Enum):
    """What else must hold where a key is found."""

    ANYWHERE = enum.auto()
    CAPITALISED = enum.auto()


@dataclass(frozen=True, slots=True)
class Key:
    """One folded string that gives a private value away.

    Args:
        folded: What to look for in a folded text.
        shown: The string it was folded from; its own gaps are allowed in a text too.
        rule: What else must hold.
        value: The private value that it gives away.
    """

    folded: str
    shown: str
    rule: Rule
    value: PrivateValue


def keys_of(value: PrivateValue) -> Iterator[Key]:
    """The keys of a private value: the whole, and for a person each part of the name alone."""
    yield from _spellings(value.text, Rule.ANYWHERE, value)
    if value.kind in _NAMES:
        words = _WORD.findall(value.text)
        if len(words) > 1:
            for word in words:
                if len(word) >= _SHORTEST_TOKEN:
                    yield from _spellings(word, Rule.ANYWHERE, value)


def _spellings(shown: str, rule: Rule, value: PrivateValue) -> Iterator[Key]:
    for folded in folds(shown):
        if folded:
            yield Key(folded, shown, rule, value)
