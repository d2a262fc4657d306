"""A process that changes a store until it is killed.

Run: ``python store_worker.py FOLDER TASK RUN``. It prints a line when it begins and one for each
completed change.
"""

from __future__ import annotations

import itertools
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from cogenesis_langchain.retrievers.context_store import ContextStore

BATCH = 40
DIMENSIONS = 384


class RandomEmbeddings(Embeddings):
    """A fixed random vector for each text: the fastest model that distinguishes texts."""

    cogenesis_local: ClassVar[bool] = True

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        generator = np.random.default_rng(zlib.crc32(text.encode()))
        return [float(number) for number in generator.standard_normal(DIMENSIONS)]


def open_store(folder: str | Path, user: str = "ann") -> ContextStore:
    """Open a store as the worker does."""
    return ContextStore(folder, user, RandomEmbeddings())


def batch(run: str, number: int) -> list[Document]:
    """The documents of one change."""
    return [Document(page_content=f"{run} batch{number} item{i}") for i in range(BATCH)]


def report(what: object) -> None:
    """Print a line for the parent process at once."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def ingest(folder: str, run: str) -> None:
    store = open_store(folder)
    report("begun")
    for number in itertools.count():
        store.add_documents(batch(run, number))
        report(number)


def purge(folder: str, run: str) -> None:
    store = open_store(folder)
    report("begun")
    store.purge()
    report("purged")


def forget(folder: str, run: str) -> None:
    store = open_store(folder)
    ids = [document.id or "" for document in store.export() if run in document.page_content]
    report("begun")
    store.forget(ids)
    report("forgotten")


TASKS: dict[str, Callable[[str, str], None]] = {"ingest": ingest, "purge": purge, "forget": forget}

if __name__ == "__main__":
    TASKS[sys.argv[2]](sys.argv[1], sys.argv[3])
