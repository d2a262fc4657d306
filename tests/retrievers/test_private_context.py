from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr, ValidationError
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import (
    ConfigurationError,
    StoreError,
    TracingLeak,
    UntrustedLocalModel,
)
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever
from cogenesis_langchain.retrievers.search import SearchType
from cogenesis_langchain.token_estimate import estimated_tokens

PROFILE = "Name: Ana Ruiz\nDiet: vegetarian"
NOTES = {
    "key one": "The spare key is with Noor.",
    "key two": "The spare key is with Noor!",
    "rent": "Rent is due on Friday.",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContextStore]:
    with ContextStore(tmp_path_factory.mktemp("f") / "s", embeddings=WordEmbeddings()) as store:
        store.add_profile({"Name": "Ana Ruiz", "Diet": "vegetarian"})
        store.add(NOTES["key one"], metadata={"date": "2026-01-02", "place": "Ghent"})
        store.add(NOTES["key two"], kind="history")
        store.add(NOTES["rent"], kind="activity", metadata={"date": "2026-03-04"})
        store.for_user("ben").add("Ben has the spare key of Noor.")
        yield store


def found(filled: ContextStore, query: str = "spare key Noor", **fields: Any) -> list[str]:
    documents = PrivateContextRetriever(store=filled).invoke(query, **fields)
    return [document.page_content for document in documents]


@pytest.mark.parametrize("search_type", ["hybrid", "similarity", "keywords", "mmr"])
async def test_the_profile_comes_first_in_every_search_type(
    filled: ContextStore, search_type: SearchType
) -> None:
    retriever = PrivateContextRetriever(store=filled, k=1, search_type=search_type)
    documents = retriever.invoke("spare key Noor")
    assert documents[0].page_content == PROFILE
    assert documents[1].page_content in (NOTES["key one"], NOTES["key two"])
    assert len(documents) == 2
    assert await retriever.ainvoke("spare key Noor") == documents
    assert (await retriever.abatch(["spare key Noor"])) == [documents]


def test_the_profile_is_included_without_matches_and_can_be_excluded(
    filled: ContextStore,
) -> None:
    assert found(filled, "", k=3) == [PROFILE]
    assert found(filled, search_type="keywords", query="zzz") == [PROFILE]
    assert found(filled, "", profile=False) == []


def test_filters_by_kind_date_metadata_and_user(filled: ContextStore) -> None:
    assert found(filled, kinds=["history"])[1:] == [NOTES["key two"]]
    assert found(filled, since="2026-02-01")[1:] == [NOTES["rent"]]
    assert found(filled, until="2026-02-01")[1:] == [NOTES["key one"]]
    assert found(filled, where={"place": "Ghent"})[1:] == [NOTES["key one"]]
    assert found(filled, user="ben") == ["Ben has the spare key of Noor."]


def test_mmr_prefers_diverse_records(filled: ContextStore) -> None:
    near = found(filled, k=2, search_type="similarity")[1:]
    assert set(near) == {NOTES["key one"], NOTES["key two"]}
    varied = found(filled, k=2, search_type="mmr", lambda_mult=0.1)[1:]
    assert NOTES["rent"] in varied


def test_the_score_threshold_is_a_cosine(filled: ContextStore) -> None:
    query = NOTES["key one"]
    exact = found(filled, query, search_type="similarity", score_threshold=0.99)[1:]
    assert set(exact) == {NOTES["key one"], NOTES["key two"]}
    assert len(found(filled, query, search_type="similarity", score_threshold=-1.0)[1:]) == 3
    with pytest.raises(ConfigurationError, match="no cosine"):
        found(filled, score_threshold=0.5)


def test_documents_that_do_not_fit_are_left_out_and_logged(
    filled: ContextStore, caplog: pytest.LogCaptureFixture
) -> None:
    budget = estimated_tokens(PROFILE) + estimated_tokens(NOTES["key one"])
    packing = PrivateContextRetriever(store=filled, max_tokens=budget).retrieve("spare key Noor")
    assert packing.documents[0].page_content == PROFILE
    assert len(packing.documents) == 2
    assert len(packing.left_out) == 2
    assert packing.tokens <= budget
    assert "2 of 4 documents were left out" in caplog.text
    assert "Noor" not in caplog.text
    assert "Noor" not in repr(packing)


def test_a_custom_token_counter_is_used(filled: ContextStore) -> None:
    retriever = PrivateContextRetriever(
        store=filled, max_tokens=10, count_tokens=lambda text: len(text.split())
    )
    packing = retriever.retrieve("spare key Noor")
    assert next(document.page_content for document in packing.documents) == PROFILE
    assert packing.tokens == sum(len(d.page_content.split()) for d in packing.documents) <= 10


@pytest.mark.parametrize("field", [{"k": 0}, {"search_type": "magic"}])
def test_invalid_fields_are_refused(filled: ContextStore, field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        found(filled, **field)


def test_a_misspelled_field_is_named(filled: ContextStore) -> None:
    with pytest.raises(ConfigurationError, match="no parameter 'usr'") as caught:
        PrivateContextRetriever(store=filled, usr="ana")
    assert "did you mean 'user'" in caught.value.remedy
    with pytest.raises(ConfigurationError, match="no parameter 'kk'"):
        PrivateContextRetriever(store=filled).invoke("key", kk=1)


def test_an_invalid_date_is_refused(filled: ContextStore) -> None:
    with pytest.raises(StoreError, match="ISO 8601"):
        found(filled, since="yesterday")


def test_private_values_cover_all_records_of_the_user(filled: ContextStore) -> None:
    retriever = PrivateContextRetriever(store=filled)
    assert retriever.private_values().find("Ana Ruiz")
    assert not PrivateContextRetriever(store=filled, user="ben").private_values().find("Ana Ruiz")


def test_repr_shows_nothing_private(filled: ContextStore) -> None:
    retriever = PrivateContextRetriever(store=filled, where={"place": "Ghent"}, user="ben")
    assert "Ghent" not in repr(retriever)
    assert "ben" not in repr(retriever)


def test_a_remote_embedding_model_is_refused_unless_trusted(tmp_path: Path) -> None:
    place: dict[str, Any] = {"base_url": "https://embed.example/v1", "api_key": SecretStr("key")}
    remote = OpenAIEmbeddings(**place)
    with pytest.raises(UntrustedLocalModel, match=r"embed\.example") as caught:
        ContextStore(tmp_path / "s", embeddings=remote)
    assert "trusted_hosts" in caught.value.remedy
    assert not (tmp_path / "s").exists()
    ContextStore(tmp_path / "s", embeddings=remote, trusted_hosts=["embed.example"]).close()


def test_an_embedding_model_of_an_unknown_class_is_refused_until_it_is_vouched_for(
    tmp_path: Path,
) -> None:
    class Own(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[1.0, 0.0]] * len(texts)

        def embed_query(self, text: str) -> list[float]:
            return [1.0, 0.0]

    with pytest.raises(UntrustedLocalModel) as caught:
        ContextStore(tmp_path / "s", embeddings=Own())
    assert "trust=[...]" in caught.value.remedy
    with ContextStore(tmp_path / "s", embeddings=Own(), trust=[Own]) as store:
        store.add("The key is under the mat.")
        assert PrivateContextRetriever(store=store, search_type="similarity").invoke("key")


def test_tracing_can_be_allowed_for_one_call(
    filled: ContextStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    retriever = PrivateContextRetriever(store=filled)
    monkeypatch.setattr("langchain_core.globals._debug", True)
    with pytest.raises(TracingLeak):
        retriever.invoke("Ghent")
    assert retriever.invoke("Ghent", allow_tracing=True)
