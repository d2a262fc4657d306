"""Against loops: what the text has just said becomes less likely to be said again.

Small models repeat themselves, and two that agree to repeat keep each other at it.
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
    """Lowers the log-probability of every token that stands in the last part of the text.

    OpenAI's presence penalty, but over a window, as llama.cpp's penalties are. It depends on
    settled text alone, so that fused decoding stays exact; the prompt does not count, for what
    stands there is to be said.

    Args:
        nats: By how much; 0 changes nothing.
        window: Tokens of the text that count, from its end.

    Raises:
        FusionError: A negative or infinite penalty, or a window below 1.
    """

    nats: float = 1.0
    window: int = 64

    def __post_init__(self) -> None:
        if not (math.isfinite(self.nats) and self.nats >= 0.0) or self.window < 1:
            raise FusionError(
                "the presence penalty needs a finite number of nats >= 0 and a window >= 1",
                remedy="1 nat over 64 tokens is a good start; 0 nats is no penalty",
            )

    def apply(self, probabilities: Probabilities, text: Sequence[int]) -> Probabilities:
        """Penalise and normalise.

        Args:
            probabilities: Of the next token; shape (vocabulary,). Not changed.
            text: Tokens before it, without the prompt.

        Returns:
            A distribution of the same shape.
        """
        if not text or self.nats == 0.0:
            return probabilities
        penalised = probabilities.copy()
        penalised[list(set(text[-self.window :]))] *= math.exp(-self.nats)
        penalised /= penalised.sum()
        return penalised
