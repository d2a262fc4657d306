"""One position of a text: what both models say about its next token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities
    from cogenesis_langchain.models.scoring.scores import TopK

_MIN_SINGLE: Final = 1e-38
"""Floor under probabilities of single precision before a logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Position:
    """The distributions of the next token at one position.

    Attributes:
        local: ``p_s(C)``, the local model with the private context.
        cloud: ``p_l``, the cloud model without it, completed by `complete`.
        baseline: ``p_s(without C)``, for operators that need it.
    """

    local: Probabilities
    cloud: Probabilities
    baseline: Probabilities | None = None


def complete(topk: TopK, local: Probabilities) -> Probabilities:
    """Complete the cloud's top-k to a distribution over the whole vocabulary.

    The mass outside the top-k goes to the other tokens in proportion to ``p_s``. The result depends
    only on the top-k and on ``p_s``, never on the drafted token. Servers also return the drafted
    token's own probability. A target that used it would change with the draft, and the accepted
    tokens would no longer follow the target.

    Args:
        topk: The cloud's k most probable tokens; ids are of the local vocabulary, each once.
        local: ``p_s``.

    Returns:
        ``p_l``, with full support where ``p_s`` has it.
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
        # No mass is left for a tail, or the local model has no tail to spread it over.
        cloud[:] = 0.0
        cloud[topk.ids] = inside / covered
    return cloud


def local_share(weight: float, ours: float, theirs: float) -> float:
    """Return the local model's share of a token's probability, ``w p_s / (w p_s + (1 - w) p_l)``.

    Args:
        weight: ``w``.
        ours: ``p_s`` of the token.
        theirs: ``p_l`` of the token.
    """
    local, cloud = weight * ours, (1.0 - weight) * theirs
    return local / (local + cloud) if local + cloud > 0.0 else weight


def entropy(probabilities: Probabilities) -> float:
    """Entropy in nats. Logarithms in single precision take a tenth of the time."""
    import numpy as np

    single = probabilities.astype(np.float32)
    return -float(np.sum(single * np.log(np.maximum(single, _MIN_SINGLE)), dtype=np.float64))
