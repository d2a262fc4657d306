"""The ways by which a LangChain process is traced to LangSmith."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import langsmith
import pytest
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.context import tracing_v2_enabled
from langchain_core.tracers.langchain import LangChainTracer
from langsmith.run_helpers import tracing_context
from langsmith.utils import get_env_var
from wire.world import World


@contextmanager
def environment(**variables: str) -> Iterator[RunnableConfig | None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        forget_environment()
        try:
            yield None
        finally:
            forget_environment()


def forget_environment() -> None:
    """LangSmith reads each variable once; let it look again."""
    get_env_var.cache_clear()  # type: ignore[attr-defined]  # its overloads hide the cache


_clients: dict[str, langsmith.Client] = {}


def collector_client(world: World) -> langsmith.Client:
    """One client for all tracing channels; each has threads of its own."""
    url = world.elsewhere_url
    if url not in _clients:
        _clients[url] = langsmith.Client(api_url=url, api_key="key")
    return _clients[url]


def close_clients() -> None:
    while _clients:
        _clients.popitem()[1].close()


@contextmanager
def _flushed(world: World) -> Iterator[None]:
    client = collector_client(world)
    try:
        yield
    finally:
        client.flush()


@contextmanager
def traced_by_environment(
    world: World, family: str, switch: str
) -> Iterator[RunnableConfig | None]:
    variables = {
        f"{family}_{switch}": "true",
        f"{family}_ENDPOINT": world.elsewhere_url,
        f"{family}_API_KEY": "key",
    }
    with environment(**variables), _flushed(world):
        langsmith.configure(client=collector_client(world))
        try:
            yield None
        finally:
            langsmith.configure(client=None)


@contextmanager
def explicit_tracer(world: World) -> Iterator[RunnableConfig | None]:
    with _flushed(world):
        yield {"callbacks": [LangChainTracer(client=collector_client(world))]}


@contextmanager
def within_tracing_context(world: World) -> Iterator[RunnableConfig | None]:
    with _flushed(world), tracing_context(enabled=True, client=collector_client(world)):
        yield None


@contextmanager
def within_tracing_v2(world: World) -> Iterator[RunnableConfig | None]:
    with _flushed(world), tracing_v2_enabled(client=collector_client(world)):
        yield None


@contextmanager
def configured(world: World) -> Iterator[RunnableConfig | None]:
    with _flushed(world):
        langsmith.configure(client=collector_client(world), enabled=True)
        try:
            yield None
        finally:
            langsmith.configure(client=None, enabled=None)
