"""How two next-token distributions become one.

Written with the paper's symbols: ``p_s`` is the local model's distribution, with the private
context; ``p_l`` the cloud model's, without it; ``p_c`` the fused one. All are probabilities over
the local vocabulary, never logits: CoGenesis (arXiv 2403.03129, section 3.3) defines
``p_c = w p_s + (1 - w) p_l`` on probabilities.

``mean`` and ``max`` are the paper's. Where the text is full of what only the local model knows,
``entropy`` follows it there and the cloud model elsewhere, and predicts such texts best of all that
need no training (``docs/results``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, final, runtime_checkable

from cogenesis_langchain.errors import FusionError

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities, TopK

_TINY: Final = 1e-300
_EVEN: Final = 0.5
_LED: Final = 0.9
"""Weight of a local model that leads: the cloud model decides only where it hesitates."""
_SMALLEST: Final = 1e-38
_CERTAIN: Final = 1e-6
"""Entropy added to both sides, so that two certain models weigh alike."""


@dataclass(frozen=True, slots=True)
class Position:
    """What is known of the next token at one position.

    Attributes:
        local: ``p_s(C)``, the local model with the private context.
        cloud: ``p_l``, the cloud model without it, completed by `complete`.
        baseline: ``p_s(without C)``, for operators that need it.
    """

    local: Probabilities
    cloud: Probabilities
    baseline: Probabilities | None = None


@dataclass(frozen=True, slots=True)
class Fused:
    """One fused distribution.

    Attributes:
        probabilities: ``p_c``.
        weight: The local model's weight ``w`` at this position, in [0, 1]; 0.5 for operators
            that weigh both sides alike.
    """

    probabilities: Probabilities
    weight: float


@runtime_checkable
class Operator(Protocol):
    """A rule that fuses two distributions, at one position and from these alone."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    @property
    def needs_baseline(self) -> bool:
        """Whether the local model must also be asked without the private context."""
        ...

    def fuse(self, position: Position) -> Fused:
        """Fuse the distributions of one position."""
        ...


def complete(topk: TopK, local: Probabilities) -> Probabilities:
    """Make a whole distribution of the cloud's top-k.

    The mass that the top-k leaves over goes to the other tokens in proportion to ``p_s``. The
    result depends on the top-k and on ``p_s`` alone, never on which token was drafted: servers
    also return the drafted token's own value, and a target that used it would change with the
    draft, so that the accepted tokens would no longer follow it.

    Args:
        topk: The cloud's k most probable tokens; ids are of the local vocabulary, each once.
        local: ``p_s``.

    Returns:
        ``p_l`` with full support where ``p_s`` has it.
    """
    import numpy as np

    inside = np.exp(topk.logprobs)
    covered = float(inside.sum())
    cloud = local.copy()
    cloud[topk.ids] = 0.0
    tail = float(cloud.sum())
    if tail > 0.0 and covered < 1.0:
        cloud *= (1.0 - covered) / tail
        cloud[topk.ids] = inside
    else:
        cloud[:] = 0.0
        cloud[topk.ids] = inside / covered
    return cloud


@final
class Mixture:
    """The weighted mean ``p_c = w p_s + (1 - w) p_l`` (CoGenesis, section 3.3).

    Args:
        weight: ``w`` in [0, 1], or a function that gives it for a position (a learned weight).
            The function may use the distributions only, so that ``p_c`` does not depend on the
            draft.
        name: For reports; by default it tells the weight.

    Raises:
        FusionError: A fixed weight outside [0, 1].
    """

    needs_baseline = False

    def __init__(
        self, weight: float | Callable[[Position], float] = _EVEN, *, name: str | None = None
    ) -> None:
        if not callable(weight) and not 0.0 <= weight <= 1.0:
            raise FusionError(
                f"the weight {weight} is not in [0, 1]",
                remedy="1 is the local model alone, 0 the cloud model alone, 0.5 the mean",
            )
        self._weight = weight
        told = "learned" if callable(weight) else "mean" if weight == _EVEN else f"w={weight:g}"
        self.name = name or told

    def fuse(self, position: Position) -> Fused:
        """Return the weighted mean."""
        weight = self._weight(position) if callable(self._weight) else self._weight
        fused = (1.0 - weight) * position.cloud
        fused += weight * position.local
        return Fused(fused, weight)


def inverse_entropy(position: Position) -> float:
    """Weigh each model by how sure it is: ``w = (1 / H(p_s)) / (1 / H(p_s) + 1 / H(p_l))``.

    Inverse entropy weighting of experts (Misra, Bourlard and Tyagi, ICASSP 2003). A model that
    knows the next token, because it stands in the private context or because any fluent text goes
    on so, outweighs one that guesses.
    """
    local, cloud = _entropy(position.local), _entropy(position.cloud)
    return (cloud + _CERTAIN) / (local + cloud + 2.0 * _CERTAIN)


def _entropy(probabilities: Probabilities) -> float:
    """Entropy in nats; logarithms in single precision take a tenth of the time."""
    import numpy as np

    single = probabilities.astype(np.float32)
    return -float(np.sum(single * np.log(np.maximum(single, _SMALLEST)), dtype=np.float64))


@final
class MaxPool:
    """The larger of both probabilities, renormalised: ``p_c ∝ max(p_s, p_l)`` (CoGenesis)."""

    name = "max"
    needs_baseline = False

    def fuse(self, position: Position) -> Fused:
        """Return the renormalised maximum."""
        import numpy as np

        return Fused(_normalised(np.maximum(position.local, position.cloud)), _EVEN)


@final
class Product:
    """The geometric mean ``p_c ∝ sqrt(p_s p_l)``, a product of experts (Hinton, 2002)."""

    name = "product"
    needs_baseline = False

    def fuse(self, position: Position) -> Fused:
        """Return the renormalised geometric mean."""
        import numpy as np

        return Fused(_normalised(np.sqrt(position.local * position.cloud)), _EVEN)


@final
class Contrast:
    """The cloud's distribution, moved by what the private context changes locally.

    ``p_c ∝ p_l (p_s(C) / p_s(without C))^α``, the arithmetic of context-aware decoding (Shi et al.,
    arXiv 2305.14739) and proxy-tuning (Liu et al., arXiv 2401.08565). The log-ratio is clipped to
    [-clip, clip], so that no token moves by more than ``2 α clip`` nats against ``p_l``.

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

    def fuse(self, position: Position) -> Fused:
        """Return the moved cloud distribution."""
        import numpy as np

        if position.baseline is None:
            raise FusionError(
                "the contrast operator needs the local model without the private context",
                remedy="give the decoder a baseline model",
            )
        ratio = np.log(np.maximum(position.local, _TINY))
        ratio -= np.log(np.maximum(position.baseline, _TINY))
        if self._clip is not None:
            np.clip(ratio, -self._clip, self._clip, out=ratio)
        # The largest exponent is taken out before exp, so that nothing overflows.
        ratio *= self._alpha
        moved = position.cloud * np.exp(ratio - ratio.max())
        return Fused(_normalised(moved), _EVEN)


def _normalised(values: Probabilities) -> Probabilities:
    total = float(values.sum())
    if total <= 0.0:
        raise FusionError(
            "the two models give no token a probability in common",
            remedy='use operator="mean", which needs no overlap',
        )
    return values / total


OPERATORS: Final[Mapping[str, Callable[[], Operator]]] = MappingProxyType(
    {
        "mean": Mixture,
        "max": MaxPool,
        "product": Product,
        "contrast": Contrast,
        "entropy": lambda: Mixture(inverse_entropy, name="entropy"),
        "local-led": lambda: Mixture(_LED, name="local-led"),
    }
)


def operator_named(name: str) -> Operator:
    """Return the operator of this name, with its default settings.

    Raises:
        FusionError: No such operator.
    """
    if name not in OPERATORS:
        raise FusionError(
            f"there is no fusion operator {name!r}",
            remedy=f"one of {', '.join(OPERATORS)}, or an operator object such as Mixture(0.3)",
        )
    return OPERATORS[name]()
