"""Where known clients send requests: hosts, sockets, proxies."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from support.clients import KEY, of_class, ollama, openai_at

from cogenesis_langchain.errors import UntrustedLocalModel
from cogenesis_langchain.models.local.langchain import LocalChatModel
from cogenesis_langchain.privacy.trust.admission import require_trusted


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")


def elasticsearch(*urls: str) -> object:
    nodes = [SimpleNamespace(base_url=url) for url in urls]
    pool = SimpleNamespace(all=lambda: nodes)
    return of_class("elasticsearch.Elasticsearch", transport=SimpleNamespace(node_pool=pool))


def mongo(*hosts: str) -> object:
    settings = SimpleNamespace(seeds={(host, 27017) for host in hosts})
    name = "pymongo.synchronous.mongo_client.MongoClient"
    return of_class(name, _topology_settings=settings)


def redis(**settings: object) -> object:
    pool = SimpleNamespace(connection_kwargs=settings)
    return of_class("redis.client.Redis", connection_pool=pool)


def engine(host: str | None) -> object:
    return of_class("sqlalchemy.engine.base.Engine", url=SimpleNamespace(host=host))


def qdrant(url: str) -> object:
    remote = of_class("qdrant_client.qdrant_remote.QdrantRemote", rest_uri=url)
    return of_class("qdrant_client.qdrant_client.QdrantClient", _client=remote)


def chroma(url: str) -> object:
    server = of_class("chromadb.api.fastapi.FastAPI", _api_url=f"{url}/api/v2")
    return of_class("chromadb.api.client.Client", _server=server)


# Each kind of client: made for a host here, and for one elsewhere.
CLIENTS: dict[str, tuple[Callable[[str], object], ...]] = {
    "openai": (lambda host: openai_at(f"http://{host}:1/v1"),),
    "ollama": (lambda host: ollama(f"http://{host}:1"),),
    "elasticsearch": (
        lambda host: elasticsearch(f"http://{host}:1"),
        lambda host: elasticsearch("http://127.0.0.1:1", f"http://{host}:1"),
    ),
    "mongo": (mongo, lambda host: mongo("127.0.0.1", host)),
    "redis": (lambda host: redis(host=host),),
    "postgres": (engine,),
    "qdrant": (lambda host: qdrant(f"http://{host}:1"),),
    "chroma": (lambda host: chroma(f"http://{host}:1"),),
}


def store_of(client: object) -> object:
    here = DeterministicFakeEmbedding(size=4)
    name = "langchain_qdrant.qdrant.QdrantVectorStore"
    store = of_class(name, _client=client, _embeddings=here)
    return of_class("langchain_core.vectorstores.base.VectorStoreRetriever", vectorstore=store)


@pytest.mark.parametrize("kind", CLIENTS)
def test_known_clients_are_trusted_by_their_hosts(kind: str) -> None:
    for make in CLIENTS[kind]:
        for build in (make, lambda host, make=make: store_of(make(host))):
            require_trusted(build("127.0.0.1"))
            require_trusted(build("db.home.test"), ["db.home.test"])
            with pytest.raises(UntrustedLocalModel, match=r"db\.evil\.test") as caught:
                require_trusted(build("db.evil.test"))
            assert "trusted_hosts" in caught.value.remedy


def test_a_socket_of_this_machine_is_trusted() -> None:
    require_trusted(redis(path="/run/redis.sock"))
    require_trusted(engine(None))


@pytest.mark.parametrize(
    "client", [elasticsearch(), mongo(), ollama("")], ids=["elasticsearch", "mongo", "ollama"]
)
def test_a_client_whose_address_cannot_be_seen_is_refused(client: object) -> None:
    with pytest.raises(UntrustedLocalModel):
        require_trusted(client)


@pytest.mark.parametrize("by", ["proxy", "mounts"])
def test_a_proxy_of_the_callers_http_client_is_a_host(by: str) -> None:
    """A local server behind a proxy elsewhere would show the proxy the private prompt."""
    for host, admitted in (("proxy.example", False), ("127.0.0.1", True), ("[::1]", True)):
        proxy = f"http://{host}:3128"
        client = (
            httpx2.Client(proxy=proxy, trust_env=False)
            if by == "proxy"
            else httpx2.Client(
                mounts={"http://localhost": httpx2.HTTPTransport(proxy=proxy)}, trust_env=False
            )
        )
        model = openai_at("http://localhost:9/v1", http_client=client)
        if admitted:
            LocalChatModel(model)
            continue
        with pytest.raises(UntrustedLocalModel, match=r"proxy\.example"):
            LocalChatModel(model)
        LocalChatModel(model, trusted_hosts=["proxy.example"])


def test_a_proxy_for_asynchronous_calls_is_a_host_too() -> None:
    client = httpx2.AsyncClient(proxy="http://proxy.example:3128", trust_env=False)
    place: dict[str, Any] = {"base_url": "http://localhost:9/v1", "api_key": KEY}
    for made in (
        openai_at("http://localhost:9/v1", http_async_client=client),
        OpenAIEmbeddings(http_async_client=client, **place),
    ):
        with pytest.raises(UntrustedLocalModel, match=r"proxy\.example"):
            require_trusted(made)


def test_a_proxy_of_the_environment_is_none_for_a_host_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    place: dict[str, Any] = {"base_url": "http://localhost:9/v1", "api_key": KEY}
    for made in (OpenAIEmbeddings(**place), ChatOllama(model="m", base_url="http://127.0.0.1:9")):
        require_trusted(made)


def test_a_transport_that_cannot_be_read_is_refused() -> None:
    class Elsewhere(httpx2.BaseTransport):
        pass

    class Subclass(httpx2.HTTPTransport):
        pass

    for transport in (Elsewhere(), Subclass()):
        client = httpx2.Client(transport=transport, trust_env=False)
        model = openai_at("http://localhost:9/v1", http_client=client)
        with pytest.raises(UntrustedLocalModel, match=type(transport).__name__):
            LocalChatModel(model)
        LocalChatModel(model, trust=[model])


def test_a_cloud_model_of_ollama_is_not_on_this_machine() -> None:
    """The server on loopback forwards it; the address of the client does not tell."""
    clients = [
        (ChatOllama(model="gpt-oss:120b-cloud"), False),
        (ChatOllama(model="glm-4.6:cloud"), False),
        (
            ChatOpenAI(model="gpt-oss:20b-cloud", base_url="http://localhost:1/v1", api_key=KEY),
            False,
        ),
        (ChatOllama(model="cloudy:7b"), True),
    ]
    for client, is_local in clients:
        with (
            nullcontext() if is_local else pytest.raises(UntrustedLocalModel, match=r"ollama\.com")
        ):
            require_trusted(client)
