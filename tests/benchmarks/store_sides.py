"""The two sides of `bench_store`, a context store and raw Chroma, and their test data."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Protocol, Self
from unittest.mock import patch

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from support.memory import resident_bytes
from support.retrieval_set import people

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search, SearchType
from cogenesis_langchain.retrievers.storage.chroma.chroma_settings import chroma_settings
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import KINDS, Kind

PAGE: Final = 500
K: Final = 4
_DIMENSIONS: Final = 384
_TOPICS: Final = 300
_SNIPPETS: Final = 5  # snippets of the labelled set per chunk, about 420 characters

Answer = tuple[float, list[int]]
"""Seconds, and the numbers of the chunks that were found."""


class Side(Protocol):
    """A store that chunks are added to and searched in."""

    def add(self, page: int) -> float:
        """Add a page of chunks; return the seconds, without embedding."""
        ...

    def ask(self, number: int, search_type: SearchType, filtered: bool) -> Answer:
        """Search for the chunks most similar to one."""
        ...


class RawChroma:
    """Chroma with default settings, except cosine distance; every search is by vector."""

    def __init__(self, folder: Path) -> None:
        import chromadb

        client = chromadb.PersistentClient(str(folder), chroma_settings())
        self._collection = client.create_collection(
            "chunks", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )

    def add(self, page: int) -> float:
        numbers = range(page * PAGE, (page + 1) * PAGE)
        texts, page_vectors = [text(number) for number in numbers], vectors(page)
        start = time.perf_counter()
        self._collection.add(
            ids=[str(number) for number in numbers],
            documents=texts,
            embeddings=page_vectors,
            metadatas=[{"kind": kind(number), "number": number} for number in numbers],
        )
        return time.perf_counter() - start

    def ask(self, number: int, search_type: SearchType, filtered: bool) -> Answer:
        vector = query_vector(number)
        start = time.perf_counter()
        found = self._collection.query(
            query_embeddings=np.array([vector], np.float32),
            n_results=K,
            where={"kind": kind(number)} if filtered else None,
        )
        return time.perf_counter() - start, [int(id_) for id_ in found["ids"][0]]


class Store:
    """A context store that finds no private values; their cost is measured separately."""

    def __init__(self, folder: Path) -> None:
        self._embeddings = PrecomputedEmbeddings()
        self._store = ContextStore(folder, embeddings=self._embeddings)
        patch.object(ValueSet, "from_texts", lambda texts: ValueSet()).start()

    def add(self, page: int) -> float:
        documents = [
            Document(page_content=text(number), metadata={"kind": kind(number), "number": number})
            for number in range(page * PAGE, (page + 1) * PAGE)
        ]
        self._embeddings.seconds = 0.0
        start = time.perf_counter()
        self._store.add_documents(documents)
        return time.perf_counter() - start - self._embeddings.seconds

    def ask(self, number: int, search_type: SearchType, filtered: bool) -> Answer:
        query_vector(number)  # computed before the clock starts
        filter_ = Filter(kinds=[kind(number)] if filtered else [])
        start = time.perf_counter()
        found = self._store.search(Search(question(number), K, search_type, filter_))
        return time.perf_counter() - start, [hit.metadata["number"] for hit, _ in found]


class PrecomputedEmbeddings(Embeddings):
    """Returns the vectors drawn for the chunks, and counts the seconds that this takes."""

    cogenesis_local: ClassVar[bool] = True

    def __init__(self) -> None:
        self.seconds = 0.0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        start = time.perf_counter()
        found = [self._vector(text) for text in texts]
        self.seconds += time.perf_counter() - start
        return found

    def embed_query(self, text: str) -> list[float]:
        return query_vector(int(text.rpartition(" ")[2]))

    def _vector(self, text: str) -> list[float]:
        if not (named := re.match(r"Note (\d+)", text)):
            return [1.0] * _DIMENSIONS  # the store's probe sentence for model fingerprints
        page, row = divmod(int(named[1]), PAGE)
        found: list[float] = vectors(page)[row].tolist()
        return found


class SideProcess:
    """Runs a side in its own process, so that its memory can be measured."""

    def __init__(self, side: type[RawChroma | Store], folder: Path) -> None:
        spawn = get_context("spawn")
        self._here, there = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(side, folder, there), daemon=True)
        self._process.start()
        self._before: int = self._here.recv()

    def add(self, page: int) -> float:
        self._here.send(("add", page))
        seconds: float = self._here.recv()
        return seconds

    def ask(self, number: int, search_type: SearchType, filtered: bool) -> Answer:
        self._here.send(("ask", number, search_type, filtered))
        answer: Answer = self._here.recv()
        return answer

    def memory_growth(self) -> int:
        """Return the bytes of memory that it has taken since it was empty."""
        self._here.send(None)
        memory: int = self._here.recv()
        return memory - self._before

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.join()


def _serve(make: type[RawChroma | Store], folder: Path, there: Connection) -> None:
    vectors(0), text(0)  # loads the test data, which both sides have in memory
    there.send(resident_bytes())
    side: Side = make(folder)
    while True:
        match there.recv():
            case ("add", page):
                there.send(side.add(page))
            case ("ask", number, search_type, filtered):
                there.send(side.ask(number, search_type, filtered))
            case None:
                there.send(resident_bytes())


def text(number: int) -> str:
    """Return a chunk: about 420 characters of personal snippets, with its number."""
    drawn = np.random.default_rng([1, number]).choice(_snippets(), _SNIPPETS)
    return f"Note {number}: {' '.join(drawn)}"


def question(number: int) -> str:
    """Return a question that names a chunk by its number."""
    drawn = np.random.default_rng([2, number]).choice(_questions())
    return f"{drawn} It was note {number}"


def kind(number: int) -> Kind:
    return KINDS[number % len(KINDS)]


@lru_cache(maxsize=2)
def vectors(page: int) -> NDArray[np.float32]:
    """Return the unit vectors of a page, drawn around topics; shape (PAGE, 384)."""
    generator = np.random.default_rng([3, page])
    topics = _topics()[generator.integers(_TOPICS, size=PAGE)]
    made = topics + generator.standard_normal((PAGE, _DIMENSIONS), np.float32)
    unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


@lru_cache(maxsize=1000)
def query_vector(number: int) -> list[float]:
    """Return a vector whose cosine to the chunk's is about 0.7."""
    page, row = divmod(number, PAGE)
    generator = np.random.default_rng([4, number])
    noise = generator.standard_normal(_DIMENSIONS, np.float32) / _DIMENSIONS**0.5
    made: list[float] = (vectors(page)[row] + noise).tolist()
    return made


@lru_cache(maxsize=1)
def _topics() -> NDArray[np.float32]:
    return np.random.default_rng(5).standard_normal((_TOPICS, _DIMENSIONS), np.float32)


@lru_cache(maxsize=1)
def _snippets() -> list[str]:
    return [snippet.page_content for person in people() for snippet in person.snippets]


@lru_cache(maxsize=1)
def _questions() -> list[str]:
    return [question.text for person in people() for question in person.questions]
