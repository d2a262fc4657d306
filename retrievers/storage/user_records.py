"""One user's records, with a derived index that is kept consistent with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.retrievers.embeddings import LocalEmbeddings
from cogenesis_langchain.retrievers.storage.chroma.backend import Backend
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import (
    closed_store,
    translated_errors,
)
from cogenesis_langchain.retrievers.storage.chroma.collection import (
    PAGE,
    UserCollection,
    collection_name,
)
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
        self._closed = False
        with self._in_use():
            self._collection = UserCollection(backend, collection_name(user), record_format)
            self._derived_index = DerivedIndex(self._derived_index_path(), record_format)

    def count(self) -> int:
        """Return the number of records."""
        with self._in_use():
            return self._collection.count()

    def get(self, ids: Sequence[str]) -> dict[str, Record]:
        """Return the records with these ids; unknown ids are skipped."""
        with self._in_use():
            return self._collection.get(ids)

    def select(
        self, condition: Condition | None = None, limit: int | None = None, offset: int = 0
    ) -> list[Record]:
        """Return records in the order they were added."""
        with self._in_use():
            return self._collection.select(condition, limit, offset)

    def ids(self, condition: Condition | None) -> list[str]:
        """Return the ids of the records that meet a condition; None returns all."""
        with self._in_use():
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
        return bool(self.key)

    @property
    def key(self) -> bytes:
        """Key of the hashes that identify records and sources; empty if nothing is encrypted."""
        return self._record_format.key

    def nearest(
        self, vector: Sequence[float], n: int, condition: Condition | None = None
    ) -> list[Ranked]:
        """Return the ids of the records nearest to a vector with their cosines, best first."""
        with self._in_use():
            return self._collection.nearest(vector, n, condition)

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of these records; unknown ids are skipped."""
        with self._in_use():
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
        with self._in_use():
            self._update_derived_index()
            return self._derived_index.search(words, n)

    def private_values(self) -> ValueSet:
        """Return the private values of all records together."""
        with self._in_use():
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
        ids = list(dict.fromkeys(ids))  # Chroma refuses an id that is repeated
        with self._in_use(), self._changing():
            self._collection.delete(ids)
            self._derived_index.remove(ids)
            self._values = None

    def erase(self, ids: Sequence[str]) -> None:
        """Delete records and every trace of them in the files.

        Raises:
            StoreError: The records are on a server.
        """
        with self._in_use():
            vectors = [vector.tolist() for vector in self.vectors(ids).values()]
            with self._backend.erasing(Erasure(self._collection.name, ids, vectors)):
                self.delete(ids)
                self._derived_index.erase_deleted()

    def erase_all(self) -> None:
        """Delete all records and every trace of them in the files.

        Raises:
            StoreError: The records are on a server.
        """
        with self._in_use():
            with self._backend.erasing(Erasure(self._collection.name)):
                self._collection.drop()
                self._derived_index.close()
                if path := self._derived_index_path():
                    path.unlink()
            self._derived_index = DerivedIndex(self._derived_index_path(), self._record_format)
            self._embeddings_checked, self._values = False, None

    def close(self) -> None:
        """Close the derived index; the backend is closed by its owner."""
        with self._backend.lock:
            self._closed = True
            self._derived_index.close()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Hold the lock, and translate the errors of Chroma and of the derived index.

        Raises:
            StoreError: The records are closed, or a file or the server failed.
        """
        with self._backend.lock, translated_errors(self._backend.location):
            if self._closed:
                raise closed_store()
            try:
                yield
            finally:
                self._backend.secure_written_files()

    def _write_page(self, page: Sequence[Record]) -> int:
        embedded: dict[str, NDArray[np.float32]] = {}
        while True:
            with self._in_use():
                known = self._collection.get([record.id for record in page])
                changed = [record for record in page if known.get(record.id) != record]
                vectors = {**self._vectors_of_same_texts(changed, known), **embedded}
                missing = [record for record in changed if record.id not in vectors]
                if not missing:
                    self._put(changed, vectors, known)
                    return len(changed)
            # Embedding is slow, so it does not hold the lock. Another thread may change the records
            # meanwhile, so they are compared again.
            new = self._embeddings.documents([record.text for record in missing])
            embedded |= {record.id: vector for record, vector in zip(missing, new, strict=True)}

    def _vectors_of_same_texts(
        self, changed: Sequence[Record], known: Mapping[str, Record]
    ) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of records whose metadata alone has changed."""
        same = [one.id for one in changed if one.id in known and known[one.id].text == one.text]
        return self._collection.vectors(same)

    def _put(
        self,
        records: Sequence[Record],
        vectors: Mapping[str, NDArray[np.float32]],
        known: Mapping[str, Record],
    ) -> None:
        if not records:
            return
        import numpy as np

        with self._changing():
            in_order = np.asarray([vectors[record.id] for record in records])
            self._collection.write(records, in_order, known)
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
        with self._in_use():
            fingerprint = self._collection.fingerprint
            if fingerprint:
                self._embeddings.check(fingerprint)
            else:
                self._collection.fingerprint = self._embeddings.fingerprint()
        self._embeddings_checked = True
