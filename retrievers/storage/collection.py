"""One user's collection in Chroma, as records."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.storage.backend import Backend
from cogenesis_langchain.retrievers.storage.chroma_errors import explained
from cogenesis_langchain.retrievers.storage.filters import Condition
from cogenesis_langchain.retrievers.storage.record_format import DIGEST, RecordFormat
from cogenesis_langchain.retrievers.storage.records import RESERVED, Ranked, Record

if TYPE_CHECKING:
    import chromadb
    import numpy as np
    from langchain_chroma import Chroma
    from numpy.typing import NDArray

PAGE: Final = 500  # records that are fetched or written at once
FINGERPRINT: Final = f"{RESERVED}embedding"
SAVE_EVERY: Final = 2000
"""Changes after which Chroma saves a new collection's vector index."""

_REVISION: Final = f"{RESERVED}revision"
_SEAL: Final = f"{RESERVED}seal"
_SEALED_WORD: Final = b"cogenesis context store"


def collection_name(user: str) -> str:
    """Return the name of a user's collection, which does not tell the user's."""
    return f"context-{hashlib.sha256(user.encode('utf-8', 'replace')).hexdigest()[:32]}"


class UserCollection:
    """A user's records in Chroma; made if they are not there.

    The caller holds the backend's lock.

    Args:
        backend: Where Chroma runs.
        name: Name of the collection; see `collection_name`.
        record_format: How Chroma keeps them.

    Raises:
        StoreError: It is sealed with another key, or sealed where it should not be, or the other
            way round.
    """

    def __init__(self, backend: Backend, name: str, record_format: RecordFormat) -> None:
        self.name = name
        self._backend = backend
        self._record_format = record_format
        self._searched = False
        with explained(backend.where):
            self._open()
            self._check_seal()

    def count(self) -> int:
        """Return how many records there are."""
        with explained(self._backend.where):
            return self._handle.count()

    def get(self, ids: Sequence[str]) -> dict[str, Record]:
        """Return the records of these ids; unknown ids are left out."""
        found: dict[str, Record] = {}
        with explained(self._backend.where):
            for start in range(0, len(ids), PAGE):
                page = self._chroma.get(ids=list(ids[start : start + PAGE]))
                found |= {record.id: record for record in self._records(page)}
        return found

    def select(
        self, condition: Condition | None = None, limit: int | None = None, offset: int = 0
    ) -> list[Record]:
        """Return records in the order they were added."""
        with explained(self._backend.where):
            return list(
                self._records(self._chroma.get(where=condition, limit=limit, offset=offset))
            )

    def ids(self, condition: Condition | None) -> list[str]:
        """Return the ids of the records of a condition; None is all."""
        with explained(self._backend.where):
            found: list[str] = self._chroma.get(where=condition, include=[])["ids"]
            return found

    def digests(self) -> dict[str, str]:
        """Return the digest of every record's text by its id."""
        found: dict[str, str] = {}
        with explained(self._backend.where):
            for offset in range(0, self._handle.count(), PAGE):
                page = self._chroma.get(limit=PAGE, offset=offset, include=["metadatas"])
                metadatas = (metadata[DIGEST] for metadata in page["metadatas"])
                found |= dict(zip(page["ids"], metadatas, strict=True))
        return found

    def nearest(
        self, vector: Sequence[float], n: int, condition: Condition | None = None
    ) -> list[Ranked]:
        """Return the ids of the records nearest to a vector with their cosines, best first."""
        queries: list[Sequence[float]] = [vector]
        with explained(self._backend.where):
            found = self._handle.query(queries, n_results=n, where=condition, include=["distances"])
        if not self._searched:  # an index that was never saved is written at its first search
            self._searched = True
            self._backend.restrict()
        [distances] = found["distances"] or [[]]
        return [
            (id_, 1 - distance) for id_, distance in zip(found["ids"][0], distances, strict=True)
        ]

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of these records; shape (len(ids), dimensions)."""
        import numpy as np

        by_id: dict[str, NDArray[np.float32]] = {}
        with explained(self._backend.where):
            for start in range(0, len(ids), PAGE):
                wanted = list(ids[start : start + PAGE])
                page = self._chroma.get(ids=wanted, include=["embeddings"])
                by_id |= dict(zip(page["ids"], page["embeddings"], strict=True))
        return np.asarray([by_id[id_] for id_ in ids], dtype=np.float32)

    def write(
        self,
        records: Sequence[Record],
        vectors: NDArray[np.float32],
        replaced: Mapping[str, Record],
    ) -> None:
        """Add records, or replace those of the same id; at most `PAGE` at once.

        Args:
            records: What to write.
            vectors: Their vectors; shape (len(records), dimensions).
            replaced: What is there now, by id. Chroma merges metadata; names that are gone must
                be named.
        """
        texts: list[str] = []
        metadatas: list[Mapping[str, Any]] = []
        for record in records:
            text, metadata = self._record_format.encode(record)
            before = replaced.get(record.id)
            gone = dict.fromkeys(self._record_format.encode(before)[1] if before else ())
            texts.append(text)
            metadatas.append({**gone, **metadata})
        with explained(self._backend.where), self._changing(len(records)):
            self._handle.upsert(
                ids=[record.id for record in records],
                embeddings=vectors,
                documents=texts,
                metadatas=metadatas,
            )

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records; unknown ids do not matter."""
        with explained(self._backend.where):
            for start in range(0, len(ids), PAGE):
                page = list(ids[start : start + PAGE])
                with self._changing(len(page)):
                    self._handle.delete(page)

    def drop(self) -> None:
        """Delete the whole collection."""
        with explained(self._backend.where):
            self._backend.client.delete_collection(self.name)

    def rename(self, name: str) -> None:
        """Give the collection another name."""
        with explained(self._backend.where):
            self._handle.modify(name=name)
        self.name = name

    @property
    def revision(self) -> str:
        """The state of the collection; differs after every change by anyone."""
        return str(self._state().get(_REVISION, ""))

    def renew_revision(self) -> str:
        """Give the collection a new revision and return it."""
        revision = secrets.token_hex(8)
        self._set_state(_REVISION, revision)
        return revision

    @property
    def fingerprint(self) -> str:
        """What the collection's embedding model is told by; "" before the first record."""
        return str(self._state().get(FINGERPRINT, ""))

    @fingerprint.setter
    def fingerprint(self, fingerprint: str) -> None:
        self._set_state(FINGERPRINT, fingerprint)

    def _changing(self, changes: int) -> AbstractContextManager[None]:
        return self._backend.changing(self._handle, changes)

    @property
    def _handle(self) -> chromadb.Collection:
        """The collection as Chroma knows it."""
        self._follow()
        return self._opened

    @property
    def _chroma(self) -> Chroma:
        """The collection as LangChain knows it."""
        self._follow()
        return self._langchain

    def _follow(self) -> None:
        """Go with the backend to its present client, which an erasure replaces."""
        self._backend.check()
        if self._client is not self._backend.client:
            self._open()

    def _open(self) -> None:
        from langchain_chroma import Chroma

        self._client = self._backend.client
        self._searched = False
        sealed = self._record_format.conceal(_SEALED_WORD)
        self._opened = self._client.get_or_create_collection(
            self.name,
            embedding_function=None,
            metadata={_SEAL: base64.b85encode(sealed).decode()},
            configuration={"hnsw": {"space": "cosine", "sync_threshold": SAVE_EVERY}},
        )
        self._langchain = Chroma(
            self.name, client=self._client, create_collection_if_not_exists=False
        )

    def _check_seal(self) -> None:
        """Open something sealed before a record is touched with the wrong key."""
        if _SEAL not in (state := self._state()):
            raise StoreError(
                f"the context store {self._backend.where} was not made by this library",
                remedy="give another folder",
            )
        seal = base64.b85decode(state[_SEAL])
        if self._record_format.key and seal == _SEALED_WORD:
            raise StoreError(
                f"this user's part of the context store {self._backend.where} is not encrypted",
                remedy="open it without a key, or make a new store with the key",
            )
        if not self._record_format.key and seal != _SEALED_WORD:
            raise StoreError(
                f"this user's part of the context store {self._backend.where} is encrypted",
                remedy="open it with its key",
            )
        self._record_format.reveal(seal)

    def _records(self, page: Mapping[str, Any]) -> Iterator[Record]:
        for id_, text, metadata in zip(
            page["ids"], page["documents"], page["metadatas"], strict=True
        ):
            yield self._record_format.decode(id_, text, metadata)

    def _state(self) -> dict[str, Any]:
        """The collection's own metadata, as it is now."""
        with explained(self._backend.where):
            handle = self._handle
            now = self._client.get_collection(handle.name, embedding_function=None)
        return dict(now.metadata or {})

    def _set_state(self, name: str, value: str) -> None:
        with explained(self._backend.where):
            self._handle.modify(metadata={**self._state(), name: value})
