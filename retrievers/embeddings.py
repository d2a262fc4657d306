"""Embeddings that are computed on this machine: all-MiniLM-L6-v2 in ONNX.

The model file holds int8 weights (23 MB) and runs on onnxruntime, so neither torch nor a network
is needed. Both files come from the catalog; a missing one is an error with its remedy, never a
silent download.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from langchain_core.embeddings import Embeddings

from cogenesis_langchain.errors import MissingDependency, ModelFileDamaged
from cogenesis_langchain.models.files import catalog

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MAX_TOKENS: Final = 256
"""Longest input of the model; what is beyond it does not count for the vector."""

_WINDOW: Final = 1024  # texts that are tokenised and sorted by length together


class LocalMiniLM(Embeddings):
    """all-MiniLM-L6-v2: 384 dimensions, mean-pooled, unit length.

    Safe to share between threads.

    Args:
        model: ONNX file, by catalog name or path; fetched if it is not here yet.
        tokenizer: Its ``tokenizer.json``, by catalog name or path.
        batch_size: Most texts of one forward pass.
        threads: Threads of one forward pass; None lets onnxruntime take every core.

    Raises:
        MissingDependency: The extra ``chroma`` is not installed.
        ModelFileError: A file cannot be fetched.
        ModelFileDamaged: A file cannot be read.
    """

    def __init__(
        self,
        model: str | Path = "minilm-l6-v2-int8",
        tokenizer: str | Path = "minilm-l6-v2-tokenizer",
        *,
        batch_size: int = 32,
        threads: int | None = None,
    ) -> None:
        self._batch_size = batch_size
        self._tokenizer = _load_tokenizer(catalog.fetch(tokenizer))
        self._session = _load_session(catalog.fetch(model), threads or 0)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts.

        Args:
            texts: Any number of texts; each counts up to `MAX_TOKENS` tokens.

        Returns:
            One unit vector of 384 numbers for each text, in the same order.
        """
        windows = (texts[start : start + _WINDOW] for start in range(0, len(texts), _WINDOW))
        return [vector for window in windows for vector in self._embed(window)]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text the way `embed_documents` does."""
        return self.embed_documents([text])[0]

    def _embed(self, texts: Sequence[str]) -> Iterator[list[float]]:
        """Embed a window of texts, shortest first, so that a batch holds little padding."""
        import numpy as np

        encodings = self._tokenizer.encode_batch([_encodable(text) for text in texts])
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        vectors = np.empty((len(texts), 384), dtype=np.float32)
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            vectors[batch] = self._forward([encodings[index].ids for index in batch])
        return iter(vectors.tolist())

    def _forward(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Run one batch: token ids in, unit vectors out; shape (len(ids), 384)."""
        import numpy as np

        shape = (len(ids), max(map(len, ids)))
        tokens, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, sequence in enumerate(ids):
            tokens[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        hidden = self._session.run(
            ["last_hidden_state"],
            {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(mask)},
        )[0]
        # The mean over real tokens and the sum have the same direction, which is all that is kept.
        pooled: NDArray[np.float32] = np.einsum("bth,bt->bh", hidden, mask.astype(np.float32))
        pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
        return pooled


def _encodable(text: str) -> str:
    """Replace lone surrogates, which cannot be tokenised."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingDependency("tokenizers", extra="chroma") from None
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the binding raises bare Exception
        raise _damaged(path) from error
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _load_session(path: Path, threads: int) -> InferenceSession:
    _disable_telemetry()
    try:
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import (
            Fail,
            InvalidArgument,
            InvalidGraph,
            InvalidProtobuf,
        )
    except ImportError:
        raise MissingDependency("onnxruntime", extra="chroma") from None
    onnxruntime.disable_telemetry_events()  # someone else may have imported it first
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf) as error:
        raise _damaged(path) from error


def _disable_telemetry() -> None:
    """Keep onnxruntime from reporting the process to its vendor, out of sight of Python's sockets.

    It reads the variable once, when it is first imported.
    """
    if "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
        warnings.warn(
            "onnxruntime was imported before its telemetry was disabled, and may have reported "
            "this process to its vendor; set ORT_DISABLE_TELEMETRY=1 before Python starts",
            RuntimeWarning,
            stacklevel=2,
        )
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def _damaged(path: Path) -> ModelFileDamaged:
    return ModelFileDamaged(
        f"{path} is not a model file that can be read",
        remedy="fetch it again: cogenesis models pull minilm-l6-v2-int8 and "
        "cogenesis models pull minilm-l6-v2-tokenizer",
    )
