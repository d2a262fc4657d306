"""Speed and memory of the store against raw Chroma, with the same chunks and vectors.

Each of the two runs in its own process. They take turns, page by page and query by query, so that
other load on the machine affects both alike. Embedding is left out: the vectors are drawn around
random topics. Finding private values depends only on the text; it is measured separately, on a
sample of the chunks.

The default sizes of 1,000, 10,000 and 100,000 chunks take ten minutes together. ``python
bench_store.py 1000 10000`` runs other sizes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from store_sides import (
    PAGE,
    Answer,
    K,
    RawChroma,
    SideProcess,
    Store,
    kind,
    query_vector,
    text,
    vectors,
)

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.retrievers.search import SearchType

SIZES: Final = (1_000, 10_000, 100_000)
QUESTIONS: Final = 100
SAMPLE: Final = 300
SEARCHES: Final[Sequence[tuple[SearchType, bool]]] = (
    ("similarity", False),
    ("similarity", True),
    ("hybrid", False),
    ("hybrid", True),
)


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or SIZES
    kept = Table(
        "chunks",
        "add, ms",
        "raw",
        "rate / raw",
        "+ values, ms",
        "rate / raw",
        "MB",
        "raw",
        "MB / raw",
    )
    asked = Table(
        "chunks", "search", "p50 ms", "p95 ms", "p50 / raw", "p95 / raw", "nearest found", "raw"
    )
    for size in sizes:
        with (
            tempfile.TemporaryDirectory() as folder,
            SideProcess(RawChroma, Path(folder, "raw")) as raw,
            SideProcess(Store, Path(folder, "store")) as store,
        ):
            add_all(kept, size, raw, store)
            for search_type, filtered in SEARCHES:
                ask_all(asked, size, raw, store, search_type, filtered)
    Console(width=100).print(kept, asked)


def add_all(table: Table, size: int, raw: SideProcess, store: SideProcess) -> None:
    """Add the chunks to both and report milliseconds per chunk, and memory."""
    seconds: dict[SideProcess, float] = defaultdict(float)
    for page in track(range(size // PAGE), f"adding {size}", transient=True):
        for side in (raw, store):
            seconds[side] += side.add(page)
    milliseconds = {side: 1e3 * taken / size for side, taken in seconds.items()}
    values = value_milliseconds()
    megabytes = {side: side.memory_growth() / 1e6 for side in (raw, store)}
    table.add_row(
        f"{size:,}",
        f"{milliseconds[store]:.2f}",
        f"{milliseconds[raw]:.2f}",
        f"{milliseconds[raw] / milliseconds[store]:.2f}",
        f"{values:.2f}",
        f"{milliseconds[raw] / (milliseconds[store] + values):.2f}",
        f"{megabytes[store]:.0f}",
        f"{megabytes[raw]:.0f}",
        f"{megabytes[store] / megabytes[raw]:.2f}",
    )


def value_milliseconds() -> float:
    """Return the milliseconds per chunk for finding its private values."""
    texts = [text(number) for number in range(SAMPLE)]
    ValueSet.from_texts(["Ann"])  # loads the word lists
    start = time.perf_counter()
    for one in texts:
        ValueSet.from_texts([one])
    return 1e3 * (time.perf_counter() - start) / SAMPLE


def ask_all(
    table: Table,
    size: int,
    raw: SideProcess,
    store: SideProcess,
    search_type: SearchType,
    filtered: bool,
) -> None:
    """Ask both the same queries; report milliseconds and the recall of the nearest chunks."""
    generator = np.random.default_rng(6)
    numbers = [int(number) for number in generator.choice(size, QUESTIONS, replace=False)]
    for side in (raw, store):
        side.ask(numbers[0], search_type, filtered)  # loads everything that is loaded lazily
    answers: dict[SideProcess, list[Answer]] = {raw: [], store: []}
    for number in numbers:
        for side in (raw, store):
            answers[side].append(side.ask(number, search_type, filtered))
    p50, p95 = quantiles(answers[store])
    raw_p50, raw_p95 = quantiles(answers[raw])
    truth = nearest(size, numbers, filtered)
    by_vector = search_type == "similarity"
    table.add_row(
        f"{size:,}",
        search_type + (", of a kind" if filtered else ""),
        *(f"{value:.2f}" for value in (p50, p95, p50 / raw_p50, p95 / raw_p95)),
        f"{share_found(answers[store], truth):.3f}" if by_vector else "",
        f"{share_found(answers[raw], truth):.3f}" if by_vector else "",
    )


def quantiles(answers: Sequence[Answer]) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    p50, p95 = np.quantile([1e3 * seconds for seconds, _ in answers], [0.5, 0.95])
    return float(p50), float(p95)


def share_found(answers: Sequence[Answer], truth: Sequence[Collection[int]]) -> float:
    """Return the share of the truly nearest chunks that was found."""
    found = sum(len(set(ids) & set(true)) for (_, ids), true in zip(answers, truth, strict=True))
    return found / (K * len(truth))


def nearest(size: int, numbers: Sequence[int], filtered: bool) -> list[list[int]]:
    """Return the chunks nearest to each query, by exhaustive comparison."""
    queries = np.array([query_vector(number) for number in numbers], np.float32)
    kinds = np.array([kind(number) for number in range(size)])
    cosines = np.concatenate([queries @ vectors(page).T for page in range(size // PAGE)], axis=1)
    if filtered:
        cosines[np.array([kind(number) for number in numbers])[:, None] != kinds] = -2
    return [row.tolist() for row in np.argsort(-cosines, axis=1)[:, :K]]


if __name__ == "__main__":
    main()
