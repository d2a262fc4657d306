"""A token that is now part of a fused text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cogenesis_langchain.models.scoring.scores import TopK

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities


@dataclass(frozen=True, slots=True, repr=False)
class SettledToken:
    """A settled token, what was drafted at its position, and the distributions there.

    Attributes:
        token: Its id.
        drafted: Id of the token that was drafted.
        local: ``p_s(C)`` at its position, shape (vocabulary,).
        cloud: The cloud's top-k in local tokens; None where it had no vote.
        probability: The fused probability of the token, before penalty and sampling; under a bound
            the one that it was drawn with.
        weight: The operator's weight of the local model at this position.
        share: The local model's share of the token's probability, ``w p_s / (w p_s + (1 - w)
            p_l)``.
    """

    token: int
    drafted: int
    local: Probabilities
    cloud: TopK | None
    probability: float
    weight: float
    share: float

    @property
    def accepted(self) -> bool:
        """Whether the draft was accepted."""
        return self.token == self.drafted
