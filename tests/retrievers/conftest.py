from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.storage.chroma import collection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a test's store."""
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[ContextStore]:
    """An empty store with fast embeddings."""
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        yield store


@pytest.fixture
def saves_often(monkeypatch: pytest.MonkeyPatch) -> int:
    """Make Chroma save its vector index after this many changes instead of thousands."""
    every = 50
    monkeypatch.setattr(collection, "SAVE_EVERY", every)
    return every
