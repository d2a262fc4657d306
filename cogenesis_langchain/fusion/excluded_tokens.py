"""Removes tokens that contain excluded characters from every distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.models.local.token_exclusion import tokens_holding

if TYPE_CHECKING:
    from cogenesis_langchain.fusion.operators import Probabilities


@final
class ExcludedTokens:
    """Sets the probability of tokens that contain certain characters to zero.

    The same tokens are excluded at every position, in drafts and in the fused distribution, so
    fused decoding stays exact.

    Args:
        model: The model whose vocabulary is scanned. The constructor scans it once, which takes a
            few tenths of a second.
        characters: Characters that no token may contain.
    """

    def __init__(self, model: TokenModel, characters: str) -> None:
        self._ids = tokens_holding(
            characters, model.vocabulary_size, lambda token: model.decode((token,))
        )

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Zero the excluded tokens and normalise.

        Args:
            probabilities: Next-token distribution; shape (vocabulary,). Not modified.

        Returns:
            A distribution of the same shape. The input itself if every other token has probability
                0.
        """
        kept = probabilities.copy()
        kept[self._ids] = 0.0
        total = kept.sum()
        if total <= 0.0:
            return probabilities
        kept /= total
        return kept
