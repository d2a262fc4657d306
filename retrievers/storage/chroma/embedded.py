"""A local store folder: opened by one process at a time, accessible to its owner only.

Chroma's embedded client supports a single process. A lock file makes a second one fail with a clear
error instead of corrupting the files. Within a process all stores of a folder share one client.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from filelock import FileLock

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.embeddings import VECTORS_LOST
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import translated_errors
from cogenesis_langchain.retrievers.storage.chroma.chroma_files import ChromaFiles
from cogenesis_langchain.retrievers.storage.chroma.chroma_settings import chroma_settings
from cogenesis_langchain.retrievers.storage.chroma.collection import FINGERPRINT
from cogenesis_langchain.retrievers.storage.chroma.folder_lock import acquire_lock
from cogenesis_langchain.retrievers.storage.chroma.index_guard import IndexGuard
from cogenesis_langchain.retrievers.storage.erasure_log import Erasure

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

REBUILT: Final = "-rebuilt"
"""Suffix of a collection that replaces the one without it once it is complete."""

_DERIVED_INDEXES: Final = "context-*.sqlite3"
_SAME_VECTOR: Final = 1e-5  # largest cosine distance of two equal vectors


class StoreFolder:
    """An open store folder; get one with `StoreFolder.open`.

    Attributes:
        location: The folder, for error messages.
        client: Chroma's client; replaced by an erasure.
        lock: Held while anything in the folder is read or changed.
    """

    # A folder has one lock file and one Chroma client, however many stores a process opens on it.
    # The references are weak, so that a store that was never closed does not keep the lock.
    _open: ClassVar[weakref.WeakValueDictionary[Path, StoreFolder]] = weakref.WeakValueDictionary()
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path, *, discard_damaged: bool) -> None:
        self.location = str(path)
        self.lock = threading.RLock()
        self._path = path
        self._process = os.getpid()
        self._files = ChromaFiles(path)
        self._guard = IndexGuard(path, self._files)
        self._opened: list[ClientAPI] = []
        lock = acquire_lock(path)
        try:
            with translated_errors(self.location):
                discarded = self._recover(discard_damaged)
                self.client = _open_client(path)
                self._opened.append(self.client)
                self._finish_rebuild()
                self._finish_erasure()
                self._mark_lost_vectors(discarded)
        except BaseException:
            _close(self._opened, lock)
            raise
        self._stores = 0
        self._release = weakref.finalize(self, _close, self._opened, lock)
        self.secure_files()

    @classmethod
    def open(cls, path: Path, *, discard_damaged: bool = False) -> StoreFolder:
        """Open a folder, or return it if this process already has it open.

        Args:
            path: The folder; created if it does not exist.
            discard_damaged: Delete damaged vector indexes, for a rebuild.

        Raises:
            StoreError: Another process has the folder open, it holds other files, it cannot be
                read or written, or it is damaged.
        """
        path = path.expanduser().resolve()
        with cls._opening:
            folder = cls._open.get(path)
            if folder is None:
                folder = cls._open[path] = cls(path, discard_damaged=discard_damaged)
            folder._stores += 1
            return folder

    def close(self) -> None:
        """Release the folder; closing its last store closes it."""
        with self._opening:
            self._stores -= 1
            if self._stores == 0:
                self._open.pop(self._path, None)
                self._release()

    def check_process(self) -> None:
        """Refuse to work in a forked child: it inherits the lock but not Chroma's threads.

        Raises:
            StoreError: This is not the process that opened the folder.
        """
        if os.getpid() != self._process:
            raise StoreError(
                f"the context store {self.location} was opened before this process was forked",
                remedy="open it after forking, in one process only; for several processes run a "
                "Chroma server and use ContextStore.connect",
            )

    def changing(self, collection: Collection, changes: int) -> AbstractContextManager[None]:
        """Protect a collection's index against a kill during a change; see `IndexGuard`."""
        return self._guard.changing(collection, changes)

    def derived_index_path(self, collection: str) -> Path:
        """Return the file of a collection's derived index."""
        return self._path / f"{collection}.sqlite3"

    @contextmanager
    def erasing(self, erasure: Erasure) -> Iterator[None]:
        """Erase what the caller deletes inside the block from every file.

        If the process is killed, the next one that opens the folder finishes the erasure.
        """
        erasure.save(self._path)
        yield
        self._erase(erasure)
        erasure.remove(self._path)

    def secure_files(self) -> None:
        """Restrict the folder and its files to their owner.

        Also zeroes process memory that Chroma leaked into its index files.
        """
        self._guard.zero_unused()
        self._path.chmod(0o700)
        for entry in self._path.rglob("*"):
            entry.chmod(0o700 if entry.is_dir() else 0o600)

    def secure_written_files(self) -> None:
        """Secure the files of indexes that Chroma has written since, if it has.

        It writes them anew at the first use after it was opened, also if nothing is changed.
        """
        if self._files.were_written():
            self.secure_files()

    def erase_deleted(self) -> None:
        """Remove every trace of deleted collections from the files."""
        self._rewrite(())

    def _recover(self, discard_damaged: bool) -> list[str]:
        """Undo an interrupted save; return the damaged indexes that were deleted."""
        # Without this check Chroma would silently start a new database.
        if not self._files.database_exists() and any(self._path.glob(_DERIVED_INDEXES)):
            raise StoreError(
                f"the database file of the context store {self.location} is missing or empty",
                remedy="restore the folder from a backup, or delete it and add the documents again",
            )
        self._guard.recover()
        damaged = self._guard.damaged()
        if damaged and not discard_damaged:
            raise StoreError(
                f"the context store {self.location} has a damaged vector index",
                remedy="rebuild it from the texts: cogenesis context rebuild",
            )
        for index in damaged:
            self._files.discard_index(index)
        return damaged

    def _mark_lost_vectors(self, discarded: Sequence[str]) -> None:
        """Make every use of a collection without vectors fail until it is rebuilt."""
        for collection in self.client.list_collections():
            if self._files.index_of(collection.id) in discarded:
                collection.modify(
                    metadata={**(collection.metadata or {}), FINGERPRINT: VECTORS_LOST}
                )

    def _finish_rebuild(self) -> None:
        """Complete or drop a rebuild that was interrupted.

        A rebuild deletes the original once the new collection is complete, and then renames the new
        one. So the new one is complete if and only if the original is gone.
        """
        collections = {collection.name: collection for collection in self.client.list_collections()}
        for name, collection in collections.items():
            original = name.removesuffix(REBUILT)
            if original == name:
                continue
            if original in collections:
                self.client.delete_collection(name)
            else:
                collection.modify(name=original)

    def _finish_erasure(self) -> None:
        """Finish an erasure that a killed process had begun."""
        erasure = Erasure.load(self._path)
        if erasure is None:
            return
        if collection := self._collection(erasure.collection):
            if erasure.ids is None:
                self.client.delete_collection(collection.name)
            else:
                with self.changing(collection, len(erasure.ids)):
                    collection.delete(list(erasure.ids))
        self.derived_index_path(erasure.collection).unlink(missing_ok=True)
        self._erase(erasure)
        erasure.remove(self._path)

    def _erase(self, erasure: Erasure) -> None:
        collection = self._collection(erasure.collection)
        if collection is None:
            self._rewrite(())
            return
        index = self._files.index_of(collection.id)
        # A record that stays may have the same text, and so the same vector.
        unused = [vector for vector in erasure.vectors if not _contains(collection, vector)]
        self._rewrite(erasure.ids or (), index, unused)

    def _rewrite(
        self, ids: Sequence[str], index: str = "", vectors: Sequence[Sequence[float]] = ()
    ) -> None:
        """Rewrite Chroma's files without deleted content; Chroma is closed meanwhile."""
        self.client.close()  # type: ignore[attr-defined]  # only the concrete client has it
        self._files.erase_deleted(ids)
        if vectors:
            self._files.overwrite_vectors(index, vectors)
            self._guard.record_checksums(index)
        self.client = _open_client(self._path)
        self._opened[:] = [self.client]
        self.secure_files()

    def _collection(self, name: str) -> Collection | None:
        if name not in {collection.name for collection in self.client.list_collections()}:
            return None
        return self.client.get_collection(name, embedding_function=None)


def _contains(collection: Collection, vector: Sequence[float]) -> bool:
    """Whether a record of the collection has this vector."""
    query: list[Sequence[float]] = [vector]
    nearest = collection.query(query, n_results=1, include=["distances"])["distances"]
    return bool(nearest and nearest[0] and nearest[0][0] < _SAME_VECTOR)


def _open_client(path: Path) -> ClientAPI:
    settings = chroma_settings()
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    try:
        return chromadb.PersistentClient(str(path), settings)
    except BaseException:
        # Chroma caches the client although it failed to start, and would return it at the next
        # attempt to open the folder.
        SharedSystemClient._identifier_to_system.pop(str(path), None)
        raise


def _close(opened: list[ClientAPI], lock: FileLock) -> None:
    for client in opened:
        client.close()  # type: ignore[attr-defined]  # only the concrete client has it
    opened.clear()
    lock.release()
