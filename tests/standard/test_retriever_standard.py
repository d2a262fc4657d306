from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever
from cogenesis_langchain.retrievers.search import SearchType

TEXTS = (
    "The dentist moved my appointment to Thursday at ten.",
    "I owe Noor forty euros for the concert tickets.",
    "The spare key is under the blue flower pot.",
    "My library card number ends in 4471.",
    "Grandmother's recipe needs three lemons.",
)


class TestPrivateContextRetriever(RetrieversIntegrationTests):
    search_type: SearchType = "hybrid"

    store: ContextStore

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        """One store for a class: its tests only read."""
        folder = tmp_path_factory.mktemp("store")
        with ContextStore(folder, embeddings=WordEmbeddings()) as cls.store:
            for text in TEXTS:
                cls.store.add(text)
            yield

    @property
    def retriever_constructor(self) -> type[PrivateContextRetriever]:
        return PrivateContextRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"store": self.store, "search_type": self.search_type}

    @property
    def retriever_query_example(self) -> str:
        return "When is my appointment?"


class TestPrivateContextRetrieverSimilarity(TestPrivateContextRetriever):
    search_type: SearchType = "similarity"


class TestPrivateContextRetrieverMmr(TestPrivateContextRetriever):
    search_type: SearchType = "mmr"
