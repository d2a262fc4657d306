"""Embeddings computed on this machine: the built-in model, and the checks for any other one.

The built-in model is all-MiniLM-L6-v2 as int8 ONNX (23 MB) on onnxruntime, so neither torch nor a
network is needed to run it. Its two files come from the model catalog. `LocalMiniLM()` downloads
them if they are missing; a store that was given no model does not.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Final

from langchain_core.embeddings import Embeddings

from cogenesis_langchain.errors import (
    CoGenesisError,
    ConfigurationError,
    ModelFileMissing,
    StoreError,
    require_package,
)
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.onnx.session import encodable, open_session, open_tokenizer
from cogenesis_langchain.privacy.trust.admission import require_trusted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TOKENS: Final = 256
"""Longest input of the model; tokens beyond it are ignored."""

_WINDOW: Final = 1024  # number of texts that are tokenised and sorted by length together

VECTORS_LOST: Final = "lost"
"""Fingerprint of a collection whose damaged vectors were discarded."""

_PROBE: Final = "The quick brown fox jumps over the lazy dog near the river bank at 7 o'clock."
_MIN_SAME_COSINE: Final = 0.98
"""Two vectors of the probe text with at least this cosine come from the same model. Rounding
differs between processors; vectors of different models are unrelated."""


class LocalMiniLM(Embeddings):
    """all-MiniLM-L6-v2: 384 dimensions, mean-pooled, unit length.

    Safe to share between threads.

    Args:
        model: ONNX file, by catalog name or path.
        tokenizer: Its ``tokenizer.json``, by catalog name or path.
        download: Whether a file that is missing is downloaded.
        batch_size: Maximum number of texts in a forward pass, at least 1.
        threads: Threads of a forward pass; None lets onnxruntime use every core.

    Raises:
        ConfigurationError: ``batch_size`` is less than 1.
        MissingDependency: The extra ``chroma`` is not installed.
        ModelFileError: A file is missing, or cannot be downloaded.
        ModelFileDamaged: A file cannot be read.
    """

    def __init__(
        self,
        model: str | Path = "minilm-l6-v2-int8",
        tokenizer: str | Path = "minilm-l6-v2-tokenizer",
        *,
        download: bool = True,
        batch_size: int = 32,
        threads: int | None = None,
    ) -> None:
        if batch_size < 1:
            raise ConfigurationError(
                f"batch_size={batch_size} is less than 1", remedy="pass 1 or more"
            )
        require_package("tokenizers", extra="chroma")
        find = catalog.fetch if download else catalog.require
        self._batch_size = batch_size
        remedy = f"fetch both files again: cogenesis models pull {model} {tokenizer}"
        self._tokenizer = open_tokenizer(find(tokenizer), remedy=remedy)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = open_session(
            find(model), threads=threads or 0, extra="chroma", remedy=remedy
        )

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts.

        Args:
            texts: The texts; each is truncated to `MAX_TOKENS` tokens.

        Returns:
            One unit vector of 384 numbers for each text, in the same order.
        """
        windows = (texts[start : start + _WINDOW] for start in range(0, len(texts), _WINDOW))
        return [vector for window in windows for vector in self._embed(window)]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text as `embed_documents` does."""
        return self.embed_documents([text])[0]

    def _embed(self, texts: Sequence[str]) -> Iterator[list[float]]:
        """Embed a window of texts, shortest first, so that batches contain little padding."""
        import numpy as np

        encodings = self._tokenizer.encode_batch([encodable(text) for text in texts])
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
        # Normalising removes the factor between the mean and the sum over the real tokens.
        pooled: NDArray[np.float32] = np.einsum("bth,bt->bh", hidden, mask.astype(np.float32))
        pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
        return pooled


class LocalEmbeddings:
    """Wraps a store's embedding model: opens it at first use and checks where it runs.

    Args:
        embeddings: Any LangChain embedding model; None is `LocalMiniLM`, whose files must be on
            this machine, because using a store opens no connection.
        trusted_hosts: Hosts besides loopback that it may send private text to.
        trust: Objects and classes that the caller vouches for.

    Raises:
        UntrustedLocalModel: The model is a client of another host.
    """

    def __init__(
        self,
        embeddings: Embeddings | None,
        trusted_hosts: Collection[str],
        trust: Collection[object] = (),
    ) -> None:
        self._embeddings = embeddings
        self._trusted_hosts = trusted_hosts
        self._trust = trust
        self._opening = threading.Lock()
        self._probe: NDArray[np.float32] | None = None
        if embeddings is not None:
            require_trusted(embeddings, trusted_hosts, trust)

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; shape (len(texts), dimensions).

        Raises:
            StoreError: The model fails, or does not return one finite vector for each text.
        """
        import numpy as np

        model = self._model()
        with _translated_errors(model):
            vectors = np.asarray(model.embed_documents(list(texts)), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise _bad_vectors(model)
        return vectors

    def query(self, text: str) -> list[float]:
        """Embed a query.

        Raises:
            StoreError: The model fails, or does not return finite numbers.
        """
        model = self._model()
        with _translated_errors(model):
            vector = [float(number) for number in model.embed_query(text)]
        if not all(map(isfinite, vector)):
            raise _bad_vectors(model)
        return vector

    def check(self, fingerprint: str) -> None:
        """Check that a collection was built with this model.

        Args:
            fingerprint: What `fingerprint` returned when it was built.

        Raises:
            StoreError: It was built with another model, or its vectors are lost.
        """
        import numpy as np

        if fingerprint == VECTORS_LOST:
            raise StoreError(
                "the vectors of this user's records are lost, because the index was damaged",
                remedy="recompute them from the texts: cogenesis context rebuild",
            )
        built_with = np.frombuffer(base64.b85decode(fingerprint), dtype=np.float16)
        present = self._probe_vector()
        if len(built_with) == len(present):
            norms = np.linalg.norm(built_with.astype(np.float32)) * np.linalg.norm(present)
            if built_with.astype(np.float32) @ present >= _MIN_SAME_COSINE * norms:
                return
            difference = "another embedding model"
        else:
            difference = f"an embedding model of {len(built_with)} dimensions, not {len(present)}"
        raise StoreError(
            f"the context store was built with {difference}",
            remedy="open it with the embedding model it was built with, or recompute its vectors: "
            "cogenesis context rebuild, or rebuild_store(...) with your own embeddings",
        )

    def fingerprint(self) -> str:
        """Return a fingerprint that identifies the model: its vector of a fixed sentence."""
        import numpy as np

        return base64.b85encode(self._probe_vector().astype(np.float16).tobytes()).decode()

    def _probe_vector(self) -> NDArray[np.float32]:
        if self._probe is None:
            self._probe = self.documents([_PROBE])[0]
        return self._probe

    def _model(self) -> Embeddings:
        with self._opening:
            if self._embeddings is None:
                self._embeddings = _downloaded_model()
            else:
                # Checked at every call, because a client's address can be changed meanwhile.
                require_trusted(self._embeddings, self._trusted_hosts, self._trust)
            return self._embeddings


def _downloaded_model() -> LocalMiniLM:
    """The built-in model, if its files are here: a store does not use the network by itself."""
    try:
        return LocalMiniLM(download=False)
    except ModelFileMissing:
        raise ModelFileMissing(
            "the embedding model is not on this machine yet",
            remedy="pass embeddings=LocalMiniLM() to the store, which downloads it, or run: "
            "cogenesis models pull minilm-l6-v2-int8 minilm-l6-v2-tokenizer",
        ) from None


def _bad_vectors(model: Embeddings) -> StoreError:
    return StoreError(
        f"the embedding model {type(model).__name__} did not return one finite vector for each "
        "text",
        remedy="test the model alone, with a few short texts",
    )


@contextmanager
def _translated_errors(model: Embeddings) -> Iterator[None]:
    try:
        yield
    except CoGenesisError:
        raise
    except Exception as error:  # any model of the user; its errors often contain the texts
        raise StoreError(
            f"the embedding model {type(model).__name__} failed ({type(error).__name__})",
            remedy="test the model alone, with a short text",
        ) from None
