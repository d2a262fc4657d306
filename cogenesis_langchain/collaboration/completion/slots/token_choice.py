"""The choice of a token among those that a slot allows: greedy, or sampled with a nucleus."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol, final

from cogenesis_langchain.models.base import GenerationOptions, LogProbs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CONSIDERED: Final = 12
"""Allowed tokens that sampling looks at; the rest of a sharpened distribution is negligible."""


class TokenChoice(Protocol):
    """Chooses one of the allowed tokens."""

    def choose(self, allowed: Iterator[int], logprobs: LogProbs, *, free: bool) -> int | None:
        """Choose a token.

        Args:
            allowed: Allowed tokens, most probable first; consumed as far as needed.
            logprobs: The model's distribution.
            free: Whether the slot holds free words. Names and values are never sampled.

        Returns:
            The token; None if none is allowed.
        """
        ...


@final
class GreedyOrSampled:
    """Greedy at temperature 0 and for names and values; otherwise sampled with a nucleus.

    Args:
        options: Temperature, nucleus share and seed.
    """

    def __init__(self, options: GenerationOptions) -> None:
        import numpy as np

        self._options = options
        self._random = np.random.default_rng(options.seed)

    def choose(self, allowed: Iterator[int], logprobs: LogProbs, *, free: bool) -> int | None:
        """Choose a token; see `TokenChoice.choose`."""
        import numpy as np

        if not free or self._options.temperature == 0:
            return next(allowed, None)
        tokens = list(islice(allowed, _CONSIDERED))
        if not tokens:
            return None
        scaled = logprobs[tokens].astype(np.float64) / self._options.temperature
        shares = np.exp(scaled - scaled.max())
        shares /= shares.sum()
        kept = int(np.searchsorted(np.cumsum(shares), self._options.top_p)) + 1
        shares = shares[:kept] / shares[:kept].sum()
        return int(self._random.choice(tokens[:kept], p=shares))


def most_probable(logprobs: LogProbs, count: int) -> NDArray[np.int64]:
    """The most probable tokens, best first; all of them if the vocabulary is smaller."""
    import numpy as np

    count = min(count, len(logprobs))
    top = np.argpartition(logprobs, -count)[-count:]
    return top[np.argsort(-logprobs[top])]
