"""Kills a `store_worker` and checks the store that it leaves behind."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from support.store_worker import BATCH, batch, open_store

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search

WORKER = Path(__file__).with_name("store_worker.py")
Moment = Callable[[Path], None]
"""Waits until the moment of the kill."""


def after(seconds: float) -> Moment:
    """Some time after the task has begun."""
    return lambda folder: time.sleep(seconds)


def index_copies(folder: Path) -> list[Path]:
    """The copies of indexes that are being saved."""
    return [copy for copy in folder.glob("index-copy-*") if copy.suffix != ".part"]


def while_saving(seconds: float) -> Moment:
    """Some time after Chroma has begun to save its index."""

    def wait(folder: Path) -> None:
        limit = time.monotonic() + 30
        while not index_copies(folder) and time.monotonic() < limit:
            time.sleep(0.0005)
        time.sleep(seconds)

    return wait


def kill(folder: Path, task: str, run: str, moment: Moment) -> list[str]:
    """Run a task, kill it with SIGKILL, and return the changes that it had reported."""
    command = [sys.executable, str(WORKER), str(folder), task, run]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "begun\n"
        moment(folder)
        worker.send_signal(signal.SIGKILL)
        return worker.stdout.read().split()


def some_moment(number: int) -> Moment:
    """A random moment; for odd numbers one while Chroma saves its index."""
    drawn = random.Random(number)
    return while_saving(drawn.uniform(0, 0.02)) if number % 2 else after(drawn.uniform(0, 1.5))


def check_whole(store: ContextStore, run: str, reported: list[str]) -> int:
    """Check that every reported batch is complete, stored once, and found by every search type.

    Returns:
        The number of records of the run.
    """
    texts = [document.page_content for document in store.export() if run in document.page_content]
    assert len(texts) == len(set(texts)), "a record is stored twice"
    wanted = {document.page_content for number in reported for document in batch(run, int(number))}
    assert wanted <= set(texts), "a record is lost"
    assert len(texts) % BATCH == 0, "a batch is incomplete"
    ids = [document.id or "" for document in store.export()]
    assert len(store._records.vectors(ids)) == len(ids), "a vector is lost"
    for text in texts[:: max(1, len(texts) // 40)]:
        [(nearest, cosine)] = store.search(Search(text, 1, "similarity"))
        assert nearest.page_content == text and cosine > 0.999, "it is missing from the index"
        found = store.search(Search(text, len(texts), "keywords"))
        assert text in {document.page_content for document, _ in found}, (
            "its words are missing from the index"
        )
    return len(texts)


__all__ = ["after", "check_whole", "kill", "open_store", "some_moment", "while_saving"]
