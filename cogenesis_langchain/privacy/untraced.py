"""Keep private text out of tracers, handlers, caches and debug printers.

Two halves. Around inner calls, `Untraced` hides the caller's callbacks and switches LangSmith off,
without touching the caller's own context. Before an outer call, `refuse_tracing` looks at what
LangChain is about to attach: the caller's messages would reach those handlers whatever the inner
calls do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextvars import copy_context
from typing import Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager, CallbackManager
from langchain_core.callbacks.usage import UsageMetadataCallbackHandler
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers.langchain import LangChainTracer
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langsmith.client import Client
from langsmith.run_helpers import tracing_context
from langsmith.run_trees import RunTree
from langsmith.utils import tracing_is_enabled

from cogenesis_langchain.errors import TracingLeak
from cogenesis_langchain.privacy.hosts import is_behind_proxy, is_trusted

P = ParamSpec("P")
T = TypeVar("T")
_END: Final = object()
# Handlers that LangChain attaches by itself and that keep what they see in this process.
_HARMLESS: Final = (RunCollectorCallbackHandler, UsageMetadataCallbackHandler)


class Untraced:
    """A context of its own for inner calls: no parent callbacks, no LangSmith.

    A copied context is entered for each call and for each step of an iterator, never across a
    ``yield``, so the caller's tracing goes on undisturbed.
    """

    def __init__(self) -> None:
        self._context = copy_context()
        self._context.run(var_child_runnable_config.set, None)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function inside this context."""
        return self._context.run(lambda: _silently(function, *args, **kwargs))

    def iterate(self, iterator: Iterator[T]) -> Iterator[T]:
        """Take each step of an iterator inside this context."""
        while (item := self.call(next, iterator, _END)) is not _END:
            yield item  # type: ignore[misc]  # _END is the only other possibility


def _silently(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with tracing_context(enabled=False):
        return function(*args, **kwargs)


def refuse_tracing(
    *callbacks: Iterable[BaseCallbackHandler] | BaseCallbackManager | None,
    trusted_hosts: Collection[str] = (),
) -> None:
    """Refuse to start a call that a tracer or debug printer would record.

    Handlers that the caller passes by name are the caller's own code and stay; a LangSmith tracer
    to an untrusted host, and anything that LangChain attaches by itself (environment variables,
    ``set_debug``, globally registered hooks), is refused.

    Args:
        callbacks: What the caller passed, and what the object carries.
        trusted_hosts: Hosts besides loopback that may record private text.

    Raises:
        TracingLeak: With the way to switch it off.
    """
    ambient = CallbackManager.configure().handlers
    given = [handler for group in callbacks for handler in _handlers(group)]
    for handler in (*ambient, *given):
        if isinstance(handler, LangChainTracer):
            _refuse_tracer(handler, trusted_hosts)
    if tracing_is_enabled() and not any(isinstance(one, LangChainTracer) for one in ambient):
        raise TracingLeak(
            "LangSmith tracing is on, and to which host cannot be told",
            remedy=f"unset {_tracing_variable()}, or pass allow_tracing=True",
        )
    for handler in ambient:
        if not isinstance(handler, (LangChainTracer, *_HARMLESS)):
            raise TracingLeak(
                f"LangChain attaches {type(handler).__name__} to every call, which would record "
                "private text",
                remedy="switch it off (set_debug(False), or unset the variable or hook that "
                "registers it), or pass allow_tracing=True if it may see private text",
            )


def _handlers(
    group: Iterable[BaseCallbackHandler] | BaseCallbackManager | None,
) -> Iterable[BaseCallbackHandler]:
    if isinstance(group, BaseCallbackManager):
        return group.handlers
    return group or ()


def _refuse_tracer(tracer: LangChainTracer, trusted_hosts: Collection[str]) -> None:
    for host in _collectors(tracer.client):
        if not is_trusted(host, trusted_hosts):
            raise TracingLeak(
                f"LangSmith tracing to {host!r} is on and would record private text",
                remedy=f"unset {_tracing_variable()} and pass no LangChainTracer, name the host in "
                "trusted_hosts, or pass allow_tracing=True",
            )
        if is_behind_proxy(host):
            raise TracingLeak(
                f"an environment proxy would carry what LangSmith records to {host!r}",
                remedy=f"add {host} to NO_PROXY, or unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
            )


def _collectors(client: Client) -> Iterator[str]:
    """Every host that a LangSmith client writes to: its own, and those that get copies."""
    copies = RunTree(name="", client=client).replicas or ()
    writers = [client, *(writer for copy in copies if (writer := copy.get("client")))]
    urls = [url for copy in copies if (url := copy.get("api_url"))]
    for writer in writers:
        urls += writer._write_api_urls
        if writer.otel_exporter is not None:
            yield "an OpenTelemetry collector"
    for url in urls:
        yield urlsplit(url).hostname or url


def _tracing_variable() -> str:
    names = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING")
    return next((name for name in names if os.environ.get(name) == "true"), "LANGCHAIN_TRACING")
