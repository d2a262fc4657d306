from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import langsmith
import pytest
from langchain_core.callbacks import (
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
    get_usage_metadata_callback,
)
from langchain_core.globals import set_debug, set_verbose
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers import context as tracer_context
from langchain_core.tracers.context import (
    collect_runs,
    register_configure_hook,
    tracing_v2_enabled,
)
from langsmith.run_helpers import tracing_context
from langsmith.utils import get_env_var, tracing_is_enabled
from support.collectors import COLLECTOR, Listener, client, tracer

from cogenesis_langchain.errors import TracingLeak
from cogenesis_langchain.privacy.trust.untraced import Untraced, refuse_tracing


@pytest.fixture(autouse=True)
def _fresh_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clear LangSmith's cache of environment variables."""
    forget: Callable[[], None] = get_env_var.cache_clear  # type: ignore[attr-defined]
    forget()
    yield
    monkeypatch.undo()
    forget()


@pytest.fixture
def collecting() -> Iterator[None]:
    """Configure a client, because LangSmith would make one that uses the network."""
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


def test_the_callers_tracing_is_on_between_the_steps() -> None:
    with tracing_context(enabled=True, client=client()):
        for inside in Untraced().iterate(tracing_is_enabled() for _ in range(2)):
            assert inside is False and tracing_is_enabled() is True


def test_the_callers_context_is_kept_otherwise() -> None:
    mine: ContextVar[str] = ContextVar("mine", default="")
    mine.set("here")
    assert Untraced().call(mine.get) == "here"
    assert Untraced().call(var_child_runnable_config.get) is None


def test_an_untraced_context_works_in_another_thread() -> None:
    listener = Listener()
    untraced = Untraced()
    thread = threading.Thread(target=lambda: untraced.call(inner))
    thread.start()
    thread.join()
    assert listener.heard == []


# Refused tracers


def test_a_call_without_tracers_is_allowed() -> None:
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


def test_tracing_to_an_unknown_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")  # without a key no tracer can be made here
    with pytest.raises(TracingLeak, match="cannot be determined"):
        refuse_tracing()


@pytest.mark.parametrize(
    "url", ["http://localhost:1984", "http://127.0.0.1:1984", "http://[::1]:1"]
)
def test_a_collector_on_this_machine_is_allowed(url: str) -> None:
    refuse_tracing([tracer(url)])


def test_a_tracer_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(TracingLeak):
        refuse_tracing([tracer()])
    with tracing_context(enabled=True, client=client()), pytest.raises(TracingLeak):
        refuse_tracing()
    with tracing_v2_enabled(client=client()), pytest.raises(TracingLeak):
        refuse_tracing()


def test_replicas_of_a_tracer_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_an_opentelemetry_exporter_is_refused() -> None:
    exporting = tracer("http://127.0.0.1:1984")
    exporting.client.otel_exporter = object()  # type: ignore[assignment]
    with pytest.raises(TracingLeak, match="OpenTelemetry"):
        refuse_tracing([exporting])


def test_debug_printers_are_refused_and_verbose_is_allowed() -> None:
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
