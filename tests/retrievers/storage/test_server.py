"""The same store on a real Chroma server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError, UntrustedLocalModel
from cogenesis_langchain.retrievers.context_store import ContextStore

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    chroma = str(Path(sys.executable).with_name("chroma"))
    command = [chroma, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        wait(f"http://127.0.0.1:{port}/api/v2/heartbeat")
        yield port
        server.terminate()


def wait(url: str) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(url)


def connected(port: int, user: str, key: bytes | None = None) -> ContextStore:
    return ContextStore.connect("127.0.0.1", port, user, WordEmbeddings(), key=key)


@pytest.mark.parametrize("key", [None, bytes(32)], ids=["plain", "encrypted"])
def test_two_clients_see_the_same_records(port: int, key: bytes | None) -> None:
    user = f"ann {bool(key)}"
    with connected(port, user, key) as one, connected(port, user, key) as other:
        one.add_profile({"Name": "Ana Ruiz"})
        id_ = other.add("Noor has the key 4471")
        assert [document.page_content for document in one.export()] == [
            "Name: Ana Ruiz",
            "Noor has the key 4471",
        ]
        assert one.search("4471")[0][0].id == id_
        assert one.private_values().find("Ana Ruiz")
        one.delete([id_])
        assert all(document.id != id_ for document, _ in other.search("4471"))
        assert list(one.for_user(f"not {user}").export()) == []


def test_a_client_cannot_erase_bytes_on_a_server(port: int) -> None:
    with connected(port, "cleo") as store:
        id_ = store.add("one")
        for erase in (store.purge, lambda: store.forget([id_])):
            with pytest.raises(StoreError, match="a client cannot erase") as caught:
                erase()
            assert "stop the server" in caught.value.remedy
        assert len(list(store.export())) == 1


def test_an_untrusted_server_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(UntrustedLocalModel, match=r"store\.example"):
        ContextStore.connect("store.example", 8000, embeddings=WordEmbeddings())


def test_a_server_that_does_not_answer_is_reported() -> None:
    port = free_port()
    with pytest.raises(StoreError, match="does not answer") as caught:
        ContextStore.connect("127.0.0.1", port, embeddings=WordEmbeddings())
    assert "chroma run" in caught.value.remedy
