"""Reads and writes one user's records in a Chroma collection."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.storage.chroma.backend import Backend
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import translated_errors
from cogenesis_langchain.retrievers.storage.filters import Condition
from cogenesis_langchain.retrievers.storage.record_format import DIGEST, RecordFormat
from cogenesis_langchain.retrievers.storage.records import RESERVED, Ranked, Record

if TYPE_CHECKING:
    import chromadb
    import numpy as np
    from langchain_chroma import Chroma
    from numpy.typing import NDArray

PAGE: Final = 500  # number of records fetched or written at once
FINGERPRINT: Final = f"{RESERVED}embedding"
SAVE_EVERY: Final = 2000
"""Number of changes after which Chroma saves the vector index of a new collection."""

_REVISION: Final = f"{RESERVED}revision"
_KEY_CHECK: Final = f"{RESERVED}seal"
_KEY_CHECK_TEXT: Final = b"cogenesis context store"
"""Stored encrypted with each collection, to recognise a wrong key."""


def collection_name(user: str) -> str:
    """Return the name of a user's collection, which does not reveal the user's name."""
    return f"context-{hashlib.sha256(user.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


class UserCollection:
    """A user's records in Chroma; the collection is created if it does not exist.

    The caller holds the backend's lock.

    Args:
        backend: Where Chroma runs.
        name: Name of the collection; see `collection_name`.
        record_format: How Chroma stores the records.

    Raises:
        StoreError: The collection is encrypted with another key, or the key was given for an
            unencrypted one, or is missing for an encrypted one.
    """

    def __init__(self, backend: Backend, name: str, record_format: RecordFormat) -> None:
        self.name = name
        self._backend = backend
        self._record_format = record_format
        with translated_errors(backend.location):
            self._open()
            self._check_key()

    def count(self) -> int:
        """Return the number of records."""
        with translated_errors(self._backend.location):
            return self._handle.count()

    def get(self, ids: Sequence[str]) -> dict[str, Record]:
        """Return the records with these ids; unknown ids are skipped."""
        found: dict[str, Record] = {}
        with translated_errors(self._backend.location):
            for start in range(0, len(ids), PAGE):
                page = self._langchain.get(ids=list(ids[start : start + PAGE]))
                found |= {record.id: record for record in self._records(page)}
        return found

    def select(
        self, condition: Condition | None = None, limit: int | None = None, offset: int = 0
    ) -> list[Record]:
        """Return records in the order they were added."""
        with translated_errors(self._backend.location):
            return list(
                self._records(self._langchain.get(where=condition, limit=limit, offset=offset))
            )

    def ids(self, condition: Condition | None) -> list[str]:
        """Return the ids of the records that meet a condition; None returns all."""
        with translated_errors(self._backend.location):
            found: list[str] = self._langchain.get(where=condition, include=[])["ids"]
            return found

    def digests(self) -> dict[str, str]:
        """Return the digest of every record's text by id."""
        found: dict[str, str] = {}
        with translated_errors(self._backend.location):
            for offset in range(0, self._handle.count(), PAGE):
                page = self._langchain.get(limit=PAGE, offset=offset, include=["metadatas"])
                digests = (metadata[DIGEST] for metadata in page["metadatas"])
                found |= dict(zip(page["ids"], digests, strict=True))
        return found

    def nearest(
        self, vector: Sequence[float], n: int, condition: Condition | None = None
    ) -> list[Ranked]:
        """Return the ids nearest to a vector with their cosines, best first."""
        queries: list[Sequence[float]] = [vector]
        with translated_errors(self._backend.location):
            found = self._handle.query(queries, n_results=n, where=condition, include=["distances"])
        [distances] = found["distances"] or [[]]
        return [
            (id_, 1 - distance) for id_, distance in zip(found["ids"][0], distances, strict=True)
        ]

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of these records; unknown ids are skipped."""
        found: dict[str, NDArray[np.float32]] = {}
        with translated_errors(self._backend.location):
            for start in range(0, len(ids), PAGE):
                wanted = list(ids[start : start + PAGE])
                page = self._langchain.get(ids=wanted, include=["embeddings"])
                found |= dict(zip(page["ids"], page["embeddings"], strict=True))
        return found

    def write(
        self,
        records: Sequence[Record],
        vectors: NDArray[np.float32],
        replaced: Mapping[str, Record],
    ) -> None:
        """Add records, or replace those with the same id; at most `PAGE` at once.

        Args:
            records: The records.
            vectors: Their vectors; shape (len(records), dimensions).
            replaced: The existing records by id.
        """
        texts: list[str] = []
        metadatas: list[Mapping[str, Any]] = []
        for record in records:
            text, metadata = self._record_format.encode(record)
            before = replaced.get(record.id)
            # Chroma merges metadata: a name is removed only if it is given as None.
            removed = dict.fromkeys(self._record_format.encode(before)[1] if before else ())
            texts.append(text)
            metadatas.append({**removed, **metadata})
        with translated_errors(self._backend.location), self._changing(len(records)):
            self._handle.upsert(
                ids=[record.id for record in records],
                embeddings=vectors,
                documents=texts,
                metadatas=metadatas,
            )

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records; unknown ids are ignored."""
        with translated_errors(self._backend.location):
            for start in range(0, len(ids), PAGE):
                page = list(ids[start : start + PAGE])
                with self._changing(len(page)):
                    self._handle.delete(page)

    def drop(self) -> None:
        """Delete the whole collection."""
        with translated_errors(self._backend.location):
            self._backend.client.delete_collection(self.name)

    def rename(self, name: str) -> None:
        """Rename the collection."""
        with translated_errors(self._backend.location):
            self._handle.modify(name=name)
        self.name = name

    @property
    def revision(self) -> str:
        """The collection's revision, which differs after every change by any client."""
        return str(self._state().get(_REVISION, ""))

    def renew_revision(self) -> str:
        """Set a new revision and return it."""
        revision = secrets.token_hex(8)
        self._set_state(_REVISION, revision)
        return revision

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the collection's embedding model; "" before the first record."""
        return str(self._state().get(FINGERPRINT, ""))

    @fingerprint.setter
    def fingerprint(self, fingerprint: str) -> None:
        self._set_state(FINGERPRINT, fingerprint)

    def _changing(self, changes: int) -> AbstractContextManager[None]:
        return self._backend.changing(self._handle, changes)

    @property
    def _handle(self) -> chromadb.Collection:
        """The collection as a Chroma object."""
        self._refresh_client()
        return self._chroma_collection

    @property
    def _langchain(self) -> Chroma:
        """The collection as a LangChain vector store."""
        self._refresh_client()
        return self._langchain_store

    def _refresh_client(self) -> None:
        """Reopen the collection if an erasure has replaced the backend's client."""
        self._backend.check_process()
        if self._client is not self._backend.client:
            self._open()

    def _open(self) -> None:
        from langchain_chroma import Chroma

        self._client = self._backend.client
        encrypted = self._record_format.encode_bytes(_KEY_CHECK_TEXT)
        self._chroma_collection = self._client.get_or_create_collection(
            self.name,
            embedding_function=None,
            metadata={_KEY_CHECK: base64.b85encode(encrypted).decode()},
            configuration={"hnsw": {"space": "cosine", "sync_threshold": SAVE_EVERY}},
        )
        self._langchain_store = Chroma(
            self.name, client=self._client, create_collection_if_not_exists=False
        )

    def _check_key(self) -> None:
        """Refuse a wrong key before any record is read or written."""
        if _KEY_CHECK not in (state := self._state()):
            raise StoreError(
                f"the context store {self._backend.location} was not created by this library",
                remedy="use another folder",
            )
        stored = base64.b85decode(state[_KEY_CHECK])
        if self._record_format.key and stored == _KEY_CHECK_TEXT:
            raise StoreError(
                f"this user's part of the context store {self._backend.location} is not encrypted",
                remedy="open it without a key, or create a new store with the key",
            )
        if not self._record_format.key and stored != _KEY_CHECK_TEXT:
            raise StoreError(
                f"this user's part of the context store {self._backend.location} is encrypted",
                remedy="open it with its key",
            )
        self._record_format.decode_bytes(stored)  # fails with any other key

    def _records(self, page: Mapping[str, Any]) -> Iterator[Record]:
        for id_, text, metadata in zip(
            page["ids"], page["documents"], page["metadatas"], strict=True
        ):
            yield self._record_format.decode(id_, text, metadata)

    def _state(self) -> dict[str, Any]:
        """The collection's own metadata, freshly read, because other clients may change it."""
        with translated_errors(self._backend.location):
            handle = self._handle
            now = self._client.get_collection(handle.name, embedding_function=None)
        return dict(now.metadata or {})

    def _set_state(self, name: str, value: str) -> None:
        with translated_errors(self._backend.location):
            self._handle.modify(metadata={**self._state(), name: value})
