"""A `BlockScorer` in this process: a reference for servers, and a cloud model for benchmarks."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Final, final

from cogenesis_langchain.models.decoding.logits import top_k
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppCache, LlamaCppTokens
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.views.disclosure import PublicTokens

_TOGETHER: Final = 6
"""Tokens of a batch; on two x86 cores, more gain nothing below sixteen."""


@final
class LlamaCppScorer:
    """Scores blocks with a GGUF model.

    Args:
        model: The model whose weights are used.
        window: Tokens of prompt, text and block; by default the model's.
        threads: CPU threads; by default the model's.
        together: Tokens of a batch. llama.cpp rounds differently for batches of different lengths,
            as other servers do (measured on 4-bit models: 0.02 in total variation, up to 0.05 in a
            probability); with 1 a block scores what its tokens score one by one, to the last bit.
    """

    def __init__(
        self,
        model: LlamaCppModel,
        *,
        window: int | None = None,
        threads: int | None = None,
        together: int = _TOGETHER,
    ) -> None:
        self._model = model
        self._cache = LlamaCppCache(model, window or model.n_ctx, threads)
        self._together = together

    @property
    def window(self) -> int:
        """Most tokens of a sequence."""
        return self._cache.window

    @property
    def max_k(self) -> int:
        """The whole vocabulary."""
        return self._model.weights.n_vocab()

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Ids that end the assistant's turn, as the model file marks them."""
        return LlamaCppTokens(self._model, window=8).end_tokens

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        """Top-k after ``ids[:i]`` for each i in start..len(sequence)."""
        return self._cache.read(sequence.ids, start, partial(top_k, k=k), together=self._together)
