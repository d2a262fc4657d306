"""Presence penalty: makes tokens that occur in the recent text less probable.

Small models repeat themselves, and fusing two models that both repeat reinforces the loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cogenesis_langchain.errors import FusionError

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities


@final
@dataclass(frozen=True, slots=True)
class PresencePenalty:
    """Lowers the log-probability of every token that occurs in the recent text.

    It works like OpenAI's presence penalty, but over a window, as in llama.cpp. It depends only on
    settled text, so fused decoding stays exact. The prompt does not count: the text is supposed to
    use the words of the notes.

    Args:
        nats: Nats taken from the log-probability; 0 changes nothing.
        window: Number of most recent tokens that count.

    Raises:
        FusionError: A negative or infinite penalty, or a window below 1.
    """

    nats: float = 1.0
    window: int = 64

    def __post_init__(self) -> None:
        if not (math.isfinite(self.nats) and self.nats >= 0.0) or self.window < 1:
            raise FusionError(
                "the presence penalty needs a finite number of nats >= 0 and a window >= 1",
                remedy="start with 1 nat over 64 tokens; 0 nats turns the penalty off",
            )

    def apply(self, probabilities: Probabilities, text: Sequence[int]) -> Probabilities:
        """Penalise and normalise.

        Args:
            probabilities: Next-token distribution; shape (vocabulary,). Not modified.
            text: The generated tokens before it, without the prompt.

        Returns:
            A distribution of the same shape.
        """
        if not text or self.nats == 0.0:
            return probabilities
        penalised = probabilities.copy()
        penalised[list(set(text[-self.window :]))] *= math.exp(-self.nats)
        penalised /= penalised.sum()
        return penalised
