"""One user's records, with a derived index that is kept consistent with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.retrievers.embeddings import LocalEmbeddings
from cogenesis_langchain.retrievers.storage.backend import Backend
from cogenesis_langchain.retrievers.storage.collection import PAGE, UserCollection, collection_name
from cogenesis_langchain.retrievers.storage.derived_index import DerivedIndex
from cogenesis_langchain.retrievers.storage.erasure_log import Erasure
from cogenesis_langchain.retrievers.storage.filters import Condition, Filter
from cogenesis_langchain.retrievers.storage.record_format import RecordFormat
from cogenesis_langchain.retrievers.storage.records import Ranked, Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class UserRecords:
    """Writes, deletes and finds a user's records, by vector and by words. Thread-safe.

    Args:
        backend: Where Chroma runs.
        user: The user.
        record_format: How records are stored.
        embeddings: Computes the vectors.

    Raises:
        StoreError: The records cannot be opened with this key.
    """

    def __init__(
        self, backend: Backend, user: str, record_format: RecordFormat, embeddings: LocalEmbeddings
    ) -> None:
        self._backend = backend
        self._record_format = record_format
        self._embeddings = embeddings
        self._embeddings_checked = False
        self._values: tuple[str, ValueSet] | None = None
        with backend.lock:
            self._collection = UserCollection(backend, collection_name(user), record_format)
            self._derived_index = DerivedIndex(self._derived_index_path(), record_format)

    def count(self) -> int:
        """Return the number of records."""
        with self._backend.lock:
            return self._collection.count()

    def get(self, ids: Sequence[str]) -> dict[str, Record]:
        """Return the records with these ids; unknown ids are skipped."""
        with self._backend.lock:
            return self._collection.get(ids)

    def select(
        self, condition: Condition | None = None, limit: int | None = None, offset: int = 0
    ) -> list[Record]:
        """Return records in the order they were added."""
        with self._backend.lock:
            return self._collection.select(condition, limit, offset)

    def ids(self, condition: Condition | None) -> list[str]:
        """Return the ids of the records that meet a condition; None returns all."""
        with self._backend.lock:
            return self._collection.ids(condition)

    def filtered(self, filter: Filter, limit: int | None = None, offset: int = 0) -> list[Record]:
        """Return the records that match a filter, in the order they were added."""
        condition = filter.condition(encrypted=self.encrypted)
        if filter.chroma_can_evaluate(encrypted=self.encrypted):
            return self.select(condition, limit, offset)
        pages = (self.select(condition, PAGE, first) for first in range(0, self.count(), PAGE))
        found = (record for page in pages for record in page if filter.matches(record))
        return list(islice(found, offset, None if limit is None else offset + limit))

    @property
    def encrypted(self) -> bool:
        """Whether texts and the caller's metadata are encrypted."""
        return bool(self._record_format.key)

    def nearest(
        self, vector: Sequence[float], n: int, condition: Condition | None = None
    ) -> list[Ranked]:
        """Return the ids of the records nearest to a vector with their cosines, best first."""
        with self._backend.lock:
            return self._collection.nearest(vector, n, condition)

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of these records; shape (len(ids), dimensions)."""
        with self._backend.lock:
            return self._collection.vectors(ids)

    def query_vector(self, query: str) -> list[float]:
        """Embed a query with the model that the records were embedded with.

        Raises:
            StoreError: The store was built with another model.
        """
        self._check_embeddings()
        return self._embeddings.query(query)

    def by_keywords(self, words: Collection[str], n: int) -> list[Ranked]:
        """Return the ids of records that contain words with their BM25 scores, best first."""
        with self._backend.lock:
            self._update_derived_index()
            return self._derived_index.search(words, n)

    def private_values(self) -> ValueSet:
        """Return the private values of all records together."""
        with self._backend.lock:
            self._update_derived_index()
            revision = self._derived_index.revision
            if self._values is None or self._values[0] != revision:
                self._values = (revision, self._derived_index.private_values())
            return self._values[1]

    def write(self, records: Sequence[Record]) -> int:
        """Add records, or replace those with the same id; unchanged records are not written.

        Args:
            records: At most one for each id.

        Returns:
            The number of records written.
        """
        self._check_embeddings()
        written = 0
        for start in range(0, len(records), PAGE):
            written += self._write_page(records[start : start + PAGE])
        return written

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records. Their text stays in the files until an erasure."""
        with self._backend.lock, self._changing():
            self._collection.delete(ids)
            self._derived_index.remove(ids)
            self._values = None

    def erase(self, ids: Sequence[str]) -> None:
        """Delete records and every trace of them in the files.

        Raises:
            StoreError: The records are on a server.
        """
        with self._backend.lock:
            vectors = self._collection.vectors(ids).tolist()
            with self._backend.erasing(Erasure(self._collection.name, ids, vectors)):
                self.delete(ids)
                self._derived_index.erase_deleted()

    def erase_all(self) -> None:
        """Delete all records and every trace of them in the files.

        Raises:
            StoreError: The records are on a server.
        """
        with self._backend.lock:
            with self._backend.erasing(Erasure(self._collection.name)):
                self._collection.drop()
                self._derived_index.close()
                if path := self._derived_index_path():
                    path.unlink()
            self._derived_index = DerivedIndex(self._derived_index_path(), self._record_format)
            self._embeddings_checked, self._values = False, None

    def close(self) -> None:
        """Close the derived index; the backend is closed by its owner."""
        self._derived_index.close()

    def _write_page(self, page: Sequence[Record]) -> int:
        known = self.get([record.id for record in page])
        changed = [record for record in page if known.get(record.id) != record]
        new = [
            record
            for record in changed
            if record.id not in known or known[record.id].text != record.text
        ]
        # Embedding is slow: a record with the same text keeps its vector.
        same_text = [record for record in changed if record not in new]
        if new:
            vectors = self._embeddings.documents([record.text for record in new])
            self._put(new, vectors, known)
        if same_text:
            self._put(same_text, self.vectors([record.id for record in same_text]), known)
        return len(changed)

    def _put(
        self, records: Sequence[Record], vectors: NDArray[np.float32], known: dict[str, Record]
    ) -> None:
        with self._backend.lock, self._changing():
            self._collection.write(records, vectors, known)
            values = self._derived_index.put(records)
            # Values of a replaced text may occur in no other record, so the set is read again.
            replaced = any(record.id in known for record in records)
            if replaced or self._values is None:
                self._values = None
            else:
                self._values = ("", self._values[1].union(values))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Give the collection a new revision before and after a change.

        If the process is killed in between, or another client changes the collection meanwhile, the
        derived index's revision differs from the collection's. The two are then compared before the
        next use.
        """
        up_to_date = self._derived_index.revision == self._collection.revision
        begun = self._collection.renew_revision()
        yield
        undisturbed = self._collection.revision == begun
        ended = self._collection.renew_revision()
        if up_to_date and undisturbed:
            self._derived_index.revision = ended
            if self._values is not None:
                self._values = (ended, self._values[1])
        self._backend.secure_files()

    def _update_derived_index(self) -> None:
        """Update the derived index if it was derived from another revision of the collection."""
        revision = self._collection.revision
        if self._derived_index.revision == revision:
            return
        indexed, present = self._derived_index.digests(), self._collection.digests()
        self._derived_index.remove([id_ for id_ in indexed if id_ not in present])
        missing = [id_ for id_, digest in present.items() if indexed.get(id_) != digest]
        for start in range(0, len(missing), PAGE):
            records = self._collection.get(missing[start : start + PAGE])
            self._derived_index.put(list(records.values()))
        self._derived_index.revision = revision

    def _derived_index_path(self) -> Path | None:
        return self._backend.derived_index_path(self._collection.name)

    def _check_embeddings(self) -> None:
        """Check once that the records were embedded with this model; record it for new ones."""
        if self._embeddings_checked:
            return
        with self._backend.lock:
            fingerprint = self._collection.fingerprint
            if fingerprint:
                self._embeddings.check(fingerprint)
            else:
                self._collection.fingerprint = self._embeddings.fingerprint()
        self._embeddings_checked = True
