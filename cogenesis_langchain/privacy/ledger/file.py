"""The egress ledger on disk: an entry is on the disk before its payload leaves, or nothing leaves.

Nothing about the file is remembered between two appends. Each one takes the lock, reads the last
line, writes the next and waits for the disk, so threads, processes and forks may share a ledger,
and a process killed at any moment leaves at most an unfinished line, which the next append cuts off
and notes. What was acknowledged stays. An append takes milliseconds and blocks: in async code call
it from a thread.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
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
)
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry

_PATIENCE = 30.0
"""Seconds to wait for other writers, each of which needs milliseconds."""

_PAUSE = 0.002
"""Seconds between two looks at the lock."""


def default_ledger_path() -> Path:
    """Return where the ledger is unless told: in ``COGENESIS_HOME`` or the user's state folder."""
    home = os.environ.get("COGENESIS_HOME")
    base = Path(home) if home else platformdirs.user_state_path("cogenesis-langchain")
    return base / "ledger" / "egress.jsonl"


class FileLedger:
    """An append-only, hash-chained record of every payload, in files of their owner alone.

    Args:
        path: The first file. Created (0600, its folder 0700) by the first append; later files of
            the same ledger stand beside it.
        max_bytes: Size at which the ledger goes on in another file.
    """

    def __init__(self, path: Path | str, *, max_bytes: int = 64 << 20) -> None:
        self.path = Path(path)
        self._max_bytes = max_bytes

    def append(self, entry: LedgerEntry) -> None:
        """Record an entry; it is on the disk when this returns.

        Raises:
            LedgerError: It is not, and the payload must not leave.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone():
                self._append(entry)
        except OSError as error:
            raise LedgerError(
                f"the egress ledger {self.path} cannot be written: {error.strerror or error}",
                remedy="nothing was sent; free some space, make its folder writable, or choose "
                "another path",
            ) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with _open(self.path.with_name(f"{self.path.name}.lock")) as lock:
            deadline = time.monotonic() + _PATIENCE
            while not lock_descriptor(lock.fileno(), blocking=False):
                if time.monotonic() > deadline:
                    raise TimeoutError("another writer holds its lock")
                time.sleep(_PAUSE)
            try:
                yield
            finally:  # not left to closing: a process forked just now holds the descriptor too
                unlock_descriptor(lock.fileno())

    def _append(self, entry: LedgerEntry) -> None:
        files = chain_files(self.path)
        newest = max(files, default=1)
        with _open(files.get(newest, self.path)) as file:
            last, unfinished = _tail(file)
            if not last and newest - 1 in files:  # stopped after it began this file
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
        """Continue the chain: with a note of what is cut off, if anything, and the entry."""
        number, previous = self._link(last) if last else (0, GENESIS)
        contents: list[LedgerEntry | TornWrite] = [entry]
        if unfinished:
            digest = hashlib.sha256(unfinished).hexdigest()
            contents.insert(0, TornWrite(len(unfinished), digest, datetime.now(UTC)))
        data = b""
        for content in contents:
            number += 1
            line = LedgerLine.seal(number, previous, content)
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
                "files elsewhere: the next request begins a new ledger",
            ) from None
        return line.number, line.sha256


def _open(path: Path) -> FileIO:
    """Open a file to read it and to write at its end, creating it for its owner alone."""
    new = not path.exists()
    file = FileIO(path, "a+", opener=lambda name, flags: os.open(name, flags, 0o600))
    if new and os.name == "posix":  # elsewhere a folder cannot be synced
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return file


def _tail(file: FileIO) -> tuple[bytes, bytes]:
    """Return the last whole line, without its newline, and what stands after it."""
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
        with suppress(OSError):  # what stays is cut off by the next append
            file.truncate(size)
        raise
