"""The egress ledger on disk. A payload is sent only after its entry is on the disk.

Each append takes a lock, reads the last line, writes the next one and waits for the disk. No state
is kept between appends, so threads, processes and forks may share a ledger. A process killed during
an append leaves at most an incomplete line, which the next append removes and records; acknowledged
entries are never lost. An append blocks for milliseconds: in async code, call it from a thread.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

import platformdirs
from filelock import lock_descriptor, unlock_descriptor

from cogenesis_langchain.errors import LedgerError
from cogenesis_langchain.privacy.ledger.chain import (
    GENESIS,
    LedgerLine,
    TornWrite,
    chain_files,
    read,
)
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry

_LOCK_TIMEOUT = 30.0
"""Seconds to wait for other writers. Each of them holds the lock for milliseconds."""

_LOCK_POLL_INTERVAL = 0.002
"""Seconds between two attempts to take the lock."""

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none, and needs rights to make links


def default_ledger_path() -> Path:
    """Return the default path of the ledger: in ``COGENESIS_HOME`` or the user's state folder."""
    home = os.environ.get("COGENESIS_HOME")
    base = Path(home).expanduser() if home else platformdirs.user_state_path("cogenesis-langchain")
    return base / "ledger" / "egress.jsonl"


class FileLedger:
    """An append-only, hash-chained ledger in files that only their owner can read.

    Existing files become readable by their owner alone; symbolic links are refused.

    Args:
        path: The first file; ``~`` is the home folder. The first append creates it (mode 0600,
            folder 0700). Later files of the ledger are created next to it.
        max_bytes: Size at which the ledger continues in a new file.
    """

    def __init__(self, path: Path | str, *, max_bytes: int = 64 << 20) -> None:
        self.path = Path(path).expanduser()
        self._max_bytes = max_bytes

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """All entries on disk, oldest first; none before the first request.

        Raises:
            LedgerError: A line was altered.
        """
        lines = read(self.path) if self.path.exists() else ()
        return tuple(line.content for line in lines if isinstance(line.content, LedgerEntry))

    def __repr__(self) -> str:
        return f"FileLedger({str(self.path)!r})"

    def append(self, entry: LedgerEntry) -> None:
        """Record an entry. It is on the disk when this returns.

        Raises:
            LedgerError: The entry could not be written; the caller must not send the payload.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                self._append(entry)
        except OSError as error:
            raise LedgerError(
                f"the egress ledger {self.path} cannot be written: {error.strerror or error}",
                remedy="nothing was sent; free some space, make the folder writable, or choose "
                "another path",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _open(self.path.with_name(f"{self.path.name}.lock")) as lock:
            deadline = time.monotonic() + _LOCK_TIMEOUT
            while not lock_descriptor(lock.fileno(), blocking=False):
                if time.monotonic() > deadline:
                    raise TimeoutError("another writer holds the lock")
                time.sleep(_LOCK_POLL_INTERVAL)
            try:
                yield
            finally:
                # Closing the file does not release the lock while a forked child has it open.
                unlock_descriptor(lock.fileno())

    def _append(self, entry: LedgerEntry) -> None:
        files = chain_files(self.path)
        newest = max(files, default=1)
        with _open(files.get(newest, self.path)) as file:
            last, unfinished = _tail(file)
            if not last and newest - 1 in files:
                # A writer was stopped after it created this file and before its first line.
                with _open(files[newest - 1]) as before:
                    last, _ = _tail(before)
            data = self._next_lines(last, unfinished, entry)
            size = file.seek(0, os.SEEK_END) - len(unfinished)
            if unfinished:
                file.truncate(size)
            if size == 0 or size + len(data) <= self._max_bytes:
                return _write(file, data)
        following = self.path.with_name(f"{self.path.stem}.{newest + 1}{self.path.suffix}")
        with _open(following) as file:
            _write(file, data)

    def _next_lines(self, last: bytes, unfinished: bytes, entry: LedgerEntry) -> bytes:
        """Return the lines to append: a `TornWrite` for an incomplete line, then the entry."""
        number, previous = self._link(last) if last else (0, GENESIS)
        contents: list[LedgerEntry | TornWrite] = [entry]
        if unfinished:
            digest = hashlib.sha256(unfinished).hexdigest()
            contents.insert(0, TornWrite(len(unfinished), digest, datetime.now(UTC)))
        data = b""
        for content in contents:
            number += 1
            line = LedgerLine.create(number, previous, content)
            previous = line.sha256
            data += line.raw + b"\n"
        return data

    def _link(self, last: bytes) -> tuple[int, str]:
        try:
            line = LedgerLine.decode(last)
        except ValueError as error:
            raise LedgerError(
                f"the last line of the egress ledger {self.path} was altered: {error}",
                remedy="nothing was sent; run `cogenesis ledger verify`, then move the ledger's "
                "files away: the next request starts a new ledger",
            ) from None
        return line.number, line.sha256


def _open(path: Path) -> FileIO:
    """Open a file for reading and appending; it gets mode 0600 whether it is new or not.

    A symbolic link is refused: whoever made it would choose where the entries go.
    """
    new = not path.exists()
    if path.is_symlink():
        raise OSError(errno.ELOOP, f"{path.name} is a symbolic link")
    file = FileIO(path, "a+", opener=lambda name, flags: os.open(name, flags | _NO_LINK, 0o600))
    if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
        os.fchmod(file.fileno(), 0o600)
    if new and os.name == "posix":
        # A new file survives a power failure only if its folder is synced too (Windows has no way
        # to sync a folder).
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return file


def _tail(file: FileIO) -> tuple[bytes, bytes]:
    """Return the last complete line, without its newline, and the bytes after it."""
    if file.seek(0, os.SEEK_END) == 0:
        return b"", b""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = data.rfind(b"\n")
        start = data.rfind(b"\n", 0, max(end, 0)) + 1
        return data[start : max(end, 0)], data[end + 1 :]


def _write(file: FileIO, data: bytes) -> None:
    size = file.seek(0, os.SEEK_END)
    try:
        if file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):  # the next append removes an incomplete line anyway
            file.truncate(size)
        raise
