"""A folder is opened in this process, whatever the environment says."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain import ContextStore
from cogenesis_langchain.testing import EgressRecorder


def test_the_environment_does_not_make_a_folder_a_client_of_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EgressRecorder() as server:
        host, _, port = server.base_url.removeprefix("http://").partition("/")[0].partition(":")
        monkeypatch.setenv("CHROMA_API_IMPL", "chromadb.api.fastapi.FastAPI")
        monkeypatch.setenv("CHROMA_SERVER_HOST", host)
        monkeypatch.setenv("CHROMA_SERVER_HTTP_PORT", port)
        with ContextStore(tmp_path, embeddings=WordEmbeddings()) as store:
            store.add("The spare key is with Noor.")
            assert store.stats()["document"] == 1
        assert not server.requests
