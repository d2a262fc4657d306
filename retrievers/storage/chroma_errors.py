"""Chroma's failures as this library's, without the text of a record."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cogenesis_langchain.errors import StoreError

_FULL: Final = ("its disk is full", "free some space")
_LEAST_FREE: Final = 1 << 20  # bytes
_KNOWN: Final = (
    (r"code: 13\)|disk is full|No space left", *_FULL),
    (
        r"code: 8\)|code: 1544\)|readonly|Read-only|Permission denied",
        "it cannot be written",
        "make the folder and its files writable by this user",
    ),
    (
        r"code: 11\)|code: 26\)|code: 11,|malformed|not a database",
        "its database file is damaged",
        "restore the folder from a backup, or delete it and add the documents again",
    ),
    (
        r"dimension",
        "the embedding model gives vectors of another length than the store was made with",
        "open it with the embedding model it was made with, or make its vectors again: "
        "cogenesis context rebuild",
    ),
    (
        r"hnsw",
        "its vector index is damaged",
        "make it again from the texts: cogenesis context rebuild",
    ),
    (
        r"[Cc]onnect|timed out|Server disconnected",
        "the Chroma server does not answer",
        "start it: chroma run --path FOLDER --port PORT",
    ),
)

_PANIC: Final = "PanicException"
"""How Chroma's native code gives up, on a damaged database for example. It is no `Exception` and
cannot be imported."""


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Raise Chroma's errors as `StoreError`.

    Chroma's own messages are not passed on: they can hold a record's text or metadata.

    Args:
        where: The folder or server, for the message.

    Raises:
        StoreError: With a remedy for what is known to happen.
    """
    from chromadb.errors import ChromaError
    from httpx import HTTPError

    try:
        yield
    except StoreError:
        raise
    except (ChromaError, HTTPError, sqlite3.Error, OSError, ValueError) as error:
        raise _explanation(where, error) from None
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise _explanation(where, error) from None


def _explanation(where: str, error: BaseException) -> StoreError:
    # Chroma does not always say that the disk is full.
    said = "disk is full" if _is_full(where) else str(error)
    for pattern, what, remedy in _KNOWN:
        if re.search(pattern, said):
            return StoreError(f"the context store {where} failed: {what}", remedy=remedy)
    return StoreError(
        f"the context store {where} failed ({type(error).__name__})",
        remedy="check that the folder is whole and writable and that chromadb is 1.5 or newer",
    )


def _is_full(where: str) -> bool:
    return Path(where).is_dir() and shutil.disk_usage(where).free < _LEAST_FREE
