"""An open folder or server, and the records of the users that were opened through it."""

from __future__ import annotations

from cogenesis_langchain.retrievers.embeddings import LocalEmbeddings
from cogenesis_langchain.retrievers.storage.chroma.backend import Backend
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import closed_store
from cogenesis_langchain.retrievers.storage.record_format import RecordFormat
from cogenesis_langchain.retrievers.storage.user_records import UserRecords


class OpenStore:
    """Shared by the stores of several users; opens the records of each user once. Thread-safe.

    Attributes:
        backend: Where Chroma runs.

    Args:
        backend: Where Chroma runs. It is closed with this object.
        record_format: How records are stored.
        embeddings: Computes the vectors.
    """

    def __init__(
        self, backend: Backend, record_format: RecordFormat, embeddings: LocalEmbeddings
    ) -> None:
        self.backend = backend
        self._record_format = record_format
        self._embeddings = embeddings
        self._users: dict[str, UserRecords] = {}
        self._closed = False

    def records(self, user: str) -> UserRecords:
        """Return a user's records; every call returns the same object.

        Raises:
            StoreError: This object is closed, or the records cannot be opened with this key.
        """
        with self.backend.lock:
            if self._closed:
                raise closed_store()
            if user not in self._users:
                self._users[user] = UserRecords(
                    self.backend, user, self._record_format, self._embeddings
                )
            return self._users[user]

    def close(self) -> None:
        """Close every user's records, and release the folder; closing twice changes nothing."""
        with self.backend.lock:
            if self._closed:
                return
            self._closed = True
            try:
                for records in self._users.values():
                    records.close()
            finally:
                self.backend.close()
