"""A local text model on llama-cpp-python."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, cast

from cogenesis_langchain.errors import (
    ContextTooLong,
    LocalModelError,
    require_package,
)
from cogenesis_langchain.models.base import (
    FinishReason,
    GenerationOptions,
    LocalChunk,
    PrivateMessage,
    Usage,
)
from cogenesis_langchain.models.decoding.chat_template import render_parts
from cogenesis_langchain.models.decoding.grammar import GrammarProcessor, GrammarVocabulary
from cogenesis_langchain.models.decoding.token_exclusion import Exclusion, piece_of
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.entries import file_needs_example
from cogenesis_langchain.models.local.llama_cpp_adapter import LlamaCppAdapter
from cogenesis_langchain.models.local.llama_cpp_file import open_llama, renderer_of

if TYPE_CHECKING:
    import numpy as np
    from llama_cpp import LogitsProcessorList
    from llama_cpp._internals import LlamaContext, LlamaModel
    from llama_cpp.llama_types import CreateCompletionStreamResponse
    from numpy.typing import NDArray

    from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens

_Piece = LocalChunk | None


class LlamaCppModel:
    """A GGUF model in this process.

    One worker thread owns the model. Calls from other threads queue, and a stream that nobody
    reads does not block the next one. The prefix that a prompt shares with the previous prompt
    (the same context, for example) is not read again.

    Args:
        model: Catalog name, ``hf:owner/repo/file.gguf`` or path; see `catalog.fetch`.
        n_ctx: Window in tokens: prompt plus answer.
        n_threads: CPU threads; None is the number of physical cores that this process may use.
        repeat_penalty: Above 1 discourages repetition, which is common in small models.
        adapter: GGUF file of a low-rank adapter for this model, such as `cogenesis train writer`
            makes; None for the model as it is.

    Raises:
        MissingDependency: llama-cpp-python is not installed.
        ModelFileError: No such file, it is not a GGUF model, or the adapter does not fit it.
    """

    def __init__(
        self,
        model: str = "qwen2.5-coder-1.5b-instruct",
        *,
        n_ctx: int = 8192,
        n_threads: int | None = None,
        repeat_penalty: float = 1.1,
        adapter: str | Path | None = None,
    ) -> None:
        require_package("llama_cpp", extra="llama-cpp")
        path = catalog.fetch(model)
        self._name = path.stem
        self._needs_example = file_needs_example(path)
        self._n_ctx = n_ctx
        self._repeat_penalty = repeat_penalty
        self._llama = open_llama(path, n_ctx, n_threads)
        self._adapter = LlamaCppAdapter(self.weights, Path(adapter)) if adapter else None
        self.use_adapter(self._llama._ctx)
        self._render = renderer_of(self._llama)
        self._exclusion = Exclusion(self.weights)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="llama-cpp")

    @property
    def name(self) -> str:
        """File name of the model, without its ending, and of its adapter."""
        return f"{self._name}+{self._adapter.name}" if self._adapter else self._name

    @property
    def needs_example(self) -> bool:
        """Whether its prompts show a worked example; see `ModelFile`."""
        return self._needs_example

    @property
    def n_ctx(self) -> int:
        """Window in tokens."""
        return self._n_ctx

    @property
    def weights(self) -> LlamaModel:
        """The loaded weights and vocabulary, for further contexts over them."""
        return self._llama._model

    def use_adapter(self, context: LlamaContext) -> None:
        """Let a context over the weights use the model's adapter, if it has one."""
        if self._adapter is not None:
            self._adapter.set_in(context)

    @property
    def n_threads(self) -> int:
        """CPU threads."""
        return self._llama.n_threads

    def tokens(self) -> LlamaCppTokens:
        """Return next-token distributions over the same weights, with a cache of their own."""
        from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens

        return LlamaCppTokens(self)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        """Token ids of a prompt, up to where the assistant's turn begins."""
        return [
            token
            for text, is_template in render_parts(self._render, messages)
            for token in self._llama.tokenize(text.encode(), add_bos=False, special=is_template)
        ]

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Read the beginning of a prompt in the background; the next `stream` continues from it.

        Raises:
            ContextTooLong: It does not fit, even without its end.
        """
        self._worker.submit(self._read, self._fitting(messages, options))

    def _fitting(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> list[int]:
        tokens = self.encode_chat(messages)
        if len(tokens) + options.max_tokens > self._n_ctx:
            raise ContextTooLong(len(tokens) + options.max_tokens, self._n_ctx)
        return tokens

    def _read(self, tokens: list[int]) -> None:
        # Sampling one token is the library's way to evaluate a prompt with re-use of the cache.
        next(iter(self._llama.generate(tokens, temp=0.0)))

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Write the assistant's turn; closing the iterator stops the model at the next token.

        Args:
            messages: The prompt.
            options: How to generate.

        Returns:
            Pieces of text; the last has the finish reason and the usage.

        Raises:
            ContextTooLong: Prompt and answer do not fit the window; raised here, before anything
                is generated.
            GrammarError: The grammar cannot be compiled.
            LocalModelError: llama.cpp failed.
        """
        tokens = self._fitting(messages, options)
        processors = self._processors(options, len(tokens))
        steps = _Steps(len(tokens))
        return self._relay(steps, lambda put: self._write(tokens, options, processors, put, steps))

    def check_grammar(self, grammar: str) -> None:
        """Raise `GrammarError` if a grammar cannot be compiled."""
        self._vocabulary.mask(grammar)

    @cached_property
    def _vocabulary(self) -> GrammarVocabulary:
        from llama_cpp import llama_vocab_is_eog

        weights = self.weights
        ids = range(weights.n_vocab())
        return GrammarVocabulary(
            (piece_of(weights, token) for token in ids),
            (token for token in ids if llama_vocab_is_eog(weights.vocab, token)),
            lambda text: weights.tokenize(text, add_bos=False, special=False),
            extra="llama-cpp",
        )

    def _processors(self, options: GenerationOptions, prompt: int) -> LogitsProcessorList | None:
        """What llama.cpp is to do to logits, if anything."""
        from llama_cpp import LogitsProcessorList

        if options.grammar is None:
            return self._exclusion.processors(options)
        return LogitsProcessorList(
            [GrammarProcessor(self._vocabulary.mask(options.grammar), prompt)]
        )

    def _relay(
        self, steps: _Steps, job: Callable[[Callable[[_Piece], None]], None]
    ) -> Iterator[LocalChunk]:
        """Run a job on the worker and yield what it puts; stop it when the reader stops."""
        pieces: SimpleQueue[_Piece] = SimpleQueue()

        def run() -> None:
            try:
                job(pieces.put)
            except (RuntimeError, ValueError) as error:
                raise LocalModelError(
                    f"llama.cpp failed with {type(error).__name__}",
                    remedy="check the model file and the free memory, then try again",
                ) from None
            finally:
                pieces.put(None)

        future = self._worker.submit(run)
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            future.result()
        finally:
            steps.cancelled.set()

    def _write(
        self,
        tokens: list[int],
        options: GenerationOptions,
        processors: LogitsProcessorList | None,
        put: Callable[[_Piece], None],
        steps: _Steps,
    ) -> None:
        from llama_cpp import StoppingCriteriaList

        if steps.cancelled.is_set():
            return
        completion = self._llama.create_completion(
            prompt=tokens,
            max_tokens=options.max_tokens,
            temperature=options.temperature,
            top_p=options.top_p,
            stop=list(options.stop),
            # Without a seed llama-cpp-python would use the same one in every process.
            seed=secrets.randbits(32) if options.seed is None else options.seed,
            # Under a grammar, signs and names have to be repeated exactly.
            repeat_penalty=1.0 if options.grammar else self._repeat_penalty,
            logits_processor=processors,
            stopping_criteria=StoppingCriteriaList([steps]),
            stream=True,
        )
        finish: FinishReason = "stop"
        for piece in cast("Iterator[CreateCompletionStreamResponse]", completion):
            choice = piece["choices"][0]
            finish = "length" if choice["finish_reason"] == "length" else "stop"
            if choice["text"]:
                put(LocalChunk(choice["text"]))
        put(LocalChunk("", finish, Usage(len(tokens), steps.count)))


class _Steps:
    """Counts sampled tokens, and stops the model once the reader has gone.

    The library calls this once per token and once more at the end, so the count is taken from the
    length of the sequence, not from the number of calls.
    """

    def __init__(self, prompt_tokens: int) -> None:
        self._prompt_tokens = prompt_tokens
        self.count = 0
        self.cancelled = threading.Event()

    def __call__(self, ids: NDArray[np.intc], logits: NDArray[np.single]) -> bool:
        self.count = len(ids) - self._prompt_tokens + 1
        return self.cancelled.is_set()
