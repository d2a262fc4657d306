"""Adding files and folders to a store, so that it can be broken off and repeated."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cogenesis_langchain.errors import UnreadableFile
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.loaders.files import load
from cogenesis_langchain.retrievers.storage.records import Kind

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file is.

    Attributes:
        path: The file.
        pieces: How many of its pieces are in the store.
        problem: Why the rest of it cannot be read, if so.
        done: Whether this is the last of this file.
    """

    path: Path
    pieces: int
    problem: UnreadableFile | None = None
    done: bool = False


def find_files(paths: Iterable[Path], leave_out: Path | None = None) -> Iterator[Path]:
    """Yield files, and the files of folders in order of their names.

    Hidden files and folders in folders are left out, and links to folders are not followed. A
    folder that cannot be listed is yielded itself, so that adding reports it.

    Args:
        paths: Files and folders.
        leave_out: A folder that is not entered: the store's own.

    Raises:
        UnreadableFile: There is no such file or folder.
    """
    for path in paths:
        if not path.exists():
            raise UnreadableFile(f"there is no {path}", remedy="check how it is spelled")
        if not path.is_dir():
            yield path
            continue
        problems: list[OSError] = []
        for folder, names, files in os.walk(path, onerror=problems.append):
            here = Path(folder)
            names[:] = sorted(
                name
                for name in names
                if not name.startswith(".") and (here / name).resolve() != leave_out
            )
            yield from (here / name for name in sorted(files) if not name.startswith("."))
        yield from (Path(problem.filename) for problem in problems)


def add_files(
    store: ContextStore, files: Iterable[Path], *, kind: Kind = "document"
) -> Iterator[FileProgress]:
    """Add files one after another; one that cannot be read is reported, and the rest goes on.

    What is in the store already is not embedded again, so doing it again after it was broken off
    continues, and a file that has changed replaces what it held before.

    Args:
        store: Where to.
        files: What to add.
        kind: What it is, where the format does not tell (mails and events are activities).

    Yields:
        Progress, at least once for each file.
    """
    for path in files:
        pieces = 0
        try:
            version = _version(path)
            for pieces in store.replace_source(str(path.resolve()), version, load(path), kind=kind):
                yield FileProgress(path, pieces)
        except UnreadableFile as problem:
            yield FileProgress(path, pieces, problem, done=True)
        else:
            yield FileProgress(path, pieces, done=True)


def _version(path: Path) -> str:
    """Hash a file's content.

    Raises:
        UnreadableFile: It cannot be opened, or is no file: a pipe would be waited for.
    """
    if path.exists() and not path.is_file():
        raise UnreadableFile(
            "it is not a file that can be read", remedy="give a regular file, or a folder of yours"
        )
    hasher = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                hasher.update(block)
    except OSError as error:
        raise UnreadableFile(
            f"it cannot be opened ({error.strerror})", remedy="make it readable for this user"
        ) from None
    return hasher.hexdigest()
