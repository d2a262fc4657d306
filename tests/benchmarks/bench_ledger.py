"""Cost of recording a payload, against a bare write and fsync.

Run: ``python tests/benchmarks/bench_ledger.py``. The two are timed alternately, so that the disk
affects both alike. The column "without the disk" is the same code with an fsync that does nothing.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from cogenesis_langchain.privacy.ledger.chain import read, verify
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry
from cogenesis_langchain.privacy.ledger.file import FileLedger

ROUNDS = 1000
SIZES = (500, 4_000, 64_000)


def microseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e6


def measure(size: int, folder: Path, table: Table) -> None:
    ledger = FileLedger(folder / f"{size}" / "egress.jsonl")
    payload = b"x" * size
    entry = LedgerEntry("POST https://cloud.test/v1", "sketch", "masked", payload, {"name": 2})
    ledger.append(entry)
    line = next(read(ledger.path)).raw + b"\n"
    bare: list[float] = []
    recorded: list[float] = []
    with (folder / f"{size}.bare").open("ab", buffering=0) as file:

        def write_and_sync() -> None:
            file.write(line)
            os.fsync(file.fileno())

        for _ in range(ROUNDS):
            bare.append(microseconds(write_and_sync))
            recorded.append(microseconds(lambda: ledger.append(entry)))
    with patch("os.fsync"):
        own = [microseconds(lambda: ledger.append(entry)) for _ in range(ROUNDS)]
    verified = microseconds(lambda: verify(ledger.path)) / (2 * ROUNDS + 1)
    one, other = statistics.median(bare), statistics.median(recorded)
    figures = (one, other, statistics.median(own), verified)
    table.add_row(f"{size:,}", f"{other / one:.2f}", *(f"{figure:,.0f}" for figure in figures))


def main() -> None:
    table = Table(
        "payload, bytes",
        "ratio",
        "write + fsync, µs",
        "append, µs",
        "append without the disk, µs",
        "verify a line, µs",
        title=f"medians of {ROUNDS:,} appends",
    )
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            measure(size, Path(folder), table)
    Console().print(table)


if __name__ == "__main__":
    main()
