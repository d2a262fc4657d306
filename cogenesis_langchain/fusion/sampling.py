"""Choosing tokens so that drafts and corrections together follow the fused distribution.

Speculative sampling (Leviathan et al., arXiv 2211.17192): a token drafted from ``q`` is accepted
with probability ``min(1, p_c / q)``; otherwise one is drawn from the normalised ``(p_c - q)+``. The
result is distributed as ``p_c`` exactly, whatever ``q``.

Every position has random numbers of its own, fixed by seed and position. What is chosen there is
then a function of seed, position and text so far alone: the same seed writes the same text whatever
the block lengths, the round-trip times or the number of requests, token by token included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

from cogenesis_langchain.models.local.sampling import Candidates, Shape

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities


@dataclass(frozen=True, slots=True, repr=False)
class Proposal:
    """A drafted token.

    Attributes:
        token: Its id.
        drawn_from: What it was drawn from.
        accept: Uniform number in [0, 1) that decides whether it stands.
        correct: Uniform number that chooses the token in its place.
    """

    token: int
    drawn_from: Candidates
    accept: float = 0.0
    correct: float = 0.0


class Choice(Protocol):
    """A way to draft a token and to settle it once the fused distribution is known."""

    def propose(self, local: Probabilities, position: int) -> Proposal:
        """Draft a token from the local distribution."""
        ...

    def settle(self, proposal: Proposal, fused: Probabilities) -> int:
        """Return the token at its position; it is the proposed one if that was accepted."""
        ...


@final
class Greedy:
    """The most probable token; of equally probable ones, the one with the lowest id."""

    def propose(self, local: Probabilities, position: int) -> Proposal:
        """Return the local model's most probable token."""
        import numpy as np

        token = int(local.argmax())
        return Proposal(token, Candidates(np.array([token]), np.ones(1)))

    def settle(self, proposal: Proposal, fused: Probabilities) -> int:
        """Return the most probable token of the fused distribution."""
        return int(fused.argmax())


@final
class Sampled:
    """Tokens drawn from the sharpened fused distribution.

    Args:
        shape: Sharpening, the same for drafts and for the fused distribution.
        seed: Makes the text repeatable.
    """

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape = shape
        self._seed = seed

    def propose(self, local: Probabilities, position: int) -> Proposal:
        """Draw a draft from the sharpened local distribution."""
        import numpy as np

        candidates = self._shape.apply(local)
        draw, accept, correct = np.random.default_rng((self._seed, position)).random(3).tolist()
        return Proposal(candidates.draw(draw), candidates, accept, correct)

    def settle(self, proposal: Proposal, fused: Probabilities) -> int:
        """Accept the draft with probability ``min(1, p / q)``, or draw from ``(p - q)+``."""
        import numpy as np

        draft, target = proposal.drawn_from, self._shape.apply(fused)
        drafted = np.array([proposal.token])
        if proposal.accept * draft.of(drafted)[0] < target.of(drafted)[0]:
            return proposal.token
        residual = np.maximum(target.probabilities - draft.of(target.ids), 0.0)
        return target.draw(proposal.correct, residual)
