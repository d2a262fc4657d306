from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.storage.filters import Filter


def texts(store: ContextStore) -> list[str]:
    return [document.page_content for document in store.export()]


def test_adding_twice_changes_nothing(folder: Path) -> None:
    embeddings = WordEmbeddings()
    with ContextStore(folder, embeddings=embeddings) as store:
        first = store.add("The spare key is with Noor.", metadata={"date": "2026-01-02"})
        embedded = len(embeddings.embedded)
        second = store.add("The spare key is with Noor.", metadata={"date": "2026-01-02"})
        assert first == second
        assert texts(store) == ["The spare key is with Noor."]
        assert len(embeddings.embedded) == embedded


def test_the_same_text_of_two_kinds_or_sources_is_two_records(store: ContextStore) -> None:
    ids = {
        store.add("Call Noor."),
        store.add("Call Noor.", kind="history"),
        store.add("Call Noor.", metadata={"source": "list.txt"}),
    }
    assert len(ids) == 3


def test_new_metadata_replaces_the_old_without_embedding_again(folder: Path) -> None:
    embeddings = WordEmbeddings()
    with ContextStore(folder, embeddings=embeddings) as store:
        id_ = store.add("Call Noor.", metadata={"place": "Ghent", "tags": ["a", "b"]})
        embedded = len(embeddings.embedded)
        store.add("Call Noor.", metadata={"year": 2026})
        assert store.get([id_])[0].metadata == {"year": 2026, "kind": "document"}
        assert len(embeddings.embedded) == embedded


def test_a_profile_fact_replaces_the_fact_of_the_same_name(store: ContextStore) -> None:
    store.add_profile({"Phone": "0470 11 22 33", "Name": "Ana Ruiz"})
    store.add_profile({"Phone": "0470 99 88 77"})
    store.add_profile("Vegetarian since 2019.")
    assert [fact.page_content for fact in store.profile()] == [
        "Phone: 0470 99 88 77",
        "Name: Ana Ruiz",
        "Vegetarian since 2019.",
    ]


def test_a_replaced_text_is_not_found_by_its_old_words(store: ContextStore) -> None:
    store.add_profile({"Phone": "0470 11 22 33"})
    store.add_profile({"Phone": "0470 99 88 77"})
    assert store.search("470 112233")[0][0].page_content == "Phone: 0470 99 88 77"
    assert "0470 11 22 33" not in {
        hit.value.text for hit in store.private_values().find("0470 11 22 33")
    }


def test_update_gives_a_new_id_and_keeps_the_rest(store: ContextStore) -> None:
    old = store.add("Rent is 700.", kind="activity", metadata={"date": "2026-01-02"})
    new = store.update(old, text="Rent is 750.")
    assert new != old
    assert store.get([old]) == []
    [document] = store.get([new])
    assert document.page_content == "Rent is 750."
    assert document.metadata == {"date": "2026-01-02", "kind": "activity"}
    assert store.update(new, metadata={}) == new
    assert store.get([new])[0].metadata == {"kind": "activity"}


def test_updating_an_unknown_record_is_an_error(store: ContextStore) -> None:
    with pytest.raises(StoreError, match="no record"):
        store.update("0" * 32, text="x")


def test_a_deleted_record_is_in_no_search(store: ContextStore) -> None:
    gone = store.add("Zanzibar 4471")
    store.add("Something else entirely")
    store.delete([gone, "unknown"])
    assert [document.page_content for document, _ in store.search("Zanzibar 4471")] == [
        "Something else entirely"
    ]


def test_listing_with_filters(store: ContextStore) -> None:
    store.add("one", kind="activity", metadata={"date": date(2026, 1, 1), "place": "Ghent"})
    store.add("two", kind="activity", metadata={"date": "2026-02-01T09:30"})
    store.add("three", kind="history")

    def listed(**filter_: object) -> list[str]:
        documents = store.list_documents(Filter(**filter_))  # type: ignore[arg-type]
        return [document.page_content for document in documents]

    assert listed() == ["one", "two", "three"]
    assert listed(kinds=["activity"], since="2026-01-15") == ["two"]
    assert listed(until="2026-01-01") == ["one"]
    assert listed(until="2026-02-01") == ["one", "two"]
    assert listed(where={"place": "Ghent"}) == ["one"]
    assert listed(where={"place": {"$ne": "Ghent"}}) == ["two", "three"]
    assert len(store.list_documents(limit=1, offset=1)) == 1
    assert store.stats() == {"profile": 0, "history": 1, "activity": 2, "document": 0}


def test_an_export_can_be_added_to_another_store(store: ContextStore, tmp_path: Path) -> None:
    store.add_profile({"Name": "Ana"})
    store.add("one", kind="activity", metadata={"date": "2026-01-01", "tags": ["x", "y"]})
    with ContextStore(tmp_path / "copy", embeddings=WordEmbeddings()) as copy:
        copy.add_documents(store.export())
        assert list(copy.export()) == list(store.export())


def test_metadata_round_trips(store: ContextStore) -> None:
    metadata = {"n": 3, "x": 2.5, "yes": True, "tags": ["b", "a"], "numbers": [1, 2], "none": None}
    id_ = store.add("text", metadata=metadata)
    del metadata["none"]
    assert store.get([id_])[0].metadata == {**metadata, "kind": "document"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"nested": {"a": 1}},
        {"mixed": [1, "a"]},
        {"empty": []},
        {"cogenesis_kind": "profile"},
        {"date": "yesterday"},
        {"huge": 2**70},
        {"nan": float("nan")},
    ],
)
def test_metadata_that_cannot_be_stored_is_refused(
    store: ContextStore, metadata: dict[str, object]
) -> None:
    with pytest.raises(StoreError):
        store.add("text", metadata=metadata)
    assert texts(store) == []


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_an_empty_text_is_refused(store: ContextStore, text: str) -> None:
    with pytest.raises(StoreError, match="empty"):
        store.add(text)


def test_unusual_texts_are_stored_and_found(store: ContextStore) -> None:
    odd = ["a\0b", "\ud800 alone", "नमस्ते दुनिया", "🦔" * 2000, "' OR 1=1; --", "%s {x} \\"]
    ids = [store.add(text) for text in odd]
    kept = [document.page_content for document in store.get(ids)]
    assert kept == ["a\ufffdb", "? alone", *odd[2:]]
    for text in kept:
        assert store.search(text)[0][0].page_content == text


def test_two_documents_with_one_id_are_refused(store: ContextStore) -> None:
    pair = [Document(id="a", page_content="one"), Document(id="a", page_content="two")]
    with pytest.raises(StoreError, match="same id"):
        store.add_documents(pair)


def test_an_unknown_kind_is_refused(store: ContextStore) -> None:
    with pytest.raises(StoreError, match="no kind"):
        store.add("x", kind="diary")  # type: ignore[arg-type]


def test_records_and_values_survive_reopening(folder: Path) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add_documents(Document(page_content=f"note {i} about Xanthe{i}") for i in range(120))
        values = len(store.private_values())
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert len(texts(store)) == 120
        assert store.search("Xanthe77")[0][0].page_content == "note 77 about Xanthe77"
        assert len(store.private_values()) == values > 0


def test_a_missing_or_damaged_derived_index_is_rebuilt(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add("the code is XK-7741")
    [derived_index] = folder.glob("context-*.sqlite3")
    derived_index.unlink()
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert len(store.search("XK 7741")) == 1
    derived_index.write_bytes(b"junk" * 1000)
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert len(store.search("XK 7741")) == 1
    assert "rebuilt from the records" in caplog.text


def test_langchain_chroma_reads_the_collection(store: ContextStore) -> None:
    store.add("readable by others", metadata={"place": "Ghent"})
    chroma = Chroma(
        store._records._collection.name,
        WordEmbeddings(),
        client=store._opened.backend.client,
        create_collection_if_not_exists=False,
    )
    [document] = chroma.similarity_search("readable", k=1)
    assert document.page_content == "readable by others"
    assert document.metadata["place"] == "Ghent"


def test_a_dotenv_file_in_the_working_directory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "CHROMA_OTEL_COLLECTION_ENDPOINT=http://collector.example:4317\n"
        "chroma_otel_granularity=all\n"
    )
    monkeypatch.chdir(tmp_path)
    embeddings = DeterministicFakeEmbedding(size=8)
    with ContextStore(tmp_path / "store", embeddings=embeddings) as store:
        settings = store._opened.backend.client._system.settings  # type: ignore[attr-defined]
        assert settings.chroma_otel_collection_endpoint == ""
        assert settings.anonymized_telemetry is False
