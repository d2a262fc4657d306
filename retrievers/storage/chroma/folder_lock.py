"""Claims a folder for one process, if it is a store or can become one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.storage.chroma.chroma_files import is_written_by_chroma

_LOCK: Final = "store.lock"
_MARKS: Final = (_LOCK, "index-checksums.json")
"""Files of a store. The lock file alone is not enough: Windows removes it, and so may a backup."""
_OF_THE_SYSTEM: Final = frozenset({".DS_Store", "Thumbs.db", "lost+found"})


def acquire_lock(path: Path) -> FileLock:
    """Create a folder if there is none, and lock it.

    A store restricts its folder and everything in it to their owner. So a folder that was never a
    store must be empty, or hold what Chroma writes and nothing else.

    Args:
        path: The folder.

    Raises:
        StoreError: The folder holds other files, another process has it open, or it cannot be
            written.
    """
    lock = FileLock(path / _LOCK, blocking=False, mode=0o600)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_store = any((path / name).exists() for name in _MARKS)
        if not is_store and any(map(_is_foreign, path.iterdir())):
            raise StoreError(
                f"the folder {path} holds other files, and a store would take away the access that "
                "others have to them",
                remedy="give the store a folder of its own",
            )
        lock.acquire()
    except Timeout:
        raise StoreError(
            f"the context store {path} is open in another process",
            remedy="close it there, or share the store through a Chroma server "
            f"(`chroma run --path {path}`) and ContextStore.connect",
        ) from None
    except OSError as error:
        raise StoreError(
            f"the folder {path} cannot be written ({error.strerror})",
            remedy="use a folder that belongs to this user, on a disk that can be written",
        ) from None
    return lock


def _is_foreign(entry: Path) -> bool:
    return entry.name not in _OF_THE_SYSTEM and not is_written_by_chroma(entry)
