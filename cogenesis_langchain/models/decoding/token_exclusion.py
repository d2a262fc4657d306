"""Excluded characters: tokens that hold one of them are never chosen."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, final

from cogenesis_langchain.models.base import GenerationOptions, TokenModel

if TYPE_CHECKING:
    import numpy as np
    from llama_cpp import LogitsProcessorList
    from llama_cpp._internals import LlamaModel
    from numpy.typing import NDArray

    from cogenesis_langchain.models.base import Probabilities


@final
class Exclusion:
    """Knows which tokens of a vocabulary hold a character.

    Args:
        weights: Whose vocabulary is read, once for each set of characters.
    """

    def __init__(self, weights: LlamaModel) -> None:
        self._weights = weights
        self._known: dict[str, list[int]] = {}

    def processors(self, options: GenerationOptions) -> LogitsProcessorList | None:
        """What llama.cpp is to do to logits, if anything."""
        from llama_cpp import LogitsProcessorList

        characters = options.excluded
        if not characters:
            return None
        if characters not in self._known:
            self._known[characters] = tokens_holding(
                characters, self._weights.n_vocab(), partial(piece_of, self._weights)
            )
        return LogitsProcessorList([_Without(self._known[characters])])


class _Without:
    def __init__(self, tokens: list[int]) -> None:
        self._tokens = tokens

    def __call__(self, ids: NDArray[np.intc], logits: NDArray[np.single]) -> NDArray[np.single]:
        logits[self._tokens] = -math.inf
        return logits


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


@final
class KnownExclusions:
    """The excluded tokens of a model by their characters; each vocabulary is scanned once.

    Args:
        model: The model.
    """

    def __init__(self, model: TokenModel) -> None:
        self._model = model
        self._known: dict[str, ExcludedTokens] = {}

    def of(self, characters: str) -> ExcludedTokens | None:
        """Return the tokens that hold one of these characters; None without characters."""
        if characters and characters not in self._known:
            self._known[characters] = ExcludedTokens(self._model, characters)
        return self._known.get(characters)


def tokens_holding(characters: str, size: int, piece: Callable[[int], bytes]) -> list[int]:
    """Find the tokens in which a character stands.

    Args:
        characters: What is looked for; one that is split over several tokens is not found.
        size: Number of token ids.
        piece: Gives the bytes of a token.

    Returns:
        Ids, ascending.
    """
    signs = [character.encode() for character in characters]
    return [token for token in range(size) if any(sign in piece(token) for sign in signs)]


_LONGEST_PIECE: Final = 1024


def piece_of(weights: LlamaModel, token: int) -> bytes:
    """Return the bytes of a token; a control token has none."""
    import ctypes

    from llama_cpp import llama_token_to_piece

    buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
    size = llama_token_to_piece(weights.vocab, token, buffer, _LONGEST_PIECE, 0, False)
    return buffer.raw[: max(size, 0)]
