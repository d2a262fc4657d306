"""Sampling: sharpen a next-token distribution by temperature and top-p, and draw from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.base import TokenModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cogenesis_langchain.models.base import Probabilities

_Indices: TypeAlias = "NDArray[np.int64]"
_RELATIVE_FLOORS: Final = (1e-2, 1e-4, 1e-6, 0.0)
"""Thresholds relative to the largest probability. Sorting only the tokens above a threshold is much
faster than sorting the vocabulary; the next lower one is tried where too few are above it."""


def next_probabilities(model: TokenModel, ids: Sequence[int]) -> Probabilities:
    """Return a model's distribution after some tokens; shape (vocabulary,), sum 1."""
    import numpy as np

    # Exponents in single precision, as the model gives them: ten times faster, and the sum is
    # made 1 in double precision.
    probabilities = np.exp(model.next_logprobs(ids)).astype(np.float64)
    probabilities /= probabilities.sum()
    return probabilities


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


@dataclass(frozen=True, slots=True)
class SamplingParameters:
    """Temperature, then top-p.

    Attributes:
        temperature: Above 0; p becomes proportional to ``p ** (1 / temperature)``.
        top_p: Keep the smallest set of most probable tokens whose mass reaches this share.

    Raises:
        ConfigurationError: A setting is out of range.
    """

    temperature: float = 1.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0.0 and 0.0 < self.top_p <= 1.0):
            raise ConfigurationError(
                "sampling needs temperature > 0 and 0 < top_p <= 1",
                remedy="for greedy decoding set temperature=0 in the generation options",
            )

    def apply(self, probabilities: Probabilities) -> TokenDistribution:
        """Return the resulting distribution; among equal probabilities lower ids are kept."""
        import numpy as np

        weights = self._tempered(probabilities)
        if self.top_p < 1.0:
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
