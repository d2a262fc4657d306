"""Download a file so that it is either whole and verified under its final name, or not there.

Bytes are collected in a partial file, which the next run continues after an interruption. The
partial file is moved to its final name in one step, after its size and SHA-256 were checked.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from cogenesis_langchain.errors import DiskFull, ModelFileDamaged, ModelFileError

Progress = Callable[[int], None]
"""Called with the number of bytes of the file that have arrived so far."""

_HEADROOM = 256 << 20
"""Free bytes required beyond the file itself: a wheel being unpacked, and other programs."""


class Source(Protocol):
    """A place that a file can be downloaded from."""

    def extend(self, partial: Path, progress: Progress) -> None:
        """Append to ``partial`` the bytes that it does not have yet."""
        ...


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file to download.

    Attributes:
        target: Final path.
        partial: Where bytes are collected; the same path for the same content.
        size: Expected bytes; None if unknown.
        sha256: Expected hash; None if unknown.
    """

    target: Path
    partial: Path
    size: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and hash of a downloaded file, kept beside it as ``<file>.json``.

    Attributes:
        size: Bytes.
        sha256: Hash of the content.
        verified: Whether a published hash was available to compare with.
    """

    size: int
    sha256: str
    verified: bool

    @classmethod
    def read(cls, path: Path) -> FileRecord | None:
        """Return the record of a downloaded file, or None if it has none."""
        try:
            return cls(**json.loads(_record_path(path).read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write the record beside the file."""
        _record_path(path).write_text(json.dumps(asdict(self)), "utf-8")


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size_of(path: Path) -> int:
    """Return the bytes of a file, 0 if it does not exist."""
    return path.stat().st_size if path.exists() else 0


def lock(partial: Path) -> FileLock:
    """Return a lock that lets one process at a time download a file.

    Raises:
        ModelFileError: The folder is not writable.
    """
    folder = partial.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return FileLock(partial.with_suffix(".lock"))
    except OSError as error:
        raise ModelFileError(
            f"model files cannot be written to {folder} ({type(error).__name__})",
            remedy="set COGENESIS_HOME to a writable folder",
        ) from None


def download(expected: ExpectedFile, source: Source, progress: Progress) -> None:
    """Download a file, verify it and move it to its final path. The caller holds the lock.

    Raises:
        DiskFull: Not enough free space; checked before the download if the size is known.
        DownloadInterrupted: The connection was lost; the partial file is kept.
        ModelFileUnreachable: The source cannot be reached or does not have the file.
        ModelFileDamaged: Size or SHA-256 are wrong; the partial file is deleted.
    """
    if shutil.disk_usage(expected.partial.parent).free < _needed(expected):
        raise _disk_full(expected)
    try:
        if size_of(expected.partial) != expected.size:
            source.extend(expected.partial, progress)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _disk_full(expected) from None
    _move_into_place(expected)


def _move_into_place(expected: ExpectedFile) -> None:
    size, sha256 = size_of(expected.partial), sha256_of(expected.partial)
    if sha256 != (expected.sha256 or sha256) or size != (expected.size or size):
        expected.partial.unlink()
        raise ModelFileDamaged(
            f"the download for {expected.target.name} is not the expected file: "
            f"{size} bytes with SHA-256 {sha256}",
            remedy="run the command again; if it fails again, the source has another file",
        )
    expected.target.parent.mkdir(parents=True, exist_ok=True)
    FileRecord(size, sha256, verified=expected.sha256 is not None).write(expected.target)
    expected.partial.replace(expected.target)


def _needed(expected: ExpectedFile) -> int:
    return (expected.size or 0) - size_of(expected.partial) + _HEADROOM


def _disk_full(expected: ExpectedFile) -> DiskFull:
    folder = expected.partial.parent
    return DiskFull(
        f"{expected.target.name} does not fit on the disk of {folder}: "
        f"{shutil.disk_usage(folder).free >> 20} MB are free, "
        f"{_needed(expected) >> 20} MB are needed",
        remedy="free some space or set COGENESIS_HOME to a folder on another disk; "
        "the next run continues",
    )
