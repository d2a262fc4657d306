"""Tokens that a text must not hold, whatever the models would say."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.models.local.token_exclusion import tokens_holding

if TYPE_CHECKING:
    from cogenesis_langchain.fusion.operators import Probabilities


@final
class ExcludedTokens:
    """Takes the probability of tokens that hold certain characters.

    It is the same for every position, for drafts and for the fused distribution, so that fused
    decoding stays exact.

    Args:
        model: Whose vocabulary is read, once: a few tenths of a second.
        characters: What no token may hold.
    """

    def __init__(self, model: TokenModel, characters: str) -> None:
        self._ids = tokens_holding(
            characters, model.vocabulary_size, lambda token: model.decode((token,))
        )

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Exclude and normalise.

        Args:
            probabilities: Of the next token; shape (vocabulary,). Not changed.

        Returns:
            A distribution of the same shape; the same one where nothing else is likely at all.
        """
        kept = probabilities.copy()
        kept[self._ids] = 0.0
        total = kept.sum()
        if total <= 0.0:
            return probabilities
        kept /= total
        return kept
