"""All ways to switch on LangSmith tracing."""

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
from wire.harness import Harness


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
    """Clear LangSmith's cache of environment variables."""
    get_env_var.cache_clear()  # type: ignore[attr-defined]  # its overloads hide the cache


_clients: dict[str, langsmith.Client] = {}


def collector_client(harness: Harness) -> langsmith.Client:
    """Return one client for all channels, because each client starts threads."""
    url = harness.third_party_url
    if url not in _clients:
        _clients[url] = langsmith.Client(api_url=url, api_key="key")
    return _clients[url]


def close_clients() -> None:
    while _clients:
        _clients.popitem()[1].close()


@contextmanager
def _flushed(harness: Harness) -> Iterator[None]:
    client = collector_client(harness)
    try:
        yield
    finally:
        client.flush()


@contextmanager
def traced_by_environment(
    harness: Harness, family: str, switch: str
) -> Iterator[RunnableConfig | None]:
    variables = {
        f"{family}_{switch}": "true",
        f"{family}_ENDPOINT": harness.third_party_url,
        f"{family}_API_KEY": "key",
    }
    with environment(**variables), _flushed(harness):
        langsmith.configure(client=collector_client(harness))
        try:
            yield None
        finally:
            langsmith.configure(client=None)


@contextmanager
def explicit_tracer(harness: Harness) -> Iterator[RunnableConfig | None]:
    with _flushed(harness):
        yield {"callbacks": [LangChainTracer(client=collector_client(harness))]}


@contextmanager
def within_tracing_context(harness: Harness) -> Iterator[RunnableConfig | None]:
    with _flushed(harness), tracing_context(enabled=True, client=collector_client(harness)):
        yield None


@contextmanager
def within_tracing_v2(harness: Harness) -> Iterator[RunnableConfig | None]:
    with _flushed(harness), tracing_v2_enabled(client=collector_client(harness)):
        yield None


@contextmanager
def configured(harness: Harness) -> Iterator[RunnableConfig | None]:
    with _flushed(harness):
        langsmith.configure(client=collector_client(harness), enabled=True)
        try:
            yield None
        finally:
            langsmith.configure(client=None, enabled=None)
