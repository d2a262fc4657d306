from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.vector_store import ContextVectorStore

pytestmark = pytest.mark.slow


class TestContextVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[ContextVectorStore]:
        with ContextStore(tmp_path / "store", embeddings=self.get_embeddings()) as store:
            yield store.as_vector_store()


class TestEncryptedContextVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[ContextVectorStore]:
        with ContextStore(tmp_path / "s", embeddings=self.get_embeddings(), key=bytes(32)) as store:
            yield store.as_vector_store()
