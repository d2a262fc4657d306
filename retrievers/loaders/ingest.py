"""Adds files and folders to a store; can be interrupted and repeated."""

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
    """Progress of one file.

    Attributes:
        path: The file.
        pieces: Number of its pieces stored so far.
        problem: Why the rest of it cannot be read, if so.
        done: Whether this is the last report on this file.
    """

    path: Path
    pieces: int
    problem: UnreadableFile | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What became of files that were added.

    Attributes:
        files: Number of files that were read whole.
        pieces: Number of their pieces in the store.
        problems: Files that could not be read, or not whole, and why.
    """

    files: int
    pieces: int
    problems: tuple[tuple[Path, UnreadableFile], ...]


def check_exists(path: Path) -> None:
    """Check that a path leads to something.

    Raises:
        UnreadableFile: It does not.
    """
    if not path.exists():
        raise UnreadableFile(
            f"there is no file or folder {path}", remedy="check the spelling of the path"
        )


def find_files(paths: Iterable[Path], leave_out: Path | None = None) -> Iterator[Path]:
    """Yield files, and the files in folders in order of name.

    Hidden files and folders inside folders are skipped, and links to folders are not followed. A
    folder that cannot be listed is yielded itself, so that adding it reports the problem.

    Args:
        paths: Files and folders.
        leave_out: A folder to skip: the store's own.

    Raises:
        UnreadableFile: A file or folder does not exist.
    """
    for path in paths:
        check_exists(path)
        if not path.is_dir():
            yield path
            continue
        problems: list[OSError] = []
        for folder, names, files in os.walk(path, onerror=problems.append):
            here = Path(folder)
            # Assigning in place tells os.walk which folders to enter, and in which order.
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
    """Add files one after another. A file that cannot be read is reported, and the rest is added.

    What is already in the store is not embedded again, so repeating an interrupted run continues
    it. A file that has changed replaces its earlier content.

    Args:
        store: The store.
        files: The files.
        kind: The kind of records, where the format does not decide it (mails and events are
            activities).

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
        UnreadableFile: The file cannot be opened, or is not a regular file. Reading from a pipe
            would block.
    """
    if path.exists() and not path.is_file():
        raise UnreadableFile("this is not a regular file", remedy="give a regular file or a folder")
    hasher = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                hasher.update(block)
    except OSError as error:
        raise UnreadableFile(
            f"the file cannot be opened ({error.strerror})",
            remedy="make it readable for this user",
        ) from None
    return hasher.hexdigest()
