"""Arguments of a wrong type, range or name are refused, and no error shows a private text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index
from pydantic import ValidationError
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import CoGenesisError, ConfigurationError, StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.embeddings import LocalMiniLM
from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever
from cogenesis_langchain.retrievers.search import Search
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.vector_store import ContextVectorStore

SECRET = "Oksana Qzxvbnm 84413"

PRIVATE: dict[str, Callable[[ContextStore], object]] = {
    "user": lambda store: PrivateContextRetriever(store=store, user=[SECRET]),
    "where": lambda store: PrivateContextRetriever(store=store).invoke("q", where=SECRET),
    "since": lambda store: PrivateContextRetriever(store=store).invoke("q", since=[SECRET]),
    "k": lambda store: PrivateContextRetriever(store=store).invoke("q", k=SECRET),
    "add": lambda store: store.add([SECRET]),  # type: ignore[arg-type]
    "metadata": lambda store: store.add("x", metadata=SECRET),  # type: ignore[arg-type]
    "name": lambda store: store.add("x", metadata={(SECRET,): 1}),  # type: ignore[dict-item]
    "update": lambda store: store.update(store.add("x"), text={SECRET}),  # type: ignore[arg-type]
    "fact": lambda store: store.add_profile({SECRET: None}),  # type: ignore[dict-item]
    "texts": lambda store: store.as_vector_store().add_texts([[SECRET]]),  # type: ignore[list-item]
    "query": lambda store: store.search(Search([SECRET])),  # type: ignore[arg-type]
    "filter": lambda store: store.ids(Filter(where=SECRET)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("call", PRIVATE)
def test_the_error_of_a_wrong_argument_shows_no_private_text(
    store: ContextStore, call: str
) -> None:
    with pytest.raises((CoGenesisError, ValidationError)) as caught:
        PRIVATE[call](store)
    assert "Oksana" not in repr(caught.value) + str(caught.value)
    assert caught.value.__cause__ is None


def test_one_string_in_the_place_of_ids_is_refused_and_nothing_is_deleted(
    store: ContextStore,
) -> None:
    id_ = store.add("The key is with Noor.")
    vectors = store.as_vector_store()
    for call in (store.get, store.delete, store.forget, vectors.delete, vectors.get_by_ids):
        with pytest.raises(StoreError, match="one string"):
            call(id_)  # type: ignore[arg-type]
    assert [document.id for document in store.get([id_])] == [id_]


@pytest.mark.parametrize("value", [None, 41, ["x"]])
def test_a_profile_fact_that_is_no_text_is_refused(store: ContextStore, value: Any) -> None:
    with pytest.raises(StoreError, match="profile fact") as caught:
        store.add_profile({"Name": "Ana", "Age": value})
    assert "string" in caught.value.remedy
    assert store.profile() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"k": -1},
        {"k": 2**70},
        {"k": 1.5},
        {"fetch_k": 0},
        {"lambda_mult": 7},
        {"lambda_mult": float("nan")},
        {"lambda_mult": "1"},
        {"search_type": "vector"},
        {"search_type": ["mmr"]},
        {"query": None},
    ],
)
def test_a_search_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Search(**{"query": "key", **wrong})
    assert caught.value.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": "profile"},
        {"kinds": ["documents"]},
        {"kinds": 5},
        {"where": "place"},
        {"where": {1: "x"}},
    ],
)
def test_a_filter_that_could_match_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(StoreError) as caught:
        Filter(**wrong)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("until", "included"),
    [
        ("2026-03-14", True),
        ("20260314", True),
        ("2026-W11-6", True),
        (date(2026, 3, 14), True),
        ("2026-03-14T09", False),
        ("20260314T0900", False),
        (datetime(2026, 3, 14), False),
    ],
)
def test_a_plain_date_includes_its_day_however_it_is_written(
    store: ContextStore, until: date | str, included: bool
) -> None:
    store.add("at noon", metadata={"date": "2026-03-14T12:00"})
    assert (len(store.list_documents(Filter(until=until))) == 1) == included


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"offset": -1}, {"limit": 2**70}])
def test_a_list_out_of_range_is_refused(store: ContextStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="limit or the offset"):
        store.list_documents(**wrong)
    assert store.list_documents(limit=0) == []


def test_an_id_may_be_given_twice(store: ContextStore) -> None:
    one, two, three = (store.add(text) for text in ("one", "two", "three"))
    assert [found.id for found in store.get([two, one, two])] == [two, one]
    store.delete([two, two])
    store.forget([one, one])
    assert [left.id for left in store.export()] == [three]
    with pytest.raises(StoreError, match="no record"):
        store.forget([three, one, one])


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_below_one_is_refused_before_a_file_is_read(size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"batch_size={size}"):
        LocalMiniLM("no such model", batch_size=size)


VIEW: dict[str, Callable[[ContextVectorStore], object]] = {
    "filters": lambda view: view.similarity_search("key", filters={"place": "Ghent"}),
    "score": lambda view: view.similarity_search_with_score("key", kk=1),
    "relevance": lambda view: view.similarity_search_with_relevance_scores("key", filtr={}),
    "mmr": lambda view: view.max_marginal_relevance_search("key", lambda_mul=0.5),
    "add": lambda view: view.add_texts(["one"], id=["a"]),
    "delete": lambda view: view.delete(id=["a"]),
    "retriever": lambda view: view.as_retriever(search_kwargs={"fltr": {}}).invoke("key"),
}


@pytest.mark.parametrize("call", VIEW)
def test_a_vector_store_names_an_option_that_it_does_not_have(
    store: ContextStore, call: str
) -> None:
    with pytest.raises(ConfigurationError, match="no parameter"):
        VIEW[call](store.as_vector_store())
    assert list(store.export()) == []


def test_from_texts_opens_nothing_else_than_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="persist_directory") as caught:
        ContextVectorStore.from_texts(["one"], WordEmbeddings(), persist_directory="elsewhere")
    assert "path" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match="1 texts"):
        ContextVectorStore.from_texts(["one"], WordEmbeddings(), ids=["a", "b"], path="s")
    view = ContextVectorStore.from_texts(["one"], WordEmbeddings(), ids=["a"], path="s")
    assert [found.id for found in view.similarity_search("one")] == ["a"]
    view._store.close()


@pytest.mark.parametrize("given", [{"ids": []}, {"ids": ["a"]}, {"metadatas": [{}]}])
def test_lists_of_different_lengths_are_refused(store: ContextStore, given: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="2 texts"):
        store.as_vector_store().add_texts(["one", "two"], **given)
    assert list(store.export()) == []


def test_a_vector_store_reaches_records_of_its_own_kind_alone(store: ContextStore) -> None:
    fact, own = store.add_profile("Vegetarian.")[0], store.add("one")
    view = store.as_vector_store()
    assert [found.id for found in view.get_by_ids([fact, own])] == [own]
    view.delete([fact, own])
    assert [left.id for left in store.export()] == [fact]


def test_langchains_indexing_can_fill_a_vector_store(store: ContextStore) -> None:
    manager = InMemoryRecordManager("notes")
    manager.create_schema()
    notes = [Document(page_content="one", metadata={"source": "a"}), Document(page_content="two")]
    first = index(notes, manager, store.as_vector_store(), key_encoder="sha256")
    again = index(notes[:1], manager, store.as_vector_store(), cleanup="full", key_encoder="sha256")
    assert (first["num_added"], again["num_skipped"], again["num_deleted"]) == (2, 1, 1)
    assert [left.page_content for left in store.export()] == ["one"]
