from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from langsmith.run_helpers import tracing_context
from support.collectors import COLLECTOR, Listener, client, tracer

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import TracingLeak, UntrustedLocalModel
from cogenesis_langchain.privacy.trust.private_chain import private_chain
from cogenesis_langchain.testing import FakeLocal


def chat(**settings: Any) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=FakeListChatModel(responses=["No."]),
        ledger=MemoryLedger(),
        **{"local": FakeLocal(), **settings},
    )


async def _first(stream: Any) -> object:
    return await anext(aiter(stream))


async def _third_version(model: ChatCoGenesis, config: Any) -> object:
    stream = await model.astream_events("private words", config, version="v3")
    return (await stream.output).text


CALLS: dict[str, Callable[[ChatCoGenesis, Any], object]] = {
    "invoke": lambda model, config: model.invoke("private words", config),
    "stream": lambda model, config: next(model.stream("private words", config)),
    "batch": lambda model, config: model.batch(["private words"], config),
    "ainvoke": lambda model, config: asyncio.run(model.ainvoke("private words", config)),
    "abatch": lambda model, config: asyncio.run(model.abatch(["private words"], config)),
    "astream": lambda model, config: asyncio.run(_first(model.astream("private words", config))),
    "astream_events": lambda model, config: asyncio.run(
        _first(model.astream_events("private words", config, version="v2"))
    ),
    "transform": lambda model, config: next(model.transform(iter(["private words"]), config)),
    "stream_events v3": lambda model, config: (
        model.stream_events("private words", config, version="v3").output.text
    ),
    "astream_events v3": lambda model, config: asyncio.run(_third_version(model, config)),
}


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("way", CALLS)
def test_every_way_of_calling_refuses_a_tracer_and_answers_without(way: str) -> None:
    model = chat()
    with pytest.raises(TracingLeak):
        CALLS[way](model, {"callbacks": [tracer()]})
    assert CALLS[way](model, None)


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("way", CALLS)
def test_every_way_of_calling_refuses_the_tracer_of_a_chain_around_it(way: str) -> None:
    model = chat()
    recording = tracer("http://127.0.0.1:9")
    recording.client.api_url = COLLECTOR  # nothing is sent, and nothing local is trusted
    recording.client._write_api_urls = {COLLECTOR: "key"}
    recording._persist_run_single = lambda run: None  # type: ignore[method-assign]
    recording._update_run_single = lambda run: None  # type: ignore[method-assign]
    around: RunnableLambda[int, object] = RunnableLambda(lambda _: CALLS[way](model, None))
    with pytest.raises(TracingLeak):
        around.invoke(0, {"callbacks": [recording]})


def test_bound_callbacks_and_callbacks_of_the_model_are_refused() -> None:
    with pytest.raises(TracingLeak):
        chat().with_config(callbacks=[tracer()]).invoke("private words")
    with pytest.raises(TracingLeak):
        list(chat().with_config(callbacks=[tracer()]).stream("private words"))
    with pytest.raises(TracingLeak):
        chat(callbacks=[tracer()])


def test_a_model_is_not_even_made_while_tracing_is_on() -> None:
    with tracing_context(enabled=True, client=client()):
        with pytest.raises(TracingLeak):
            chat()
        assert chat(allow_tracing=True).allow_tracing


def test_trusted_collectors_are_allowed() -> None:
    assert chat(trusted_hosts=["collector.test"], callbacks=[tracer()])


def test_a_handler_of_the_callers_own_stays() -> None:
    listener = Listener()
    chat().invoke("private words", {"callbacks": [listener]})
    assert listener.heard == ["private words"]


def test_a_private_chain_asks_before_its_first_step() -> None:
    seen: list[object] = []
    chain = private_chain(RunnableLambda(seen.append))
    for call in (chain.invoke, lambda given, config: list(chain.stream(given, config))):
        with pytest.raises(TracingLeak):
            call(0, {"callbacks": [tracer()]})
    assert seen == []
    chain.invoke(0)
    assert seen == [0]
    trusting = private_chain(RunnableLambda(seen.append), trusted_hosts=["collector.test"])
    with tracing_context(enabled=False):
        trusting.invoke(1, {"callbacks": [tracer()]})
    assert seen == [0, 1]


def test_fallbacks_must_be_trusted() -> None:
    from langchain_openai import ChatOpenAI

    remote = ChatOpenAI(model="other", base_url="https://other.test/v1", api_key="key")
    with pytest.raises(UntrustedLocalModel, match=r"other\.test"):
        chat().with_fallbacks([remote])
    fallback = FakeListChatModel(responses=["from the fallback"])
    broken = chat(local=FakeLocal(error=ValueError()))
    assert broken.with_fallbacks([fallback]).invoke("private words").text == "from the fallback"
    assert chat().with_fallbacks([chat()])
