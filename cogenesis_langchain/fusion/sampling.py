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
"""A nucleus is looked for among tokens this probable against the first, then among less likely."""


class Choice(Protocol):
    """A way to draft a token and to settle it once the fused distribution is known."""

    def propose(self, local: Probabilities, position: int) -> int:
        """Draft a token from the local distribution."""
        ...

    def settle(
        self, local: Probabilities, fused: Probabilities, proposed: int, position: int
    ) -> int:
        """Return the token at this position; it is ``proposed`` if that was accepted."""
        ...


@final
class Greedy:
    """The most probable token; of equally probable ones, the one with the lowest id."""

    def propose(self, local: Probabilities, position: int) -> int:
        """Return the local model's most probable token."""
        return int(local.argmax())

    def settle(
        self, local: Probabilities, fused: Probabilities, proposed: int, position: int
    ) -> int:
        """Return the most probable token of the fused distribution."""
        return int(fused.argmax())


@dataclass(frozen=True, slots=True)
class Shape:
    """How a distribution is sharpened before sampling: temperature, then top-k, then top-p.

    Attributes:
        temperature: Above 0; p becomes proportional to ``p ** (1 / temperature)``.
        top_k: Keep the k most probable tokens; None keeps all.
        top_p: Keep the smallest set of most probable tokens whose mass reaches this share.

    Raises:
        FusionError: A setting out of range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        in_range = self.temperature > 0.0 and 0.0 < self.top_p <= 1.0
        if not in_range or (self.top_k is not None and self.top_k < 1):
            raise FusionError(
                "sampling needs temperature > 0, 0 < top_p <= 1 and top_k >= 1",
                remedy="temperature=0 in the generation options means greedy decoding",
            )

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return the sharpened distribution; equally probable tokens are kept by lowest id."""
        import numpy as np

        shaped = probabilities
        if self.temperature != 1.0:
            # Powers in single precision take a tenth of the time.
            relative = (probabilities / probabilities.max()).astype(np.float32)
            shaped = (relative ** np.float32(1.0 / self.temperature)).astype(np.float64)
        if self.top_k is not None and self.top_k < shaped.size:
            shaped = _keep(shaped, _largest(shaped, self.top_k))
        if self.top_p < 1.0:
            shaped = _keep(shaped, self._nucleus(shaped))
        return np.asarray(shaped / shaped.sum())

    def _nucleus(self, values: Probabilities) -> _Indices:
        import numpy as np

        wanted = self.top_p * float(values.sum())
        largest = values.max()
        for share in _SHARES:
            head = np.flatnonzero(values >= share * largest)
            if float(values[head].sum()) >= wanted:
                break
        order: _Indices = head[np.argsort(-values[head], kind="stable")]
        return order[: int(np.searchsorted(np.cumsum(values[order]), wanted)) + 1]


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

    def propose(self, local: Probabilities, position: int) -> int:
        """Draw a draft from the sharpened local distribution."""
        return _draw(self._shape.apply(local), self._uniforms(position)[0])

    def settle(
        self, local: Probabilities, fused: Probabilities, proposed: int, position: int
    ) -> int:
        """Accept the draft with probability ``min(1, p / q)``, or draw from ``(p - q)+``."""
        import numpy as np

        draft, target = self._shape.apply(local), self._shape.apply(fused)
        _, accept, correct = self._uniforms(position)
        if accept * draft[proposed] < target[proposed]:
            return proposed
        residual = np.maximum(target - draft, 0.0)
        return _draw(residual, correct)

    def _uniforms(self, position: int) -> tuple[float, float, float]:
        import numpy as np

        first, second, third = np.random.default_rng((self._seed, position)).random(3)
        return float(first), float(second), float(third)


def _draw(weights: Probabilities, uniform: float) -> int:
    """Invert the cumulative sum; a token of weight 0 is never drawn."""
    import numpy as np

    cumulative = np.cumsum(weights)
    total = cumulative[-1]
    # Rounding can lift uniform * total to the total itself, past the last token of weight.
    point = min(uniform * total, np.nextafter(total, 0.0))
    return int(np.searchsorted(cumulative, point, side="right"))


def _largest(values: Probabilities, count: int) -> _Indices:
    """Indices of the largest values, largest first, equal ones by index."""
    import numpy as np

    floor = np.partition(values, values.size - count)[values.size - count]
    candidates = np.flatnonzero(values >= floor)
    order: _Indices = candidates[np.argsort(-values[candidates], kind="stable")][:count]
    return order


def _keep(values: Probabilities, indices: _Indices) -> Probabilities:
    import numpy as np

    kept = np.zeros_like(values)
    kept[indices] = values[indices]
    return kept
