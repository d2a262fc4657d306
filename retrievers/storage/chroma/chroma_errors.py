"""Translates Chroma's errors to `StoreError`, without the text of any record."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cogenesis_langchain.errors import StoreError, require_package

_FULL: Final = ("its disk is full", "free some space")
_MIN_FREE_BYTES: Final = 1 << 20
_KNOWN: Final = (  # pattern of Chroma's or SQLite's message, problem, remedy
    (r"code: 13\)|disk is full|No space left", *_FULL),
    (
        r"code: 8\)|code: 1544\)|readonly|Read-only|Permission denied",
        "it cannot be written",
        "make the folder and its files writable by this user",
    ),
    (
        r"code: 5\)|code: 6\)|is locked",
        "another program has locked one of its files",
        "close the program that has the file open, and try again",
    ),
    (
        r"code: 11\)|code: 26\)|code: 11,|malformed|not a database",
        "its database file is damaged",
        "restore the folder from a backup, or delete it and add the documents again",
    ),
    (
        r"dimension",
        "the embedding model returned vectors of another length than the store was built with",
        "open it with the embedding model it was built with, or recompute its vectors: "
        "cogenesis context rebuild",
    ),
    (
        r"hnsw",
        "its vector index is damaged",
        "rebuild it from the texts: cogenesis context rebuild",
    ),
    (
        r"[Cc]onnect|timed out|Server disconnected",
        "the Chroma server does not answer",
        "start it: chroma run --path FOLDER --port PORT",
    ),
)

_PANIC: Final = "PanicException"
"""Raised when Chroma's native code panics, for example on a damaged database. It is not a subclass
of `Exception` and cannot be imported."""


@contextmanager
def translated_errors(location: str) -> Iterator[None]:
    """Raise Chroma's errors as `StoreError`.

    Chroma's own messages are dropped, because they can contain a record's text or metadata.

    Args:
        location: The folder or server, for the message.

    Raises:
        StoreError: With a remedy, where the cause is known.
        MissingDependency: The extra ``chroma`` is not installed.
    """
    require_package("chromadb", extra="chroma")
    from chromadb.errors import ChromaError
    from httpx import HTTPError

    try:
        yield
    except StoreError:
        raise
    except (ChromaError, HTTPError, sqlite3.Error, OSError, ValueError) as error:
        raise _translated(location, error) from None
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise _translated(location, error) from None


def _translated(location: str, error: BaseException) -> StoreError:
    # Chroma's message does not always mention that the disk is full.
    message = "disk is full" if _is_full(location) else str(error)
    for pattern, what, remedy in _KNOWN:
        if re.search(pattern, message):
            return StoreError(f"the context store {location} failed: {what}", remedy=remedy)
    return StoreError(
        f"the context store {location} failed ({type(error).__name__})",
        remedy="check that the folder is complete and writable, and that chromadb is 1.5 or newer",
    )


def _is_full(location: str) -> bool:
    return Path(location).is_dir() and shutil.disk_usage(location).free < _MIN_FREE_BYTES


def closed_store() -> StoreError:
    """Return the error of a store that is used after it was closed."""
    return StoreError(
        "the context store is closed",
        remedy="use it before close() or the end of its `with` block, or open it again",
    )
