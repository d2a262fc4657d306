"""From logits to log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cogenesis_langchain.models.base import LogProbs, TokenModel
from cogenesis_langchain.models.scoring.scores import TopK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def log_softmax(logits: NDArray[np.float32]) -> LogProbs:
    """Normalise logits.

    Args:
        logits: Shape (vocabulary,).

    Returns:
        Natural-log probabilities; shape (vocabulary,).
    """
    import numpy as np

    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float32)


def top_k(logits: NDArray[np.float32], k: int) -> TopK:
    """Return the k most probable tokens, equal ones by id.

    Args:
        logits: Shape (vocabulary,).
        k: How many; all tokens if the vocabulary is smaller.
    """
    import numpy as np

    k = min(k, logits.size)
    floor = np.partition(logits, logits.size - k)[logits.size - k]
    candidates = np.flatnonzero(logits >= floor)
    ids = candidates[np.argsort(-logits[candidates], kind="stable")][:k]
    shifted = logits - logits.max()
    total = np.log(np.exp(shifted).sum(dtype=np.float64))
    return TopK(ids.astype(np.int64), shifted[ids].astype(np.float64) - total)


def logprobs_of(model: TokenModel, head: Sequence[int], ids: Sequence[int]) -> list[float]:
    """Return the log-probability, in nats, of each of some known tokens after a head.

    Raises:
        ContextTooLong: They do not fit the model's window.
    """
    wanted = iter(ids)
    return model.read([*head, *ids[:-1]], len(head), lambda logprobs: float(logprobs[next(wanted)]))


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens both sequences begin with alike."""
    pairs = enumerate(zip(left, right, strict=False))
    shorter = min(len(left), len(right))
    return next((index for index, (first, second) in pairs if first != second), shorter)
