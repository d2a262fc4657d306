"""The folder of an embedded store: one process at a time, readable by its owner alone.

Chroma's embedded client is made for one process; a lock keeps a second one out with an error
instead of a corrupt file. Within a process every store of a folder shares one client.
"""

from __future__ import annotations

import json
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from filelock import FileLock, Timeout

from cogenesis_langchain.errors import MissingDependency, StoreError
from cogenesis_langchain.retrievers.chroma_errors import explained
from cogenesis_langchain.retrievers.chroma_files import ChromaFiles
from cogenesis_langchain.retrievers.collection import FINGERPRINT
from cogenesis_langchain.retrievers.index_guard import IndexGuard
from cogenesis_langchain.retrievers.local_embeddings import LOST

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.config import Settings

REBUILT: Final = "-rebuilt"
"""Ends the name of a collection that is going to replace the one without it."""

_LOCK: Final = "store.lock"
_ERASURE: Final = "erasure.json"


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
        lock = _take(path)
        try:
            with explained(self.where):
                discarded = self._recover(discard_damaged)
                self.client = _open_client(path)
                self._opened = [self.client]
                self._finish_rebuild()
                self._finish_erasure()
                self._note_lost_vectors(discarded)
        except BaseException:
            lock.release()
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

    def changing(self, collection: UUID, changes: int) -> AbstractContextManager[None]:
        """Guard a change of a collection against being killed in it; see `IndexGuard`."""
        return self._guard.changing(collection, changes)

    def sidecar(self, collection: str) -> Path:
        """Return the file of what is derived from a collection."""
        return self._path / f"{collection}.sqlite3"

    @contextmanager
    def erasing(self, collection: str, ids: Sequence[str] | None = None) -> Iterator[None]:
        """Erase from every file what the caller deletes meanwhile.

        If the process is killed, the next one that opens the folder finishes it.

        Args:
            collection: Name of the collection it is deleted from.
            ids: What is deleted; None is the whole collection.
        """
        marker = self._path / _ERASURE
        marker.write_text(json.dumps([collection, ids]))
        yield
        self._erase(ids or ())
        marker.unlink()

    def restrict(self) -> None:
        """Make the folder and everything in it readable and writable by its owner alone."""
        self._path.chmod(0o700)
        for entry in self._path.rglob("*"):
            entry.chmod(0o700 if entry.is_dir() else 0o600)

    def tidy(self) -> None:
        """Remove from every file what is left of deleted collections."""
        self._erase(())

    def _recover(self, discard_damaged: bool) -> list[str]:
        """Undo a broken save; return the damaged indexes that were thrown away."""
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
        marker = self._path / _ERASURE
        if not marker.exists():
            return
        name, ids = json.loads(marker.read_text())
        if name in {collection.name for collection in self.client.list_collections()}:
            collection = self.client.get_collection(name, embedding_function=None)
            if ids is None:
                self.client.delete_collection(name)
            else:
                with self.changing(collection.id, len(ids)):
                    collection.delete(ids)
        self.sidecar(name).unlink(missing_ok=True)
        self._erase(ids or ())
        marker.unlink()

    def _erase(self, ids: Sequence[str]) -> None:
        self.client.close()  # type: ignore[attr-defined]  # only the concrete client has it
        self._files.erase_deleted(ids)
        self.client = _open_client(self._path)
        self._opened[:] = [self.client]
        self.restrict()


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

    return chromadb.PersistentClient(str(path), settings)


def _release(opened: list[ClientAPI], lock: FileLock) -> None:
    opened.pop().close()  # type: ignore[attr-defined]  # only the concrete client has it
    lock.release()
