"""A local model on transformers: writes text, and gives next-token distributions."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, final

from cogenesis_langchain.errors import (
    ContextTooLong,
    FusionError,
    LocalModelError,
    MissingDependency,
)
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, LogProbs, PrivateMessage
from cogenesis_langchain.models.decoding.chat_template import render_parts
from cogenesis_langchain.models.decoding.logits import common_prefix, log_softmax
from cogenesis_langchain.models.decoding.token_writer import TokenWriter, encode_fitting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_T = TypeVar("_T")
_Logits: TypeAlias = "NDArray[np.float32]"


class _Cache:
    """A model and the ids that its key-value cache holds."""

    def __init__(self, model: PreTrainedModel) -> None:
        try:
            from transformers import DynamicCache
        except ImportError:
            raise MissingDependency("transformers", extra="transformers") from None
        self._model = model.train(mode=False)
        self._keys_values = DynamicCache()
        self._ids: list[int] = []
        self._lock = threading.Lock()
        self.window = int(model.config.max_position_embeddings)

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[_Logits], _T]) -> list[_T]:
        """Reduce the logits after ``ids[:i]`` for each i in start..len(ids).

        What ``ids`` shares with the cache is not read again, except the token before ``start``.
        """
        import torch

        if len(ids) > self.window:
            raise ContextTooLong(len(ids), self.window)
        with self._lock, torch.inference_mode():
            kept = min(common_prefix(self._ids, ids), start - 1)
            if kept < len(self._ids):
                self._keys_values.crop(kept - len(self._ids))
            try:
                logits = self._model(
                    input_ids=torch.tensor([list(ids[kept:])], device=self._model.device),
                    past_key_values=self._keys_values,
                    logits_to_keep=len(ids) - start + 1,
                ).logits[0]
            except RuntimeError:  # also torch's error of too little memory; the cache is unusable
                self._keys_values = type(self._keys_values)()
                self._ids.clear()
                raise LocalModelError(
                    "the transformers model failed to evaluate a batch",
                    remedy="free some memory, or use a smaller model",
                ) from None
            self._ids = list(ids)
            return [reduce(row.float().cpu().numpy()) for row in logits]


@final
class TransformersTokens:
    """A `TokenModel` on transformers, with a key-value cache of its own that is cropped.

    Args:
        model: A causal language model.
        tokenizer: Its fast tokenizer, with a chat template.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
        self._cache = _Cache(model)
        self._tokenizer = tokenizer
        self._pieces = token_bytes(tokenizer)
        self.vocabulary_size = int(model.config.vocab_size)
        self.end_tokens = _end_tokens(model, tokenizer)

    @property
    def window(self) -> int:
        """Most tokens of a sequence."""
        return self._cache.window

    def encode(self, text: bytes) -> list[int]:
        """Token ids of plain text; what looks like a control token stays text."""
        ids: list[int] = self._tokenizer.encode(
            text.decode(), add_special_tokens=False, split_special_tokens=True
        )
        return ids

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        """Token ids of a prompt, up to where the assistant's turn begins."""
        ids: list[int] = []
        for text, is_template in render_parts(self._render, messages):
            ids += self._tokenizer.encode(
                text, add_special_tokens=False, split_special_tokens=not is_template
            )
        return ids

    def _render(self, turns: list[dict[str, str]]) -> str:
        rendered = self._tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True
        )
        return str(rendered)

    def decode(self, ids: Sequence[int]) -> bytes:
        """Bytes of these tokens; control tokens have none."""
        return b"".join(self._pieces.get(token, b"") for token in ids)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        """Log-probabilities of the token after ``ids``; crops the cache as needed."""
        return self._cache.read(ids, len(ids), log_softmax)[0]

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], _T]) -> list[_T]:
        """Score the last positions of a known text; see `TokenModel.read`."""
        return self._cache.read(ids, start, lambda logits: reduce(log_softmax(logits)))


@final
class TransformersModel:
    """A local model on transformers: writes text, and offers tokens for fused decoding.

    Args:
        model: A causal language model.
        tokenizer: Its fast tokenizer, with a chat template.

    Raises:
        MissingDependency: transformers is not installed.
        FusionError: The tokenizer is of an unknown kind.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._reader = self.tokens()
        self._writer = TokenWriter(self._reader)

    @property
    def name(self) -> str:
        """Name or path the model was loaded from, or its class."""
        return self._model.name_or_path or type(self._model).__name__

    def tokens(self) -> TransformersTokens:
        """Return next-token distributions over the same weights, with a cache of their own."""
        return TransformersTokens(self._model, self._tokenizer)

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Check that a prompt fits; it is read when writing starts.

        Raises:
            ContextTooLong: It does not fit even without its end.
        """
        encode_fitting(self._reader, messages, options)

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Write the assistant's turn; closing the iterator stops it.

        Raises:
            ContextTooLong: Prompt and answer do not fit the window; raised before anything is
                generated.
            GrammarError: The grammar cannot be compiled.
        """
        return self._writer.stream(messages, options)

    def check_grammar(self, grammar: str) -> None:
        """Raise `GrammarError` if a grammar cannot be compiled."""
        self._writer.vocabulary.mask(grammar)


def _end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """The tokenizer's end token and those of the generation settings."""
    settings = getattr(model.generation_config, "eos_token_id", None)
    several = settings if isinstance(settings, list) else [settings]
    return frozenset(
        int(token) for token in (tokenizer.eos_token_id, *several) if isinstance(token, int)
    )


_BYTE: Final = re.compile(r"<0x([0-9A-F]{2})>")


def token_bytes(tokenizer: PreTrainedTokenizerFast) -> dict[int, bytes]:
    """Return the bytes of every token but the control tokens.

    Args:
        tokenizer: Byte-level (GPT-2, Llama 3, Qwen) or SentencePiece with byte fallback (Llama 2,
            Gemma).

    Raises:
        FusionError: It is of another kind.
    """
    control = set(tokenizer.all_special_ids)
    vocabulary = {
        token: text for text, token in tokenizer.get_vocab().items() if token not in control
    }
    decoder = json.dumps(json.loads(tokenizer.backend_tokenizer.to_str()).get("decoder"))
    if '"ByteLevel"' in decoder:
        return {token: _from_byte_level(text) for token, text in vocabulary.items()}
    if '"ByteFallback"' in decoder:
        return {token: _from_sentencepiece(text) for token, text in vocabulary.items()}
    raise FusionError(
        "the tokenizer is neither byte-level nor SentencePiece with byte fallback",
        remedy="use a local model with a byte-level tokenizer, such as Qwen or Llama",
    )


def _byte_level_alphabet() -> dict[str, int]:
    """Characters that stand for bytes: printable ones for themselves, the rest from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(0x100 + index): byte for index, byte in enumerate(others)}


_ALPHABET: Final = _byte_level_alphabet()


def _from_byte_level(text: str) -> bytes:
    if all(character in _ALPHABET for character in text):
        return bytes(_ALPHABET[character] for character in text)
    return text.encode()  # a token that was added as it reads


def _from_sentencepiece(text: str) -> bytes:
    byte = _BYTE.fullmatch(text)
    return bytes([int(byte[1], 16)]) if byte else text.replace("▁", " ").encode()
