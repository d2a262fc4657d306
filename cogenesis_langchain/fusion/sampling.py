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
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, final

from cogenesis_langchain.errors import FusionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cogenesis_langchain.fusion.operators import Probabilities

_Indices: TypeAlias = "NDArray[np.int64]"
_SHARES: Final = (1e-2, 1e-4, 1e-6, 0.0)
"""The head is looked for among tokens this probable against the first, then among less likely."""


@dataclass(frozen=True, slots=True, repr=False)
class Candidates:
    """The tokens that can be chosen, and their probabilities; all others have none.

    Attributes:
        ids: Token ids, ascending; shape (n,).
        probabilities: Shape (n,), sum 1.
    """

    ids: _Indices
    probabilities: Probabilities

    def of(self, ids: _Indices) -> Probabilities:
        """Probabilities of tokens, 0 where one cannot be chosen; shape of ``ids``."""
        import numpy as np

        places = np.minimum(np.searchsorted(self.ids, ids), self.ids.size - 1)
        return np.where(self.ids[places] == ids, self.probabilities[places], 0.0)

    def draw(self, uniform: float, weights: Probabilities | None = None) -> int:
        """Invert the cumulative sum; a token of weight 0 is never drawn.

        Args:
            uniform: In [0, 1).
            weights: Of the candidates, in place of their probabilities.
        """
        import numpy as np

        cumulative = np.cumsum(self.probabilities if weights is None else weights)
        total = cumulative[-1]
        # Rounding can lift uniform * total to the total itself, past the last token of weight.
        point = min(uniform * total, np.nextafter(total, 0.0))
        return int(self.ids[np.searchsorted(cumulative, point, side="right")])


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


@dataclass(frozen=True, slots=True)
class Shape:
    """How a distribution is sharpened before sampling: temperature, then top-p.

    Attributes:
        temperature: Above 0; p becomes proportional to ``p ** (1 / temperature)``.
        top_p: Keep the smallest set of most probable tokens whose mass reaches this share.

    Raises:
        FusionError: A setting out of range.
    """

    temperature: float = 1.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0.0 and 0.0 < self.top_p <= 1.0):
            raise FusionError(
                "sampling needs temperature > 0 and 0 < top_p <= 1",
                remedy="temperature=0 in the generation options means greedy decoding",
            )

    def apply(self, probabilities: Probabilities) -> Candidates:
        """Return the sharpened distribution; equally probable tokens are kept by lowest id."""
        import numpy as np

        weights = self._heated(probabilities)
        if self.top_p < 1.0:
            ids = _nucleus(weights, self.top_p * float(weights.sum()))
        else:
            ids = np.arange(weights.size)
        ids.sort()
        kept = weights[ids].astype(np.float64)
        return Candidates(ids, kept / kept.sum())

    def _heated(self, probabilities: Probabilities) -> NDArray[np.floating]:
        """Powers of the probabilities; in single precision, they take a tenth of the time."""
        import numpy as np

        if self.temperature == 1.0:
            return probabilities
        relative = np.empty(probabilities.shape, dtype=np.float32)
        np.divide(probabilities, probabilities.max(), out=relative, casting="same_kind")
        return np.power(relative, np.float32(1.0 / self.temperature), out=relative)


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


def largest(values: NDArray[np.floating], count: int) -> _Indices:
    """Indices of the largest values, largest first, equal ones by index."""
    import numpy as np

    highest = values.max()
    for share in _SHARES:
        head = np.flatnonzero(values >= share * highest)
        if head.size >= count:
            break
    return _descending(values, head)[:count]


def _nucleus(weights: NDArray[np.floating], wanted: float) -> _Indices:
    """The fewest indices of largest weights that together reach a sum."""
    import numpy as np

    highest = weights.max()
    for share in _SHARES:
        head = np.flatnonzero(weights >= share * highest)
        if float(weights[head].sum()) >= wanted:
            break
    return _reaching(weights, _descending(weights, head), wanted)


def _reaching(weights: NDArray[np.floating], order: _Indices, wanted: float) -> _Indices:
    import numpy as np

    return order[: int(np.searchsorted(np.cumsum(weights[order]), wanted)) + 1]


def _descending(values: NDArray[np.floating], indices: _Indices) -> _Indices:
    import numpy as np

    order: _Indices = indices[np.argsort(-values[indices], kind="stable")]
    return order
