"""The folder of an embedded store: one process at a time, readable by its owner alone.

Chroma's embedded client is made for one process; a lock keeps a second one out with an error
instead of a corrupt file. Within a process every store of a folder shares one client.
"""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from filelock import FileLock, Timeout

from cogenesis_langchain.errors import MissingDependency, StoreError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.config import Settings

_LOCK_NAME: Final = "store.lock"


class StoreFolder:
    """An open folder; get one with `open`.

    Attributes:
        path: The folder, absolute.
        client: Chroma's client over it.
        writing: Held by whoever changes the folder.
    """

    # One folder has one lock file and one Chroma client, however many stores a process opens on
    # it. Entries vanish with their last store.
    _open: ClassVar[weakref.WeakValueDictionary[Path, StoreFolder]] = weakref.WeakValueDictionary()
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writing = threading.RLock()
        self._process = os.getpid()
        lock = _take(path)
        try:
            self.client = _open_client(path)
        except BaseException:
            lock.release()
            raise
        self._close = weakref.finalize(self, _release, self.client, lock)
        restrict(path)

    @classmethod
    def open(cls, path: Path) -> StoreFolder:
        """Open a folder, or return it if this process has it open already.

        Raises:
            StoreError: Another process has it open, or it cannot be read or written.
        """
        path = path.expanduser().resolve()
        with cls._opening:
            folder = cls._open.get(path)
            if folder is None:
                folder = cls._open[path] = cls(path)
            return folder

    def check_process(self) -> None:
        """Refuse to go on in a forked child: it shares the lock but not Chroma's threads.

        Raises:
            StoreError: This is not the process that opened the folder.
        """
        if os.getpid() != self._process:
            raise StoreError(
                f"the context store {self.path} was opened before this process was forked",
                remedy="open it after forking, in one process; for several processes run a Chroma "
                "server and use ContextStore.connect",
            )


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


def restrict(path: Path) -> None:
    """Make the folder and everything in it readable and writable by its owner alone."""
    path.chmod(0o700)
    for entry in path.rglob("*"):
        entry.chmod(0o700 if entry.is_dir() else 0o600)


def _take(path: Path) -> FileLock:
    lock = FileLock(path / _LOCK_NAME, blocking=False, mode=0o600)
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


def _release(client: ClientAPI, lock: FileLock) -> None:
    client.close()  # type: ignore[attr-defined]  # only the concrete client has it
    lock.release()
