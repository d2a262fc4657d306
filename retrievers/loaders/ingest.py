"""Adds files and folders to a store; can be interrupted and repeated."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import StoreError, UnreadableFile
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.loaders.files import load
from cogenesis_langchain.retrievers.storage.chroma.collection import PAGE
from cogenesis_langchain.retrievers.storage.record_format import SOURCE, VERSION
from cogenesis_langchain.retrievers.storage.records import (
    Kind,
    Record,
    digest,
    make_record,
    unique,
)
from cogenesis_langchain.retrievers.storage.user_records import UserRecords

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
    """Check that paths exist, and yield files, and the files in folders in order of name.

    Hidden files and folders inside folders are skipped, and links to folders are not followed. A
    folder that cannot be listed is yielded itself, so that adding it reports the problem.

    Args:
        paths: Files and folders; ``~`` is the home folder.
        leave_out: A folder to skip: the store's own.

    Raises:
        UnreadableFile: A file or folder does not exist; raised before the first file is yielded.
    """
    found = [_in_home(path) for path in paths]
    for path in found:
        check_exists(path)
    return (file for path in found for file in _files_in(path, leave_out))


def _in_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # there is no such user, so that the path does not exist either
        return path


def _files_in(path: Path, leave_out: Path | None) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
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
            for pieces in _replace_file(store._records, path, kind):
                yield FileProgress(path, pieces)
        except UnreadableFile as problem:
            yield FileProgress(path, pieces, problem, done=True)
        else:
            yield FileProgress(path, pieces, done=True)


def report_of(
    steps: Iterable[FileProgress], progress: Callable[[FileProgress], None] | None
) -> FilesReport:
    """Return what became of the files of a run.

    Args:
        steps: The run; see `add_files`.
        progress: Called with each step; None calls nothing.
    """
    files = pieces = 0
    problems = []
    for step in steps:
        if progress is not None:
            progress(step)
        if step.problem is not None:
            problems.append((step.path, step.problem))
        elif step.done:
            files, pieces = files + 1, pieces + step.pieces
    return FilesReport(files, pieces, tuple(problems))


def _replace_file(records: UserRecords, path: Path, kind: Kind) -> Iterator[int]:
    """Add a file's records, then delete what the file no longer contains.

    It works page by page. If it is interrupted, the next call continues. The records of an earlier
    version stay until the new version is complete.

    Yields:
        The number of records stored so far.

    Raises:
        UnreadableFile: The file cannot be read to its end, or holds what cannot be stored. The
            rest of it is stored.
    """
    source, version = str(path.resolve()), digest(_version(path), key=records.key)
    done = 0
    for page in _pages(_records(load(path), source, version, kind, records.key)):
        records.write(unique(page))
        done += len(page)
        yield done
    outdated = [{SOURCE: digest(source, key=records.key)}, {VERSION: {"$ne": version}}]
    records.delete(records.ids({"$and": outdated}))


def _records(
    documents: Iterable[Document], source: str, version: str, kind: Kind, key: bytes
) -> Iterator[Record]:
    """Yield a file's documents as records; after the last one, say what could not be stored."""
    refused: StoreError | None = None
    for document in documents:
        metadata = {**document.metadata, "source": source}
        piece = Document(page_content=document.page_content, metadata=metadata)
        try:
            record = make_record(piece, kind, key=key, version=version)
        except StoreError as error:
            refused = error
            continue
        yield record
    if refused is not None:
        raise UnreadableFile(
            f"a part of the file cannot be stored: {refused.what}", remedy=refused.remedy
        )


def _pages(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield records page by page; what was read before an error comes before the error."""
    page: list[Record] = []
    problem: UnreadableFile | None = None
    try:
        for record in records:
            page.append(record)
            if len(page) == PAGE:
                yield page
                page = []
    except UnreadableFile as error:
        problem = error
    if page:
        yield page
    if problem is not None:
        raise problem


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
