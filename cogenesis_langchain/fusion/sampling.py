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
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, final

from cogenesis_langchain.errors import FusionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cogenesis_langchain.fusion.operators import Probabilities

_Indices: TypeAlias = "NDArray[np.int64]"
_RELATIVE_FLOORS: Final = (1e-2, 1e-4, 1e-6, 0.0)
"""Thresholds relative to the largest probability. Sorting only the tokens above a threshold is much
faster than sorting the vocabulary; the next lower one is tried where too few are above it."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenDistribution:
    """The tokens that can be chosen and their probabilities; all others have probability 0.

    Attributes:
        ids: Token ids, ascending; shape (n,).
        probabilities: Shape (n,), sum 1.
    """

    ids: _Indices
    probabilities: Probabilities

    def of(self, ids: _Indices) -> Probabilities:
        """Probabilities of the given tokens, 0 for those that cannot be chosen; same shape."""
        import numpy as np

        places = np.minimum(np.searchsorted(self.ids, ids), self.ids.size - 1)
        return np.where(self.ids[places] == ids, self.probabilities[places], 0.0)

    def draw(self, uniform: float, weights: Probabilities | None = None) -> int:
        """Draw a token by inverting the cumulative sum; tokens of weight 0 are never drawn.

        Args:
            uniform: Random number in [0, 1).
            weights: Weights of the tokens, instead of their probabilities.
        """
        import numpy as np

        cumulative = np.cumsum(self.probabilities if weights is None else weights)
        total = cumulative[-1]
        # Rounding can lift uniform * total to the total itself, which is past the last token.
        point = min(uniform * total, np.nextafter(total, 0.0))
        return int(self.ids[np.searchsorted(cumulative, point, side="right")])


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


@dataclass(frozen=True, slots=True)
class SamplingParameters:
    """Temperature, then top-k, then top-p.

    Attributes:
        temperature: Above 0; p becomes proportional to ``p ** (1 / temperature)``.
        top_k: Keep the k most probable tokens; None keeps all.
        top_p: Keep the smallest set of most probable tokens whose mass reaches this share.

    Raises:
        FusionError: A setting is out of range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        in_range = self.temperature > 0.0 and 0.0 < self.top_p <= 1.0
        if not in_range or (self.top_k is not None and self.top_k < 1):
            raise FusionError(
                "sampling needs temperature > 0, 0 < top_p <= 1 and top_k >= 1",
                remedy="for greedy decoding set temperature=0 in the generation options",
            )

    def apply(self, probabilities: Probabilities) -> TokenDistribution:
        """Return the resulting distribution; among equal probabilities lower ids are kept."""
        import numpy as np

        weights = self._tempered(probabilities)
        if self.top_k is not None:
            ids = top_indices(weights, self.top_k)
            if self.top_p < 1.0:
                ids = _prefix_reaching(weights, ids, self.top_p * float(weights[ids].sum()))
        elif self.top_p < 1.0:
            ids = _nucleus(weights, self.top_p * float(weights.sum()))
        else:
            ids = np.arange(weights.size)
        ids.sort()
        kept = weights[ids].astype(np.float64)
        return TokenDistribution(ids, kept / kept.sum())

    def _tempered(self, probabilities: Probabilities) -> NDArray[np.floating]:
        """Apply the temperature. Powers in single precision take a tenth of the time."""
        import numpy as np

        if self.temperature == 1.0:
            return probabilities
        relative = np.empty(probabilities.shape, dtype=np.float32)
        np.divide(probabilities, probabilities.max(), out=relative, casting="same_kind")
        return np.power(relative, np.float32(1.0 / self.temperature), out=relative)


@final
class SpeculativeSampler:
    """Draws tokens from the fused distribution after temperature, top-k and top-p.

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


def top_indices(values: NDArray[np.floating], count: int) -> _Indices:
    """Indices of the largest values, largest first; equal values in order of index."""
    import numpy as np

    highest = values.max()
    for floor in _RELATIVE_FLOORS:
        head = np.flatnonzero(values >= floor * highest)
        if head.size >= count:
            break
    return _descending(values, head)[:count]


def _nucleus(weights: NDArray[np.floating], wanted: float) -> _Indices:
    """The fewest indices of largest weights whose sum reaches ``wanted``."""
    import numpy as np

    highest = weights.max()
    for floor in _RELATIVE_FLOORS:
        head = np.flatnonzero(weights >= floor * highest)
        if float(weights[head].sum()) >= wanted:
            break
    return _prefix_reaching(weights, _descending(weights, head), wanted)


def _prefix_reaching(weights: NDArray[np.floating], order: _Indices, wanted: float) -> _Indices:
    import numpy as np

    return order[: int(np.searchsorted(np.cumsum(weights[order]), wanted)) + 1]


def _descending(values: NDArray[np.floating], indices: _Indices) -> _Indices:
    import numpy as np

    order: _Indices = indices[np.argsort(-values[indices], kind="stable")]
    return order
