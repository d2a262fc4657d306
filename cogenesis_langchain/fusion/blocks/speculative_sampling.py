"""Chooses tokens so that accepted drafts and corrections follow the fused distribution.

Speculative sampling (Leviathan et al., arXiv 2211.17192) accepts a token drafted from ``q`` with
probability ``min(1, p_c / q)``. Otherwise it draws one from the normalised ``(p_c - q)+``. The
result is distributed exactly as ``p_c``, whatever ``q`` is.

Every position has its own random numbers, fixed by seed and position. The token chosen there is a
function of the seed, the position and the text so far. The same seed therefore writes the same text
whatever the block lengths, the round-trip times or the number of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

from cogenesis_langchain.models.decoding.sampling import SamplingParameters, TokenDistribution

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities


@dataclass(frozen=True, slots=True, repr=False)
class Proposal:
    """A drafted token.

    Attributes:
        token: Its id.
        drawn_from: The distribution that it was drawn from.
        accept: Uniform number in [0, 1) that decides whether it is accepted.
        correct: Uniform number that chooses the replacement if it is not.
    """

    token: int
    drawn_from: TokenDistribution
    accept: float = 0.0
    correct: float = 0.0


class Sampler(Protocol):
    """Drafts a token, and settles it once the fused distribution is known."""

    def propose(self, local: Probabilities, position: int) -> Proposal:
        """Draft a token from the local distribution."""
        ...

    def settle(self, proposal: Proposal, fused: Probabilities) -> int:
        """Return the token at the position; the proposed one if it was accepted."""
        ...


@final
class GreedySampler:
    """Chooses the most probable token; among equals, the one with the lowest id."""

    def propose(self, local: Probabilities, position: int) -> Proposal:
        """Return the local model's most probable token."""
        import numpy as np

        token = int(local.argmax())
        return Proposal(token, TokenDistribution(np.array([token]), np.ones(1)))

    def settle(self, proposal: Proposal, fused: Probabilities) -> int:
        """Return the most probable token of the fused distribution."""
        return int(fused.argmax())


@final
class SpeculativeSampler:
    """Draws tokens from the fused distribution after temperature and top-p.

    Args:
        parameters: Applied to drafts and to the fused distribution alike.
        seed: Makes the text repeatable.
    """

    def __init__(self, parameters: SamplingParameters, seed: int) -> None:
        self._parameters = parameters
        self._seed = seed

    def propose(self, local: Probabilities, position: int) -> Proposal:
        """Draw a draft from the local distribution."""
        import numpy as np

        candidates = self._parameters.apply(local)
        draw, accept, correct = np.random.default_rng((self._seed, position)).random(3).tolist()
        return Proposal(candidates.draw(draw), candidates, accept, correct)

    def settle(self, proposal: Proposal, fused: Probabilities) -> int:
        """Accept the draft with probability ``min(1, p / q)``, or draw from ``(p - q)+``."""
        import numpy as np

        draft, target = proposal.drawn_from, self._parameters.apply(fused)
        drafted = np.array([proposal.token])
        if proposal.accept * draft.of(drafted)[0] < target.of(drafted)[0]:
            return proposal.token
        # The residual has mass: the draft was rejected, so p < q there and p > q elsewhere.
        residual = np.maximum(target.probabilities - draft.of(target.ids), 0.0)
        return target.draw(proposal.correct, residual)
