"""The state of a growing public view: the text's tokens, and its settled positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Token(NamedTuple):
    """A token of the text: its bytes, and what it gains by the private context."""

    written: bytes
    gain: float

    @property
    def told(self) -> float:
        """What it tells of the context; nothing if the context speaks against it."""
        return math.inf if math.isnan(self.gain) else max(self.gain, 0.0)


@dataclass(frozen=True, slots=True)
class Settled:
    """A position at which the whole text before it has a view.

    Attributes:
        tokens: Number of tokens before it.
        characters: Length of their text.
        parts: Number of parts of their view.
        tags: Number of placeholders that the text has introduced.
        shown: Length of the text of the view, with a mark for each placeholder.
        in_run: Whether the text ends with a word that is masked because of its gain.
    """

    tokens: int = 0
    characters: int = 0
    parts: int = 0
    tags: int = 0
    shown: int = 0
    in_run: bool = False


def common_beginning(one: Sequence[Token], other: Sequence[Token]) -> int:
    """Length of the common prefix."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
