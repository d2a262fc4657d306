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
_SHARES: Final = (1e-2, 1e-4, 1e-6, 0.0)
"""The head is looked for among tokens this probable against the first, then among less likely."""


def next_probabilities(model: TokenModel, ids: Sequence[int]) -> Probabilities:
    """Return a model's distribution after some tokens; shape (vocabulary,), sum 1."""
    import numpy as np

    # Exponents in single precision, as the model gives them: ten times faster, and the sum is
    # made 1 in double precision.
    probabilities = np.exp(model.next_logprobs(ids)).astype(np.float64)
    probabilities /= probabilities.sum()
    return probabilities


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


@dataclass(frozen=True, slots=True)
class Shape:
    """How a distribution is sharpened before sampling: temperature, then top-p.

    Attributes:
        temperature: Above 0; p becomes proportional to ``p ** (1 / temperature)``.
        top_p: Keep the smallest set of most probable tokens whose mass reaches this share.

    Raises:
        ConfigurationError: A setting out of range.
    """

    temperature: float = 1.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0.0 and 0.0 < self.top_p <= 1.0):
            raise ConfigurationError(
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
