"""Records that another thread changes between two steps of a search or of an addition."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from langchain_core.documents import Document
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import SEARCH_TYPES, FilteredRecords, Search
from cogenesis_langchain.retrievers.storage.records import Ranked


class Interrupted(WordEmbeddings):
    """Lets a test act as another thread does, before a text is embedded."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        while self.meanwhile:
            self.meanwhile.pop()()
        return super().embed_documents(texts)


def document(text: str, **metadata: object) -> Document:
    return Document(id=text.split()[0], page_content=text, metadata=metadata)


@pytest.mark.parametrize("left", [0, 2])
def test_mmr_leaves_out_what_is_deleted_while_it_searches(
    store: ContextStore, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    store.add_documents(document(f"{name} key") for name in "abc")
    find = FilteredRecords.nearest

    def nearest(self: FilteredRecords, vector: Sequence[float], n: int) -> list[Ranked]:
        found = find(self, vector, n)
        store.delete([id_ for id_, _ in found[left:]])
        return found

    monkeypatch.setattr(FilteredRecords, "nearest", nearest)
    assert len(store.search(Search("key", 3, "mmr"))) == left


def test_a_record_that_is_deleted_while_its_metadata_changes_is_added_again(folder: Path) -> None:
    embeddings = Interrupted()
    with ContextStore(folder, embeddings=embeddings) as store:
        store.add_documents([document("old text", place="Ghent")])
        embeddings.meanwhile = [lambda: store.delete(["old"])]
        store.add_documents([document("old text", place="Oslo"), document("new text")])
        assert [one.metadata.get("place") for one in store.get(["old", "new"])] == ["Oslo", None]
        [(found, cosine)] = store.search(Search("old text", 1, "similarity"))
        assert found.id == "old" and cosine > 0.999


def test_a_record_that_is_replaced_while_its_metadata_changes_gets_the_vector_of_its_text(
    folder: Path,
) -> None:
    embeddings = Interrupted()
    with ContextStore(folder, embeddings=embeddings) as store:
        store.add_documents([document("old text", place="Ghent")])
        other = Document(id="old", page_content="zebra", metadata={"town": "Gent"})
        embeddings.meanwhile = [lambda: store.add_documents([other])]
        store.add_documents([document("old text", place="Oslo"), document("new text")])
        [(found, cosine)] = store.search(Search("old text", 1, "similarity"))
        assert found.metadata == {"place": "Oslo", "kind": "document"} and cosine > 0.999


@pytest.mark.slow
def test_threads_search_add_and_delete_at_once(store: ContextStore) -> None:
    problems: list[Exception] = []
    stop = threading.Event()

    def change(name: str) -> None:
        try:
            for round_ in range(15):
                both = [document(f"{name}{i} key", round=round_) for i in range(5)]
                store.add_documents(both)
                store.delete([one.id or "" for one in both[round_ % 2 :]])
        except Exception as problem:
            problems.append(problem)
        finally:
            stop.set()

    def search() -> None:
        try:
            while not stop.is_set():
                for search_type in SEARCH_TYPES:
                    store.search(Search("key", 10, search_type))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=change, args=("same",)) for _ in range(2)]
    threads += [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
