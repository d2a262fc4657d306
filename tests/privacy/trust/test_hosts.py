from __future__ import annotations

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import OpenAIEmbeddings
from support.clients import Unknown, of_class, ollama, openai_at

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import LocalModelError, UntrustedLocalModel
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.local.langchain import LocalChatModel
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.privacy.trust.admission import require_trusted
from cogenesis_langchain.testing import EgressRecorder, behaviours


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")


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
