"""Forgotten or purged records are in no byte of the store's folder; deleted ones still are."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

import numpy as np
import pytest
from langchain_core.documents import Document
from numpy.typing import NDArray
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search
from cogenesis_langchain.retrievers.storage.chroma.index_guard import IndexGuard
from cogenesis_langchain.retrievers.storage.erasure_log import Erasure

pytestmark = pytest.mark.slow

SECRET = "Qzxvbnm the jqkwxyz safe opens with 84413"
METADATA = {"source": "/papers/wqzjkx.txt", "tags": ["vjxqkz", "plain"]}
TRACES = ("Qzxvbnm", "jqkwxyz", "84413", "wqzjkx", "vjxqkz")
TRIGRAMS = ("qzx", "zxv", "jqk", "qkw", "kwx")  # of the secret's words, and of no other text here


def traces(folder: Path) -> list[str]:
    """The parts of the secret found in the folder's bytes, in any case and as UTF-16."""
    content = b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    lower = content.lower()
    return [
        trace
        for trace in TRACES
        if trace.lower().encode() in lower or trace.encode("utf-16-le") in content
    ]


def trigrams(folder: Path) -> list[str]:
    """The secret's trigrams found in the blocks of Chroma's full-text index."""
    database = sqlite3.connect(folder / "chroma.sqlite3")
    blocks = database.execute("SELECT block FROM embedding_fulltext_search_data").fetchall()
    database.close()
    content = b"\n".join(block for (block,) in blocks)
    return [trigram for trigram in TRIGRAMS if trigram.encode() in content]


def vectors_like(folder: Path, vector: list[float]) -> int:
    """How often a vector occurs in the saved indexes and the database, as 32-bit floats."""
    unit = np.asarray(vector, np.float32)
    unit /= np.linalg.norm(unit)
    return sum(_count(path.read_bytes(), unit) for path in folder.rglob("*") if path.is_file())


def _count(content: bytes, unit: NDArray[np.float32]) -> int:
    found = 0
    for shift in range(4):
        numbers = np.frombuffer(
            content[shift : shift + (len(content) - shift) // 4 * 4], np.float32
        )
        if len(numbers) >= len(unit):
            windows = np.lib.stride_tricks.sliding_window_view(numbers, len(unit))
            with np.errstate(all="ignore"):
                found += int((np.abs(windows - unit).max(axis=1) < 1e-4).sum())
    return found


def fill(store: ContextStore, name: str, number: int) -> None:
    store.add_documents(
        [Document(page_content=f"{name} planted tree {i} in the park") for i in range(number)]
    )


def test_control_a_deleted_text_is_still_in_the_files(store: ContextStore, folder: Path) -> None:
    """The control: without an erasure the traces are found."""
    store.delete([store.add(SECRET, metadata=METADATA)])
    assert set(traces(folder)) == set(TRACES)
    assert trigrams(folder)


def test_control_vacuum_alone_leaves_trigrams_in_the_full_text_index(
    store: ContextStore, folder: Path
) -> None:
    """A second control: it shows why an erasure does more than VACUUM."""
    store.add(SECRET)
    store.for_user("other").add("a plain note")
    store._records._collection.drop()
    database = sqlite3.connect(folder / "chroma.sqlite3", isolation_level=None)
    database.execute("VACUUM")
    database.close()
    assert trigrams(folder)


@pytest.mark.usefixtures("saves_often")
def test_a_forgotten_text_is_in_no_byte_and_the_rest_stays(
    store: ContextStore, folder: Path
) -> None:
    secret = store.add(SECRET, metadata=METADATA)
    fill(store, "Nora", 120)
    vector = WordEmbeddings().embed_query(SECRET)
    assert set(traces(folder)) == set(TRACES)
    assert vectors_like(folder, vector)

    store.forget([secret])

    assert traces(folder) == []
    assert trigrams(folder) == []
    assert vectors_like(folder, vector) == 0
    assert sum(store.stats().values()) == 120
    found = store.search("Nora planted tree 77 in the park")
    assert found[0][0].page_content == "Nora planted tree 77 in the park"
    fill(store, "Omar", 120)
    assert sum(store.stats().values()) == 240


@pytest.mark.usefixtures("saves_often")
def test_a_record_that_is_not_in_the_saved_index_is_forgotten_too(
    store: ContextStore, folder: Path
) -> None:
    fill(store, "Nora", 70)
    secret = store.add(SECRET, metadata=METADATA)
    store.forget([secret])
    assert traces(folder) == []
    assert vectors_like(folder, WordEmbeddings().embed_query(SECRET)) == 0
    assert len(store.search("Nora planted tree 3")) == 4


@pytest.mark.usefixtures("saves_often")
def test_a_record_with_the_same_text_keeps_its_vector(store: ContextStore) -> None:
    kept = store.add("the same words", metadata={"source": "kept.txt"})
    gone = store.add("the same words", metadata={"source": "gone.txt"})
    fill(store, "Nora", 120)
    store.forget([gone])
    assert store.search("the same words")[0][0].id == kept


@pytest.mark.usefixtures("saves_often")
def test_a_purged_user_is_in_no_byte_and_others_stay(folder: Path) -> None:
    with ContextStore(folder, "ann", WordEmbeddings()) as store:
        store.add(SECRET, metadata=METADATA)
        fill(store, "Qzxvbnm", 120)
        other = store.for_user("ben")
        fill(other, "Nora", 120)
        kept_indexes = 1

        store.purge()

        assert traces(folder) == []
        assert trigrams(folder) == []
        assert len([path for path in folder.iterdir() if path.is_dir()]) == kept_indexes
        assert sum(store.stats().values()) == 0
        assert sum(other.stats().values()) == 120
        assert other.search("Nora planted tree 5 in the park")[0][0].page_content.endswith(
            "tree 5 in the park"
        )
        store.add("a fresh start")
        assert store.search("a fresh start")[0][0].page_content == "a fresh start"
    with ContextStore(folder, "ben", WordEmbeddings()) as again:
        assert sum(again.stats().values()) == 120


def test_records_added_after_another_users_purge_are_found(folder: Path) -> None:
    """Purging empties Chroma's queue; new records must not get numbers that are already saved."""
    with ContextStore(folder, "ann", WordEmbeddings()) as ann:
        fill(ann, "Nora", 30)
        ben = ann.for_user("ben")
        fill(ben, "Omar", 60)
        ben.purge()
        fill(ann, "Pia", 30)
        assert sum(ann.stats().values()) == 60
        assert ann.search("Pia planted tree 29 in the park")[0][0].page_content.startswith("Pia")
    with ContextStore(folder, "ann", WordEmbeddings()) as ann:
        fill(ann, "Quin", 30)
        assert ann.search("Quin planted tree 29 in the park")[0][0].page_content.startswith("Quin")
        assert sum(ann.stats().values()) == 90


@pytest.mark.parametrize("whole", [True, False])
def test_an_interrupted_erasure_is_finished_at_the_next_opening(folder: Path, whole: bool) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        secret = store.add(SECRET, metadata=METADATA)
        kept = store.add("kept")
        name = store._records._collection.name
        Erasure(name, None if whole else [secret]).save(folder)
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert traces(folder) == []
        assert [document.id for document in store.export()] == ([] if whole else [kept])
        assert [document.id for document, _ in store.search("kept")] == ([] if whole else [kept])
        assert Erasure.load(folder) is None


def reserved_space(folder: Path) -> list[bytes]:
    """The content of the space that empty indexes reserve for elements."""
    paths = [*folder.glob("*/data_level0.bin"), *folder.glob("*/length.bin")]
    assert paths
    return [path.read_bytes().strip(b"\0") for path in paths]


@pytest.mark.parametrize("task", ["add", "search", "list"])
def test_memory_that_chroma_leaks_into_its_files_is_zeroed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    """Chroma allocates space for vectors without clearing it, and saves what was in it before."""
    with monkeypatch.context() as unguarded:
        unguarded.setattr(IndexGuard, "zero_unused", lambda guard: None)
        with ContextStore(folder, embeddings=WordEmbeddings()) as store:
            store.add("kept")
    assert any(reserved_space(folder))  # the control
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        if task == "add":
            store.add("another")
        if task != "list":
            assert store.search("kept")[0][0].page_content == "kept"
        assert store.list_documents()
        assert not any(reserved_space(folder))


@pytest.mark.usefixtures("saves_often")
def test_zeroing_keeps_the_elements_of_an_index(folder: Path) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        fill(store, "Nora", 130)
    for file in folder.glob("*/data_level0.bin"):
        content = file.read_bytes()
        header = file.with_name("header.bin").read_bytes()
        elements, size = struct.unpack_from("<QQ", header, 20)
        assert elements == 130
        assert all(content[i * size : (i + 1) * size].strip(b"\0") for i in range(elements))
        assert not content[elements * size :].strip(b"\0")
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        for i in range(130):
            text = f"Nora planted tree {i} in the park"
            assert store.search(Search(text, 1, "similarity"))[0][0].page_content == text


def test_forgetting_an_unknown_record_is_an_error(store: ContextStore) -> None:
    with pytest.raises(StoreError, match="no record"):
        store.forget(["0" * 32])
