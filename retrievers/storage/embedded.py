"""The folder of an embedded store: one process at a time, readable by its owner alone.

Chroma's embedded client is made for one process; a lock keeps a second one out with an error
instead of a corrupt file. Within a process every store of a folder shares one client.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from filelock import FileLock, Timeout

from cogenesis_langchain.errors import MissingDependency, StoreError
from cogenesis_langchain.retrievers.local_embeddings import LOST
from cogenesis_langchain.retrievers.storage.chroma_errors import explained
from cogenesis_langchain.retrievers.storage.chroma_files import ChromaFiles
from cogenesis_langchain.retrievers.storage.collection import FINGERPRINT
from cogenesis_langchain.retrievers.storage.erasure_log import Erasure
from cogenesis_langchain.retrievers.storage.index_guard import IndexGuard

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI
    from chromadb.config import Settings

REBUILT: Final = "-rebuilt"
"""Ends the name of a collection that is going to replace the one without it."""

_SIDECARS: Final = "context-*.sqlite3"

_LOCK: Final = "store.lock"
_SAME_DISTANCE: Final = 1e-5


class StoreFolder:
    """An open folder; get one with `open`.

    Attributes:
        where: The folder, for messages.
        client: Chroma's client over it; another one after an erasure.
        lock: Held while anything in the folder is read or changed.
    """

    # One folder has one lock file and one Chroma client, however many stores a process opens on
    # it. Entries vanish with their last store.
    _open: ClassVar[weakref.WeakValueDictionary[Path, StoreFolder]] = weakref.WeakValueDictionary()
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path, *, discard_damaged: bool) -> None:
        self.where = str(path)
        self.lock = threading.RLock()
        self._path = path
        self._process = os.getpid()
        self._files = ChromaFiles(path)
        self._guard = IndexGuard(path, self._files)
        self._opened: list[ClientAPI] = []
        lock = _take(path)
        try:
            with explained(self.where):
                discarded = self._recover(discard_damaged)
                self.client = _open_client(path)
                self._opened.append(self.client)
                self._finish_rebuild()
                self._finish_erasure()
                self._note_lost_vectors(discarded)
        except BaseException:
            _release(self._opened, lock)
            raise
        self._stores = 0
        self._release = weakref.finalize(self, _release, self._opened, lock)
        self.restrict()

    @classmethod
    def open(cls, path: Path, *, discard_damaged: bool = False) -> StoreFolder:
        """Open a folder, or return it if this process has it open already.

        Args:
            path: The folder; made if it is not there.
            discard_damaged: Throw damaged vector indexes away, to be made again.

        Raises:
            StoreError: Another process has it open, it cannot be read or written, or it is
                damaged.
        """
        path = path.expanduser().resolve()
        with cls._opening:
            folder = cls._open.get(path)
            if folder is None:
                folder = cls._open[path] = cls(path, discard_damaged=discard_damaged)
            folder._stores += 1
            return folder

    def close(self) -> None:
        """Let go of the folder; the last store to do so closes it."""
        with self._opening:
            self._stores -= 1
            if self._stores == 0:
                self._open.pop(self._path, None)
                self._release()

    def check(self) -> None:
        """Refuse to go on in a forked child: it shares the lock but not Chroma's threads.

        Raises:
            StoreError: This is not the process that opened the folder.
        """
        if os.getpid() != self._process:
            raise StoreError(
                f"the context store {self.where} was opened before this process was forked",
                remedy="open it after forking, in one process; for several processes run a Chroma "
                "server and use ContextStore.connect",
            )

    def changing(self, collection: Collection, changes: int) -> AbstractContextManager[None]:
        """Guard a change of a collection against being killed in it; see `IndexGuard`."""
        return self._guard.changing(collection, changes)

    def derived_index(self, collection: str) -> Path:
        """Return the file of what is derived from a collection."""
        return self._path / f"{collection}.sqlite3"

    @contextmanager
    def erasing(self, erasure: Erasure) -> Iterator[None]:
        """Erase from every file what the caller deletes meanwhile.

        If the process is killed, the next one that opens the folder finishes it.
        """
        erasure.note(self._path)
        yield
        self._erase(erasure)
        erasure.done(self._path)

    def restrict(self) -> None:
        """Make the folder and everything in it readable and writable by its owner alone.

        What Chroma wrote of its memory is not even for the owner.
        """
        self._guard.wipe_unused()
        self._path.chmod(0o700)
        for entry in self._path.rglob("*"):
            entry.chmod(0o700 if entry.is_dir() else 0o600)

    def tidy(self) -> None:
        """Remove from every file what is left of deleted collections."""
        self._rewrite(())

    def _recover(self, discard_damaged: bool) -> list[str]:
        """Undo a broken save; return the damaged indexes that were thrown away."""
        if not self._files.exist() and any(self._path.glob(_SIDECARS)):
            raise StoreError(
                f"the database file of the context store {self.where} is gone or empty",
                remedy="restore the folder from a backup, or delete it and add the documents again",
            )
        self._guard.recover()
        damaged = self._guard.damaged()
        if damaged and not discard_damaged:
            raise StoreError(
                f"the context store {self.where} has a damaged vector index",
                remedy="make it again from the texts: cogenesis context rebuild",
            )
        for index in damaged:
            self._files.discard_index(index)
        return damaged

    def _note_lost_vectors(self, discarded: Sequence[str]) -> None:
        for collection in self.client.list_collections():
            if self._files.index_of(collection.id) in discarded:
                collection.modify(metadata={**(collection.metadata or {}), FINGERPRINT: LOST})

    def _finish_rebuild(self) -> None:
        """Take a rebuilt collection whose original is gone; delete one that is unfinished."""
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
        """Finish what a killed process had begun."""
        erasure = Erasure.noted(self._path)
        if erasure is None:
            return
        if collection := self._collection(erasure.collection):
            if erasure.ids is None:
                self.client.delete_collection(collection.name)
            else:
                with self.changing(collection, len(erasure.ids)):
                    collection.delete(list(erasure.ids))
        self.derived_index(erasure.collection).unlink(missing_ok=True)
        self._erase(erasure)
        erasure.done(self._path)

    def _erase(self, erasure: Erasure) -> None:
        collection = self._collection(erasure.collection)
        if collection is None:
            self._rewrite(())
            return
        index = self._files.index_of(collection.id)
        unused = [vector for vector in erasure.vectors if not _holds(collection, vector)]
        self._rewrite(erasure.ids or (), index, unused)

    def _rewrite(
        self, ids: Sequence[str], index: str = "", vectors: Sequence[Sequence[float]] = ()
    ) -> None:
        """Rewrite Chroma's files without what was deleted; Chroma is closed meanwhile."""
        self.client.close()  # type: ignore[attr-defined]  # only the concrete client has it
        self._files.erase_deleted(ids)
        if vectors:
            self._files.overwrite_vectors(index, vectors)
            self._guard.note(index)
        self.client = _open_client(self._path)
        self._opened[:] = [self.client]
        self.restrict()

    def _collection(self, name: str) -> Collection | None:
        if name not in {collection.name for collection in self.client.list_collections()}:
            return None
        return self.client.get_collection(name, embedding_function=None)


def _holds(collection: Collection, vector: Sequence[float]) -> bool:
    """Whether a record that stays has this very vector, because it has the same text."""
    query: list[Sequence[float]] = [vector]
    nearest = collection.query(query, n_results=1, include=["distances"])["distances"]
    return bool(nearest and nearest[0] and nearest[0][0] < _SAME_DISTANCE)


def chroma_settings() -> Settings:
    """Settings that report nothing and read no ``.env`` from the working directory.

    Raises:
        MissingDependency: The extra ``chroma`` is not installed.
    """
    try:
        from chromadb.config import Settings
    except ImportError:
        raise MissingDependency("chromadb", extra="chroma") from None
    return Settings(
        _env_file=None,
        anonymized_telemetry=False,
        chroma_otel_collection_endpoint="",
        chroma_otel_granularity=None,
        allow_reset=False,
    )


def _take(path: Path) -> FileLock:
    lock = FileLock(path / _LOCK, blocking=False, mode=0o600)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreError(
            f"the context store {path} is open in another process",
            remedy="close that one, or share the store through a Chroma server "
            f"(`chroma run --path {path}`) and ContextStore.connect",
        ) from None
    except OSError as error:
        raise StoreError(
            f"the folder {path} cannot be written ({error.strerror})",
            remedy="give a folder that belongs to you on a disk that can be written",
        ) from None
    return lock


def _open_client(path: Path) -> ClientAPI:
    settings = chroma_settings()
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    try:
        return chromadb.PersistentClient(str(path), settings)
    except BaseException:
        # Chroma keeps what did not start, and would give it to the next who opens the folder.
        SharedSystemClient._identifier_to_system.pop(str(path), None)
        raise


def _release(opened: list[ClientAPI], lock: FileLock) -> None:
    for client in opened:
        client.close()  # type: ignore[attr-defined]  # only the concrete client has it
    opened.clear()
    lock.release()
