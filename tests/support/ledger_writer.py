"""Ledgers for tests, and a program that appends to one until it is done or killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cogenesis_langchain.privacy.ledger.chain import read
from cogenesis_langchain.privacy.ledger.entry import EgressLedger, LedgerEntry
from cogenesis_langchain.privacy.ledger.file import FileLedger

_MAX_BYTES = 200_000


def entry(payload: bytes = b'{"input": "a letter"}') -> LedgerEntry:
    return LedgerEntry("POST https://cloud.test/v1", "sketch", "masked", payload, {"name": 2})


def filled(path: Path, count: int = 6, max_bytes: int = 64 << 20) -> FileLedger:
    ledger = FileLedger(path, max_bytes=max_bytes)
    for number in range(count):
        ledger.append(entry(f"payload {number}".encode()))
    return ledger


def payloads(path: Path) -> list[bytes]:
    return [line.content.payload for line in read(path) if isinstance(line.content, LedgerEntry)]


def append_from_threads(ledger: FileLedger, threads: int, each: int) -> None:
    def run(name: int) -> None:
        for number in range(each):
            ledger.append(entry(f"{name}:{number}".encode()))

    workers = [threading.Thread(target=run, args=(name,)) for name in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


class Unlocked(FileLedger):
    """A control: writers do not wait for each other."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        yield


class Buffered:
    """A control: acknowledges entries before they are written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=1 << 26)

    def append(self, entry: LedgerEntry) -> None:
        self._file.write(entry.payload + b"\n")


def names(payload: bytes) -> str:
    return payload.rsplit(b":", 1)[0].decode()


def writers(kind: str, path: Path, names: Sequence[str], count: int) -> list[subprocess.Popen[str]]:
    """Start processes that append entries and print the number of each one once it is safe."""
    started = []
    for name in names:
        arguments = [sys.executable, __file__, kind, str(path), name, str(count)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(arguments, stdin=pipe, stdout=pipe, text=True))
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


def main(kind: str, path: Path, name: str, count: int) -> None:
    ledgers = {"FileLedger": FileLedger, "Unlocked": Unlocked}
    ledger: EgressLedger
    ledger = Buffered(path) if kind == "Buffered" else ledgers[kind](path, max_bytes=_MAX_BYTES)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(count):
        ledger.append(entry(f"{name}:{number}:".encode() + b"x" * (number % 7 * 3000)))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
