"""Keeping characters out of what llama.cpp writes."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, final

from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.models.llama_cpp_pieces import piece_of
from cogenesis_langchain.models.vocabulary import tokens_holding

if TYPE_CHECKING:
    import numpy as np
    from llama_cpp import LogitsProcessorList
    from llama_cpp._internals import LlamaModel
    from numpy.typing import NDArray


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
        if not characters or options.json_schema is not None:
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
