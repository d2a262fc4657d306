from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import langsmith
import pytest
from langchain_core.callbacks import (
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
    get_usage_metadata_callback,
)
from langchain_core.globals import set_debug, set_verbose
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers import context as tracer_context
from langchain_core.tracers.context import (
    collect_runs,
    register_configure_hook,
    tracing_v2_enabled,
)
from langchain_core.tracers.langchain import LangChainTracer
from langsmith.run_helpers import tracing_context
from langsmith.utils import get_env_var, tracing_is_enabled

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.chains.private_chain import private_chain
from cogenesis_langchain.errors import TracingLeak, UntrustedLocalModel
from cogenesis_langchain.privacy.untraced import Untraced, refuse_tracing
from cogenesis_langchain.testing import FakeLocal

COLLECTOR = "https://collector.test"


class Listener(BaseCallbackHandler):
    """Remembers what chat models are asked."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        self.heard += [message.text for batch in messages for message in batch]


@pytest.fixture(autouse=True)
def _fresh_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """LangSmith reads each variable once."""
    forget: Callable[[], None] = get_env_var.cache_clear  # type: ignore[attr-defined]
    forget()
    yield
    monkeypatch.undo()
    forget()


def client(url: str = COLLECTOR, **settings: Any) -> langsmith.Client:
    return langsmith.Client(api_url=url, api_key="key", auto_batch_tracing=False, **settings)


def tracer(url: str = COLLECTOR, **settings: Any) -> LangChainTracer:
    return LangChainTracer(client=client(url, **settings))


@pytest.fixture
def collecting() -> Iterator[None]:
    """A client is there already, so that LangSmith makes none that looks for the network."""
    langsmith.configure(client=client())
    yield
    langsmith.configure(client=None)


def inner(_: object = None) -> str:
    return FakeListChatModel(responses=["x"]).invoke("private words").text


def inner_stream() -> Iterator[str]:
    for chunk in FakeListChatModel(responses=["abc"]).stream("private words"):
        yield chunk.text


# Inner calls


def test_inner_calls_reach_no_handler_of_the_caller() -> None:
    listener = Listener()
    chain: RunnableLambda[int, str] = RunnableLambda(lambda _: Untraced().call(inner))
    assert chain.invoke(0, {"callbacks": [listener]}) == "x"
    assert listener.heard == []
    RunnableLambda(inner).invoke(0, {"callbacks": [listener]})
    assert listener.heard == ["private words"]  # the control


def test_inner_streams_reach_no_handler_of_the_caller() -> None:
    listener = Listener()
    chain: RunnableLambda[int, str] = RunnableLambda(
        lambda _: "".join(Untraced().iterate(inner_stream()))
    )
    assert chain.invoke(0, {"callbacks": [listener]}) == "abc"
    assert listener.heard == []
    control: RunnableLambda[int, str] = RunnableLambda(lambda _: "".join(inner_stream()))
    control.invoke(0, {"callbacks": [listener]})
    assert listener.heard == ["private words"]


def test_inner_calls_are_not_traced() -> None:
    with tracing_context(enabled=True, client=client()):
        assert Untraced().call(tracing_is_enabled) is False
        assert list(Untraced().iterate(tracing_is_enabled() for _ in range(2))) == [False, False]
        assert tracing_is_enabled() is True


def test_the_callers_tracing_goes_on_between_the_steps() -> None:
    with tracing_context(enabled=True, client=client()):
        for inside in Untraced().iterate(tracing_is_enabled() for _ in range(2)):
            assert inside is False and tracing_is_enabled() is True


def test_the_callers_context_is_kept_otherwise() -> None:
    mine: ContextVar[str] = ContextVar("mine", default="")
    mine.set("here")
    assert Untraced().call(mine.get) == "here"
    assert Untraced().call(var_child_runnable_config.get) is None


def test_one_can_be_used_from_another_thread() -> None:
    listener = Listener()
    untraced = Untraced()
    thread = threading.Thread(target=lambda: untraced.call(inner))
    thread.start()
    thread.join()
    assert listener.heard == []


# Who is refused


def test_nothing_is_refused_when_nobody_listens() -> None:
    refuse_tracing()
    refuse_tracing(None, [], [Listener()])
    with collect_runs(), get_usage_metadata_callback():
        refuse_tracing([UsageMetadataCallbackHandler()])


@pytest.mark.parametrize("family", ["LANGSMITH", "LANGCHAIN"])
@pytest.mark.parametrize("switch", ["TRACING", "TRACING_V2"])
def test_tracing_by_the_environment_is_refused(
    family: str, switch: str, collecting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{family}_{switch}", "true")
    with pytest.raises(TracingLeak, match=r"collector\.test") as caught:
        refuse_tracing()
    assert f"{family}_{switch}" in caught.value.remedy
    refuse_tracing(trusted_hosts=["collector.test"])


def test_tracing_that_is_switched_off_here_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    with tracing_context(enabled=False):
        refuse_tracing()


def test_tracing_that_cannot_be_looked_into_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")  # without a key no tracer can be made here
    with pytest.raises(TracingLeak, match="cannot be told"):
        refuse_tracing()


@pytest.mark.parametrize(
    "url", ["http://localhost:1984", "http://127.0.0.1:1984", "http://[::1]:1"]
)
def test_a_collector_on_this_machine_is_no_leak(url: str) -> None:
    refuse_tracing([tracer(url)])


def test_a_tracer_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(TracingLeak):
        refuse_tracing([tracer()])
    with tracing_context(enabled=True, client=client()), pytest.raises(TracingLeak):
        refuse_tracing()
    with tracing_v2_enabled(client=client()), pytest.raises(TracingLeak):
        refuse_tracing()


def test_copies_of_a_trace_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    here = tracer("http://127.0.0.1:1984")
    refuse_tracing([here])
    with tracing_context(replicas=[{"api_url": COLLECTOR}]), pytest.raises(TracingLeak):
        refuse_tracing([here])
    with tracing_context(replicas=[{"client": client()}]), pytest.raises(TracingLeak):
        refuse_tracing([here])
    copies = '[{"api_url": "https://collector.test", "api_key": "key"}]'
    monkeypatch.setenv("LANGSMITH_RUNS_ENDPOINTS", copies)
    get_env_var.cache_clear()  # type: ignore[attr-defined]
    with pytest.raises(TracingLeak, match=r"collector\.test"):
        refuse_tracing([here])


def test_a_collector_behind_a_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(TracingLeak, match="proxy"):
        refuse_tracing([tracer("http://127.0.0.1:1984")])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    refuse_tracing([tracer("http://127.0.0.1:1984")])


def test_an_exporter_of_telemetry_is_refused() -> None:
    exporting = tracer("http://127.0.0.1:1984")
    exporting.client.otel_exporter = object()  # type: ignore[assignment]
    with pytest.raises(TracingLeak, match="OpenTelemetry"):
        refuse_tracing([exporting])


def test_debug_printers_are_refused_and_verbose_is_not() -> None:
    set_debug(True)
    try:
        with pytest.raises(TracingLeak, match="ConsoleCallbackHandler") as caught:
            refuse_tracing()
    finally:
        set_debug(False)
    assert "set_debug" in caught.value.remedy
    set_verbose(True)
    try:
        refuse_tracing()
    finally:
        set_verbose(False)


@pytest.fixture
def registered() -> Iterator[Listener]:
    listener = Listener()
    variable: ContextVar[BaseCallbackHandler | None] = ContextVar("listener", default=listener)
    register_configure_hook(variable, inheritable=True)
    yield listener
    tracer_context._configure_hooks.pop()


def test_a_handler_that_attaches_itself_is_refused(registered: Listener) -> None:
    with pytest.raises(TracingLeak, match="Listener"):
        refuse_tracing()


# The chat model


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
