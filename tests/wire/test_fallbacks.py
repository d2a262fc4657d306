"""No fallback of LangChain gets the private conversation, however it is composed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain
from cogenesis_langchain.errors import LocalModelError, UntrustedFallback, UntrustedLocalModel
from cogenesis_langchain.privacy.trust import admission
from cogenesis_langchain.privacy.trust.private_chain import private_chain
from cogenesis_langchain.testing import CALL_STYLES, EgressRecorder, FakeLocal, FixedContext

SECRET = "I am Oksana Merriweather."
MESSAGES = [("human", SECRET), ("ai", "Good morning."), ("human", "Write a toast.")]
PROMPT = ChatPromptTemplate.from_messages([("placeholder", "{messages}")])


def failing(**settings: Any) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=FakeListChatModel(responses=["No."]),
        local=FakeLocal(error=LocalModelError("it broke", remedy="none")),
        ledger=MemoryLedger(),
        on_fallback="silent",
        **settings,
    )


def sequence(model: ChatCoGenesis) -> Runnable[Any, Any]:
    return RunnableLambda(lambda given: {"messages": given}) | PROMPT | model


def calling(model: ChatCoGenesis) -> Runnable[Any, Any]:
    return RunnableLambda(lambda given: model.invoke(given))


def same(given: Any) -> Any:
    return given


def private(chain: Runnable[Any, Any]) -> Runnable[Any, Any]:
    return private_chain(chain)


COMPOSITIONS: dict[str, Callable[[ChatCoGenesis], Runnable[Any, Any]]] = {
    "bind": lambda model: model.bind(stop=["x"]),
    "with_config": lambda model: model.with_config(tags=["x"]),
    "with_retry": lambda model: model.with_retry(
        stop_after_attempt=2, wait_exponential_jitter=False
    ),
    "with_types": lambda model: model.with_types(),
    "with_listeners": lambda model: model.with_listeners(),
    "bind of bind": lambda model: model.bind(stop=["x"]).with_config(tags=["x"]).bind(seed=1),
    "sequence": sequence,
    "sequence of bind": lambda model: sequence(model).with_config(tags=["x"]),
    "parallel": lambda model: RunnableParallel(a=model, b=RunnableLambda(str)),
    "function": calling,
    "private chain": lambda model: private_chain(sequence(model)),
    "private chain in config": lambda model: private_chain(model).with_config(tags=["x"]),
    "private chain in a sequence": lambda model: RunnableLambda(same) | private(model),
    "fallbacks within": lambda model: model.with_fallbacks([failing()]),
}


@pytest.fixture
def other() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


def openai(other: EgressRecorder, host: str = "127.0.0.1") -> ChatOpenAI:
    url = other.base_url.replace("127.0.0.1", host)
    return ChatOpenAI(model="other", base_url=url, api_key=SecretStr("key"), max_retries=0)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the recorder stand for another host."""
    monkeypatch.setattr(admission, "is_trusted", lambda host, trusted=(): host in trusted)


@pytest.mark.parametrize("style", CALL_STYLES)
@pytest.mark.parametrize("name", COMPOSITIONS)
def test_no_fallback_gets_the_private_conversation(
    other: EgressRecorder, name: str, style: str
) -> None:
    chain = COMPOSITIONS[name](failing())
    try:
        guarded = chain.with_fallbacks([openai(other)])
    except UntrustedLocalModel:
        assert name in (
            "private chain",
            "private chain in config",
        )  # it has its own with_fallbacks, which refuses at once
        return
    with pytest.raises(UntrustedFallback) as caught:
        CALL_STYLES[style](guarded, MESSAGES, None)
    assert other.requests == ()
    assert "Oksana" not in f"{caught.value!r} {caught.value.__cause__} {caught.value.__context__}"


@pytest.mark.parametrize("style", CALL_STYLES)
def test_control_a_plain_model_gives_the_conversation_to_its_fallback(
    other: EgressRecorder, style: str
) -> None:
    def fail(given: object) -> object:
        raise LocalModelError("it broke", remedy="none")

    broken: Runnable[Any, Any] = RunnableLambda(fail)
    CALL_STYLES[style](broken.with_fallbacks([openai(other)]), MESSAGES, None)
    assert b"Oksana" in other.received


def test_a_private_chain_keeps_its_input_when_an_earlier_step_fails(other: EgressRecorder) -> None:
    prompt = ChatPromptTemplate.from_template("{missing} {context}")
    chain = RunnableLambda(same) | private(prompt | failing())
    fallback = ChatPromptTemplate.from_template("{context}") | openai(other)
    with pytest.raises(UntrustedFallback):
        chain.with_fallbacks([fallback]).invoke({"context": SECRET})
    assert other.requests == ()
    unguarded = (prompt | failing()).with_fallbacks([fallback])
    unguarded.invoke({"context": SECRET})
    assert b"Oksana" in other.received  # the control leaks


def test_a_ready_made_chain_keeps_its_documents(other: EgressRecorder) -> None:
    chain = create_sketch_fill_chain(failing(), FixedContext(texts=[SECRET]))
    fallback: Runnable[Any, Any] = RunnableLambda(str) | openai(other)
    step: Runnable[Any, Any] = chain
    guarded = RunnableLambda(same) | step
    with pytest.raises(UntrustedFallback):
        guarded.with_fallbacks([fallback]).invoke({"input": "A toast."})
    assert other.requests == ()


def test_a_trusted_fallback_answers(other: EgressRecorder) -> None:
    local = FakeListChatModel(responses=["from here"])
    assert failing().bind(stop=["x"]).with_fallbacks([local]).invoke(MESSAGES).text == "from here"
    chosen = openai(other)
    vouched = failing(trust=[chosen]).bind(stop=["x"]).with_fallbacks([chosen])
    vouched.invoke(MESSAGES)
    assert len(other.requests) == 1


def test_without_a_fallback_the_error_is_the_models_own() -> None:
    with pytest.raises(LocalModelError):
        failing().bind(stop=["x"]).invoke(MESSAGES)
