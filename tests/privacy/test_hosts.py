from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

import httpx2
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.example_selectors import SemanticSimilarityExampleSelector
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate, FewShotChatMessagePromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import LocalModelError, UntrustedLocalModel
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.local.langchain import LocalChatModel
from cogenesis_langchain.privacy.admission import require_trusted
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.testing import EgressRecorder, FixedContext, behaviours

KEY = SecretStr("key")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")


def openai_at(url: str | None, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=url, api_key=KEY, **settings)


def of_class(name: str, **attributes: object) -> object:
    """An object of a class with this full name: packages need not be installed for the test."""
    module, _, short = name.rpartition(".")
    made = type(short, (SimpleNamespace,), {"__module__": module})(**attributes)
    return made


def ollama(url: str) -> object:
    client = SimpleNamespace(_client=SimpleNamespace(base_url=url))
    return of_class("langchain_ollama.chat_models.ChatOllama", _client=client)


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


class Unknown(BaseRetriever):
    """Could send its query anywhere; nothing of it looks like an address."""

    slot: object = None

    def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
        return []


class Declared(Unknown):
    cogenesis_local: ClassVar[bool] = True


class Slotted:
    __slots__ = ("host",)


def odd_objects() -> list[object]:
    loop = SimpleNamespace()
    loop.loop = loop
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    return [
        Unknown(),
        Unknown(slot=loop),
        Unknown(slot=deep),
        Slotted(),
        loop,
        deep,
        None,
        mock.MagicMock(),
        RunnableLambda(str),
        type("InMemoryVectorStore", (InMemoryVectorStore,), {})(DeterministicFakeEmbedding(size=4)),
    ]


@pytest.mark.parametrize("odd", odd_objects(), ids=lambda odd: type(odd).__name__)
def test_what_is_not_known_is_refused_until_the_caller_vouches_for_it(odd: object) -> None:
    with pytest.raises(UntrustedLocalModel) as caught:
        require_trusted(odd)
    assert "trust=[...]" in caught.value.remedy
    require_trusted(odd, trust=[odd])
    require_trusted(odd, trust=[type(odd)])


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

    client = httpx2.Client(transport=Elsewhere(), trust_env=False)
    model = openai_at("http://localhost:9/v1", http_client=client)
    with pytest.raises(UntrustedLocalModel, match="elsewhere"):
        LocalChatModel(model)
    LocalChatModel(model, trust=[model])


def test_a_function_in_a_passthrough_is_not_known() -> None:
    require_trusted(RunnablePassthrough())
    with pytest.raises(UntrustedLocalModel, match="function"):
        require_trusted(RunnablePassthrough(lambda given: None))


def test_the_examples_of_a_prompt_are_chosen_here() -> None:
    here = DeterministicFakeEmbedding(size=4)
    place: dict[str, Any] = {"base_url": "https://embed.example/v1", "api_key": KEY}
    remote = OpenAIEmbeddings(**place)
    for embedding, admitted in ((here, True), (remote, False)):
        selector = SemanticSimilarityExampleSelector(vectorstore=InMemoryVectorStore(embedding))
        shots = FewShotChatMessagePromptTemplate(
            input_variables=["input"],
            example_selector=selector,
            example_prompt=ChatPromptTemplate.from_template("{input}"),
        )
        prompt = ChatPromptTemplate.from_messages(
            [("system", "Be kind."), shots, ("human", "{input}")]
        )
        if admitted:
            require_trusted(prompt)
            continue
        with pytest.raises(UntrustedLocalModel, match=r"embed\.example"):
            require_trusted(prompt)


def test_a_class_may_declare_that_it_is_local() -> None:
    require_trusted(Declared())


def test_known_local_classes_are_admitted() -> None:
    here = DeterministicFakeEmbedding(size=4)
    store = InMemoryVectorStore(here)
    for thing in (here, store, store.as_retriever(), FixedContext(texts=[])):
        require_trusted(thing)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/v1",
        "http://localhost:11434",
        "http://[::1]:8080/v1",
        "http://127.3.2.1/v1",
        "http://llama.localhost:8080/v1",
    ],
)
def test_models_on_this_machine_are_trusted(url: str) -> None:
    require_trusted(openai_at(url))
    require_trusted(ollama(url))


@pytest.mark.parametrize(
    "url",
    [
        None,
        "https://api.openai.com/v1",
        "http://10.0.0.5:8080/v1",
        "http://127.0.0.1.evil.test/v1",
        "http://localhost.evil.test/v1",
        "http://0.0.0.0:8080/v1",
        "http://user@evil.test:80#@127.0.0.1/v1",
    ],
)
def test_models_on_other_hosts_are_refused(url: str | None) -> None:
    with pytest.raises(UntrustedLocalModel) as caught:
        require_trusted(openai_at(url))
    assert "trusted_hosts" in caught.value.remedy
    if url is not None:
        with pytest.raises(UntrustedLocalModel):
            require_trusted(ollama(url))


def test_a_host_in_trusted_hosts_is_trusted() -> None:
    require_trusted(openai_at("http://gpu.home.test:8080/v1"), ["gpu.home.test"])


def test_the_members_of_an_ensemble_are_checked() -> None:
    def ensemble(*retrievers: object) -> object:
        name = "langchain_classic.retrievers.ensemble.EnsembleRetriever"
        return of_class(name, retrievers=list(retrievers))

    remote = InMemoryVectorStore(OpenAIEmbeddings(model="m")).as_retriever()
    here = InMemoryVectorStore(DeterministicFakeEmbedding(size=4)).as_retriever()
    require_trusted(ensemble(here, ensemble(here)))
    with pytest.raises(UntrustedLocalModel, match=r"api\.openai\.com"):
        require_trusted(ensemble(here, ensemble(remote)))
    with pytest.raises(UntrustedLocalModel, match="Unknown"):
        require_trusted(ensemble(here, Unknown()))


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"])
def test_an_environment_proxy_for_a_local_model_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = openai_at("http://127.0.0.1:8080/v1")
    monkeypatch.setenv(name, "http://proxy.test:3128")
    with pytest.raises(UntrustedLocalModel, match="proxy") as caught:
        require_trusted(local)
    assert "NO_PROXY" in caught.value.remedy
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    require_trusted(local)


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"])
def test_a_base_url_or_proxy_from_the_environment_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://elsewhere.test:80/v1")
    url = "http://127.0.0.1:8080/v1" if name == "OPENAI_PROXY" else None
    with pytest.raises(UntrustedLocalModel):
        LocalChatModel(openai_at(url))
    with pytest.raises(UntrustedLocalModel):
        require_trusted(OpenAIEmbeddings(**({"openai_api_base": url} if url else {})))


# At call time


PROMPT = [PrivateMessage("user", PrivateText("I am Zimlor Quovex."))]


def write(local: LocalChatModel) -> str:
    return "".join(chunk.text for chunk in local.stream(PROMPT, GenerationOptions()))


def test_a_model_whose_address_changes_later_is_refused() -> None:
    model = openai_at("http://127.0.0.1:1/v1")
    local = LocalChatModel(model)
    vars(local._model)["root_client"].base_url = "https://elsewhere.test"
    with pytest.raises(UntrustedLocalModel):
        write(local)


def test_a_local_server_cannot_send_the_prompt_elsewhere() -> None:
    with EgressRecorder() as local, EgressRecorder() as elsewhere:
        local.play(behaviours.redirect(f"{elsewhere.base_url}/chat/completions"))
        model = openai_at(local.base_url, max_retries=0)
        with pytest.raises(LocalModelError):
            write(LocalChatModel(model))
        assert local.requests and not elsewhere.requests
        list(model.stream("I am Zimlor Quovex."))
        assert b"Zimlor" in elsewhere.received  # the control follows the redirect


@pytest.mark.parametrize(
    "behaviour", [behaviours.echo(500), behaviours.echo(400), behaviours.junk()]
)
def test_a_failing_local_model_keeps_the_prompt_out_of_its_error(
    behaviour: behaviours.Behaviour,
) -> None:
    with EgressRecorder(behaviour) as server:
        model = openai_at(server.base_url, max_retries=0)
        with pytest.raises(LocalModelError) as caught:
            write(LocalChatModel(model))
        assert b"Zimlor" in server.received
    error = caught.value
    assert error.__cause__ is None and error.__context__ is None
    assert "Zimlor" not in str(error) + repr(vars(error))


def test_a_remote_retriever_is_refused_before_it_is_called() -> None:
    cloud = FakeListChatModel(responses=["No."])
    model = ChatCoGenesis(
        cloud=cloud,
        local=FakeListChatModel(responses=["x"]),
        retriever=InMemoryVectorStore(
            OpenAIEmbeddings(openai_api_base="https://db.test")
        ).as_retriever(),
        ledger=MemoryLedger(),
    )
    with pytest.raises(UntrustedLocalModel, match=r"db\.test"):
        model.invoke("Write a toast.")


def test_an_unknown_retriever_is_refused_until_it_is_trusted() -> None:
    def model(*trust: object) -> ChatCoGenesis:
        return ChatCoGenesis(
            cloud=FakeListChatModel(responses=["No."]),
            local=FakeListChatModel(responses=["x"]),
            retriever=Unknown(),
            trust=trust,
            ledger=MemoryLedger(),
            on_fallback="silent",
        )

    with pytest.raises(UntrustedLocalModel, match="Unknown"):
        model().invoke("Write a toast.")
    assert model(Unknown).invoke("Write a toast.").text == "x"
