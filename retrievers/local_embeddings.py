"""The embedding model of a store: it runs locally, and it is the one the store was made with."""

from __future__ import annotations

import base64
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Final

from langchain_core.embeddings import Embeddings

from cogenesis_langchain.errors import CoGenesisError, StoreError
from cogenesis_langchain.privacy.hosts import require_trusted
from cogenesis_langchain.retrievers.embeddings import LocalMiniLM

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOST: Final = "lost"
"""The fingerprint of a collection whose vectors were thrown away because they were damaged."""

_PROBE: Final = "The quick brown fox jumps over the lazy dog near the river bank at 7 o'clock."
_SAME: Final = 0.98
"""Least cosine of the probe's two vectors. Rounding differs between processors; two models agree
in no more than chance."""


class LocalEmbeddings:
    """The embedding model of a process, opened at first use and checked to run locally.

    Args:
        embeddings: Any LangChain embedding model; None is `LocalMiniLM`.
        trusted_hosts: Hosts besides loopback that it may send private text to.

    Raises:
        UntrustedLocalModel: It is a client of another host.
    """

    def __init__(self, embeddings: Embeddings | None, trusted_hosts: Collection[str]) -> None:
        self._embeddings = embeddings
        self._trusted_hosts = trusted_hosts
        self._opening = threading.Lock()
        self._probe: NDArray[np.float32] | None = None
        if embeddings is not None:
            require_trusted(embeddings, trusted_hosts)

    def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; shape (len(texts), dimensions).

        Raises:
            StoreError: The model fails, or does not give one finite vector for each text.
        """
        import numpy as np

        model = self._model()
        with _without_payload(model):
            vectors = np.asarray(model.embed_documents(list(texts)), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise _not_a_model(model)
        return vectors

    def query(self, text: str) -> list[float]:
        """Embed a query.

        Raises:
            StoreError: The model fails, or does not give finite numbers.
        """
        model = self._model()
        with _without_payload(model):
            vector = [float(number) for number in model.embed_query(text)]
        if not all(map(isfinite, vector)):
            raise _not_a_model(model)
        return vector

    def check(self, fingerprint: str) -> None:
        """Check that a collection was made with this model.

        Args:
            fingerprint: What `fingerprint` returned then.

        Raises:
            StoreError: It was made with another one.
        """
        import numpy as np

        if fingerprint == LOST:
            raise StoreError(
                "the vectors of this user's records are lost: the index was damaged",
                remedy="make them again from the texts: cogenesis context rebuild",
            )
        made_with = np.frombuffer(base64.b85decode(fingerprint), dtype=np.float16)
        present = self._probed()
        if len(made_with) == len(present):
            norms = np.linalg.norm(made_with.astype(np.float32)) * np.linalg.norm(present)
            if made_with.astype(np.float32) @ present >= _SAME * norms:
                return
            difference = "another embedding model"
        else:
            difference = f"an embedding model of {len(made_with)} dimensions, not {len(present)}"
        raise StoreError(
            f"the context store was made with {difference}: its vectors mean nothing to this one",
            remedy="open it with the embedding model it was made with, or make its vectors again "
            "from the texts: cogenesis context rebuild, or rebuild(...) with your own embeddings",
        )

    def fingerprint(self) -> str:
        """Return what tells this model from others: its vector of a fixed sentence."""
        import numpy as np

        return base64.b85encode(self._probed().astype(np.float16).tobytes()).decode()

    def _probed(self) -> NDArray[np.float32]:
        if self._probe is None:
            self._probe = self.documents([_PROBE])[0]
        return self._probe

    def _model(self) -> Embeddings:
        with self._opening:
            if self._embeddings is None:
                self._embeddings = LocalMiniLM()
            else:
                require_trusted(self._embeddings, self._trusted_hosts)
            return self._embeddings


def _not_a_model(model: Embeddings) -> StoreError:
    return StoreError(
        f"the embedding model {type(model).__name__} does not give one finite vector for each text",
        remedy="try it on a few short texts by itself",
    )


@contextmanager
def _without_payload(model: Embeddings) -> Iterator[None]:
    try:
        yield
    except CoGenesisError:
        raise
    except Exception as error:  # anyone's model; its errors often hold the texts it was given
        raise StoreError(
            f"the embedding model {type(model).__name__} failed ({type(error).__name__})",
            remedy="try it on a short text by itself",
        ) from None
