"""Next-token distributions of a GGUF model in this process, over a cache that rolls back.

It uses llama.cpp's batches directly, so that logits are computed only where they are needed and no
array of window times vocabulary is allocated.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, final

from cogenesis_langchain.errors import ContextTooLong, LocalModelError
from cogenesis_langchain.models.base import LogProbs, PrivateMessage
from cogenesis_langchain.models.decoding.logits import common_prefix, log_softmax
from cogenesis_langchain.models.decoding.token_exclusion import piece_of
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_T = TypeVar("_T")
_Logits: TypeAlias = "NDArray[np.float32]"
_READ: Final = 256
"""Tokens per batch while a prompt is read."""
_KNOWN: Final = 32
"""Tokens per batch while a known text is read."""


class LlamaCppCache:
    """A llama.cpp context, and the ids that its key-value cache holds."""

    def __init__(self, model: LlamaCppModel, window: int, threads: int | None) -> None:
        import llama_cpp
        from llama_cpp._internals import LlamaBatch, LlamaContext

        params = llama_cpp.llama_context_default_params()
        params.n_ctx = window
        params.n_batch = params.n_ubatch = _READ
        params.n_threads = params.n_threads_batch = threads or model.n_threads
        try:
            self._context = LlamaContext(model=model.weights, params=params, verbose=False)
        except ValueError:
            raise LocalModelError(
                f"llama.cpp cannot open a window of {window} tokens",
                remedy="use a smaller window, or free memory",
            ) from None
        # The library's model keeps every context over it, so its memory has to be freed here.
        weakref.finalize(self, self._context.close)
        model.use_adapter(self._context)
        self._batch = LlamaBatch(n_tokens=_READ, embd=0, n_seq_max=1, verbose=False)
        self._vocabulary = model.weights.n_vocab()
        self._ids: list[int] = []
        self._lock = threading.Lock()
        self.window = window

    def read(
        self,
        ids: Sequence[int],
        start: int,
        reduce: Callable[[_Logits], _T],
        *,
        together: int = 1,
    ) -> list[_T]:
        """Evaluate a sequence and reduce the logits of its last positions.

        What ``ids`` shares with the cache is not read again, except the token before ``start``,
        whose logits are the first to be reduced.

        Args:
            ids: The whole sequence.
            start: First position whose prediction is wanted, 1 <= start <= len(ids).
            reduce: Called with logits of shape (vocabulary,), which it must not keep.
            together: Tokens per batch where logits are wanted.

        Returns:
            One result for the logits after ``ids[:i]``, for each i in start..len(ids).
        """
        if len(ids) > self.window:
            raise ContextTooLong(len(ids), self.window)
        with self._lock:
            kept = min(common_prefix(self._ids, ids), start - 1)
            self._context.kv_cache_seq_rm(0, kept, -1)
            del self._ids[kept:]
            for begin in range(kept, start - 1, _READ):
                self._decode(ids[begin : min(begin + _READ, start - 1)], all_logits=False)
            results: list[_T] = []
            for begin in range(start - 1, len(ids), together):
                chunk = ids[begin : begin + together]
                self._decode(chunk, all_logits=True)
                results += [reduce(self._row(index)) for index in range(len(chunk))]
            return results

    def _row(self, index: int) -> _Logits:
        import numpy as np

        pointer = self._context.get_logits_ith(index)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary,))

    def _decode(self, ids: Sequence[int], *, all_logits: bool) -> None:
        self._batch.set_batch(batch=ids, n_past=len(self._ids), logits_all=all_logits)
        try:
            self._context.decode(self._batch)
        except RuntimeError:
            self._ids.clear()
            self._context.kv_cache_seq_rm(0, 0, -1)
            raise LocalModelError(
                "llama.cpp failed to evaluate a batch",
                remedy="check the model file and the free memory, then try again",
            ) from None
        self._ids.extend(ids)


@final
class LlamaCppTokens:
    """A `TokenModel` with a cache of its own, over the weights of a `LlamaCppModel`.

    Args:
        model: The model whose weights, tokenizer and chat template are used.
        window: Tokens of prompt plus answer; by default the model's.
        threads: CPU threads; by default the model's.
    """

    def __init__(
        self, model: LlamaCppModel, *, window: int | None = None, threads: int | None = None
    ) -> None:
        self._model = model
        self._cache = LlamaCppCache(model, window or model.n_ctx, threads)
        self._pieces: dict[int, bytes] = {}

    @property
    def needs_example(self) -> bool:
        """Whether prompts of the model show a worked example."""
        return self._model.needs_example

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids."""
        return self._model.weights.n_vocab()

    @property
    def window(self) -> int:
        """Most tokens of a sequence."""
        return self._cache.window

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Ids that end the assistant's turn, as the model file marks them."""
        from llama_cpp import llama_vocab_is_eog

        weights = self._model.weights
        return frozenset(
            token for token in range(weights.n_vocab()) if llama_vocab_is_eog(weights.vocab, token)
        )

    def encode(self, text: bytes) -> list[int]:
        """Token ids of plain text; what looks like a control token stays text."""
        ids: list[int] = self._model.weights.tokenize(text, add_bos=False, special=False)
        return ids

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        """Token ids of a prompt, up to where the assistant's turn begins."""
        return self._model.encode_chat(messages)

    def decode(self, ids: Sequence[int]) -> bytes:
        """Bytes of these tokens; control tokens have none."""
        return b"".join(self._piece(token) for token in ids)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        """Log-probabilities of the token after ``ids``; rolls the cache back as needed."""
        return self._cache.read(ids, len(ids), log_softmax)[0]

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], _T]) -> list[_T]:
        """Read a known text in few batches; see `TokenModel.read`."""
        return self._cache.read(
            ids, start, lambda logits: reduce(log_softmax(logits)), together=_KNOWN
        )

    def _piece(self, token: int) -> bytes:
        if token not in self._pieces:
            self._pieces[token] = piece_of(self._model.weights, token)
        return self._pieces[token]
