"""Keeps private text out of tracers, callback handlers and debug printers.

`Untraced` runs inner model calls without the caller's callbacks and without LangSmith.
`refuse_tracing` checks the outer call before it starts: LangChain passes the caller's messages to
the handlers of the outer call, whatever the inner calls do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
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
from cogenesis_langchain.privacy.trust.hosts import is_behind_proxy, is_trusted

P = ParamSpec("P")
T = TypeVar("T")
_END: Final = object()
# Handlers that LangChain attaches by itself and that keep their data in this process.
_IN_PROCESS_HANDLERS: Final = (RunCollectorCallbackHandler, UsageMetadataCallbackHandler)


class Untraced:
    """A copied context for inner calls, without parent callbacks and without LangSmith.

    The context is entered for each call and for each step of an iterator, and left again before
    control returns to the caller. So the caller's own tracing is not changed.
    """

    def __init__(self) -> None:
        self._context = copy_context()

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in this context."""
        return self._context.run(lambda: _without_tracing(function, *args, **kwargs))

    def iterate(self, iterator: Iterator[T]) -> Iterator[T]:
        """Iterate with each step in this context."""
        while (item := self.call(next, iterator, _END)) is not _END:
            yield item  # type: ignore[misc]  # _END is the only other possibility


def _without_tracing(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with untraced():
        return function(*args, **kwargs)


@contextmanager
def untraced() -> Iterator[None]:
    """Hide the caller's callbacks and switch LangSmith off in the current context.

    For threads that run in a copy of their caller's context; elsewhere use `Untraced`.
    """
    token = var_child_runnable_config.set(None)
    try:
        with tracing_context(enabled=False):
            yield
    finally:
        var_child_runnable_config.reset(token)


def refuse_tracing(
    *callbacks: Iterable[BaseCallbackHandler] | BaseCallbackManager | None,
    trusted_hosts: Collection[str] = (),
) -> None:
    """Refuse to start a call that a tracer or debug printer would record.

    Refused are LangSmith tracers that write to an untrusted host, and every handler that LangChain
    attaches by itself (environment variables, ``set_debug``, globally registered hooks). Handlers
    that the caller passes explicitly are allowed, because the caller chose them.

    Args:
        callbacks: Callbacks that the caller passed and those of the model.
        trusted_hosts: Hosts besides loopback that may record private text.

    Raises:
        TracingLeak: A tracer or printer would record private text.
    """
    # Without arguments, LangChain configures exactly the handlers that it attaches by itself.
    ambient = CallbackManager.configure().handlers
    given = [handler for group in callbacks for handler in _handlers(group)]
    for handler in (*ambient, *given):
        if isinstance(handler, LangChainTracer):
            _refuse_tracer(handler, trusted_hosts)
    if tracing_is_enabled() and not any(isinstance(one, LangChainTracer) for one in ambient):
        raise TracingLeak(
            "LangSmith tracing is on, and its host cannot be determined",
            remedy=f"unset {_tracing_variable()}, or pass allow_tracing=True",
        )
    for handler in ambient:
        if not isinstance(handler, (LangChainTracer, *_IN_PROCESS_HANDLERS)):
            raise TracingLeak(
                f"{type(handler).__name__} is attached to every LangChain call and would record "
                "private text",
                remedy="switch it off (set_debug(False), or remove the environment variable or "
                "hook that registers it), or pass allow_tracing=True if it may see private text",
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
                remedy=f"unset {_tracing_variable()} and pass no LangChainTracer, add the host to "
                "trusted_hosts, or pass allow_tracing=True",
            )
        if is_behind_proxy(host):
            raise TracingLeak(
                f"LangSmith would send its traces to {host!r} through an environment proxy",
                remedy=f"add {host} to NO_PROXY, or unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
            )


def _collectors(client: Client) -> Iterator[str]:
    """Yield every host that a LangSmith client writes to, its replicas included."""
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
