from __future__ import annotations

import pytest
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from cogenesis_langchain.retrievers.embeddings import LocalMiniLM


@pytest.mark.real
class TestLocalMiniLMUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[LocalMiniLM]:
        return LocalMiniLM


@pytest.mark.real
class TestLocalMiniLMIntegration(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[LocalMiniLM]:
        return LocalMiniLM
