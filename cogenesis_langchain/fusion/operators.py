"""Operators that fuse two next-token distributions into one.

The names follow the paper. ``p_s`` is the local model's distribution, with the private context;
``p_l`` is the cloud model's, without it; ``p_c`` is the fused one. All are probabilities over the
local vocabulary, never logits: CoGenesis (arXiv 2403.03129, section 3.3) defines ``p_c = w p_s + (1
- w) p_l`` on probabilities.

``local-led`` is the default of `ChatCoGenesis`: fact-heavy texts keep the most facts with it.
``mean`` and ``max`` are the paper's. ``entropy`` and ``product`` predict reference texts slightly
better token by token, but texts written with them contain fewer facts (``docs/fusion.md``).
``learned`` has a weight that was trained for one pair of models (``docs/training.md``).

A new operator is a class of the protocol `Operator` and a name in ``OPERATORS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, final, runtime_checkable

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.learned_weight import LearnedWeight
from cogenesis_langchain.fusion.position import Position, entropy

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities

_EQUAL_WEIGHT: Final = 0.5
_LOCAL_LED_WEIGHT: Final = 0.9
"""With this weight the cloud model decides only where the local model hesitates."""
_SHIPPED_WEIGHT: Final = Path(__file__).with_name("learned_weight.safetensors")
"""Trained for qwen2.5-coder of 0.5 and 1.5 billion parameters (``docs/training.md``)."""
_MIN_ENTROPY: Final = 1e-6
"""Entropy added to both sides, so that two models without any doubt get the same weight."""

_MIN_DOUBLE: Final = 1e-300
"""Floor under probabilities before a logarithm is taken."""


@dataclass(frozen=True, slots=True)
class FusedDistribution:
    """A fused distribution.

    Attributes:
        probabilities: ``p_c``.
        weight: The local model's weight ``w`` at this position, in [0, 1]; 0.5 for operators that
            treat both sides alike.
    """

    probabilities: Probabilities
    weight: float


@runtime_checkable
class Operator(Protocol):
    """Fuses the distributions of one position, from these alone."""

    @property
    def name(self) -> str:
        """Name used in reports."""
        ...

    @property
    def needs_baseline(self) -> bool:
        """Whether the local model must also be run without the private context."""
        ...

    def fuse(self, position: Position) -> FusedDistribution:
        """Fuse the distributions of one position."""
        ...


@final
class Mixture:
    """The weighted mean ``p_c = w p_s + (1 - w) p_l`` (CoGenesis, section 3.3).

    Args:
        weight: ``w`` in [0, 1], or a function that computes it for a position, such as a learned
            weight. The function may use only the distributions, so that ``p_c`` does not depend on
            the draft.
        name: Name used in reports; derived from the weight by default.

    Raises:
        FusionError: A fixed weight is outside [0, 1].
    """

    needs_baseline = False

    def __init__(
        self,
        weight: float | Callable[[Position], float] = _EQUAL_WEIGHT,
        *,
        name: str | None = None,
    ) -> None:
        if not callable(weight) and not 0.0 <= weight <= 1.0:
            raise FusionError(
                f"the weight {weight} is not in [0, 1]",
                remedy="1 is the local model alone, 0 the cloud model alone, 0.5 the mean",
            )
        self._weight = weight
        if name is None:
            learned, equal = callable(weight), weight == _EQUAL_WEIGHT
            name = "learned" if learned else "mean" if equal else f"w={weight:g}"
        self.name = name

    def fuse(self, position: Position) -> FusedDistribution:
        """Return the weighted mean."""
        weight = self._weight(position) if callable(self._weight) else self._weight
        fused = (1.0 - weight) * position.cloud
        fused += weight * position.local
        return FusedDistribution(fused, weight)


def inverse_entropy(position: Position) -> float:
    """Weight by inverse entropy: ``w = (1 / H(p_s)) / (1 / H(p_s) + 1 / H(p_l))``.

    This is inverse entropy weighting of experts (Misra, Bourlard and Tyagi, ICASSP 2003). The more
    certain model gets more weight: the local one where the next token is in the private context,
    the cloud one where any fluent text would continue the same way.
    """
    local, cloud = entropy(position.local), entropy(position.cloud)
    return (cloud + _MIN_ENTROPY) / (local + cloud + 2.0 * _MIN_ENTROPY)


@final
class MaxPool:
    """The renormalised maximum ``p_c ∝ max(p_s, p_l)`` (CoGenesis, section 3.3)."""

    name = "max"
    needs_baseline = False

    def fuse(self, position: Position) -> FusedDistribution:
        """Return the renormalised maximum."""
        import numpy as np

        return FusedDistribution(
            _normalised(np.maximum(position.local, position.cloud)), _EQUAL_WEIGHT
        )


@final
class Product:
    """The geometric mean ``p_c ∝ sqrt(p_s p_l)``, a product of experts (Hinton, 2002)."""

    name = "product"
    needs_baseline = False

    def fuse(self, position: Position) -> FusedDistribution:
        """Return the renormalised geometric mean."""
        import numpy as np

        return FusedDistribution(
            _normalised(np.sqrt(position.local * position.cloud)), _EQUAL_WEIGHT
        )


@final
class Contrast:
    """The cloud's distribution, shifted by what the private context changes locally.

    ``p_c ∝ p_l (p_s(C) / p_s(without C))^α``, as in context-aware decoding (Shi et al., arXiv
    2305.14739) and proxy-tuning (Liu et al., arXiv 2401.08565). The log-ratio is clipped to [-clip,
    clip], so that no token moves by more than ``2 α clip`` nats relative to ``p_l``.

    Args:
        alpha: Strength α >= 0.
        clip: Largest log-ratio in nats; None does not clip.

    Raises:
        FusionError: A negative strength, or a clip that is not positive.
    """

    name = "contrast"
    needs_baseline = True

    def __init__(self, alpha: float = 1.0, clip: float | None = 2.0) -> None:
        if alpha < 0.0 or (clip is not None and clip <= 0.0):
            raise FusionError(
                "the contrast operator needs alpha >= 0 and clip > 0",
                remedy="alpha=1.0 with clip=2.0 is a good start",
            )
        self._alpha = alpha
        self._clip = clip

    def fuse(self, position: Position) -> FusedDistribution:
        """Return the shifted cloud distribution."""
        import numpy as np

        if position.baseline is None:
            raise FusionError(
                "the contrast operator needs the local model without the private context",
                remedy="pass baseline= to FusedDecoder",
            )
        ratio = np.log(np.maximum(position.local, _MIN_DOUBLE))
        ratio -= np.log(np.maximum(position.baseline, _MIN_DOUBLE))
        if self._clip is not None:
            np.clip(ratio, -self._clip, self._clip, out=ratio)
        # Subtract the largest exponent before exp, so that nothing overflows.
        ratio *= self._alpha
        shifted = position.cloud * np.exp(ratio - ratio.max())
        return FusedDistribution(_normalised(shifted), _EQUAL_WEIGHT)


def _normalised(values: Probabilities) -> Probabilities:
    total = float(values.sum())
    if total <= 0.0:
        raise FusionError(
            "no token has a positive probability under both models",
            remedy='use operator="local-led" or "mean", which need no overlap',
        )
    return values / total


OPERATORS: Final[Mapping[str, Callable[[], Operator]]] = MappingProxyType(
    {
        "mean": Mixture,
        "max": MaxPool,
        "product": Product,
        "contrast": Contrast,
        "entropy": lambda: Mixture(inverse_entropy, name="entropy"),
        "local-led": lambda: Mixture(_LOCAL_LED_WEIGHT, name="local-led"),
        "learned": lambda: Mixture(LearnedWeight.load(_SHIPPED_WEIGHT), name="learned"),
    }
)


def operator_named(name: str) -> Operator:
    """Return the operator of this name with its default settings.

    Raises:
        FusionError: There is no such operator.
    """
    if name not in OPERATORS:
        raise FusionError(
            f"there is no fusion operator {name!r}",
            remedy=f"use one of {', '.join(OPERATORS)}, or an operator object such as Mixture(0.3)",
        )
    return OPERATORS[name]()
