"""Counts what the cloud model was shown of one text, and what this tells of the private context."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

from cogenesis_langchain.fusion.influence import Gains
from cogenesis_langchain.models.decoding.logits import common_prefix


@final
class ShownTokens:
    """The tokens that requests showed as they are, rejected drafts included.

    The absolute gains of all shown tokens together bound the log-likelihood ratio of what is shown
    as it is, under the local model: with the private context against the public view alone.

    Args:
        gains: Of the text's tokens; None if they are not measured.
        most_told: Nats that may be told.

    Attributes:
        count: Number of shown tokens.
        nats_told: The sum of their absolute gains; None if they are not measured.
    """

    def __init__(self, gains: Gains | None, most_told: float = math.inf) -> None:
        self._gains = gains
        self._most_told = most_told
        self._text: Sequence[int] = ()
        self._shown: frozenset[int] = frozenset()
        self.count = 0
        self.nats_told = None if gains is None else 0.0

    def admit(self, text: Sequence[int], shown: Sequence[int]) -> bool:
        """Count what a request shows for the first time, unless it would tell too much.

        Args:
            text: The text with its drafts.
            shown: Indices of the tokens that the request shows.

        Returns:
            Whether it may be sent; it is counted only then.
        """
        same = common_prefix(text, self._text)
        new = [index for index in shown if index >= same or index not in self._shown]
        if self._gains is not None and self.nats_told is not None:
            gains = self._gains.of(text)
            told = self.nats_told + sum(abs(gains[index]) for index in new)
            if not told <= self._most_told:
                return False
            self.nats_told = told
        self.count += len(new)
        self._text, self._shown = tuple(text), frozenset(shown)
        return True
