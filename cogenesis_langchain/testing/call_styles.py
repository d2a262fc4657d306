"""All ways to call a runnable (invoke, stream, batch, ...), for tests that must cover every one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from langchain_core.runnables import Runnable, RunnableConfig

CallStyle: TypeAlias = Callable[[Runnable[Any, Any], Any, RunnableConfig | None], object]
"""A function that calls a runnable with an input and a config, and returns its whole output."""


def _invoke(runnable: Runnable[Any, Any], given: Any, config: RunnableConfig | None) -> object:
    return runnable.invoke(given, config)


def _stream(runnable: Runnable[Any, Any], given: Any, config: RunnableConfig | None) -> object:
    return list(runnable.stream(given, config))


def _batch(runnable: Runnable[Any, Any], given: Any, config: RunnableConfig | None) -> object:
    return runnable.batch([given], config)


def _ainvoke(runnable: Runnable[Any, Any], given: Any, config: RunnableConfig | None) -> object:
    return asyncio.run(runnable.ainvoke(given, config))


def _abatch(runnable: Runnable[Any, Any], given: Any, config: RunnableConfig | None) -> object:
    return asyncio.run(runnable.abatch([given], config))


def _astream(runnable: Runnable[Any, Any], given: Any, config: RunnableConfig | None) -> object:
    async def collect() -> list[object]:
        return [piece async for piece in runnable.astream(given, config)]

    return asyncio.run(collect())


def _astream_events(
    runnable: Runnable[Any, Any], given: Any, config: RunnableConfig | None
) -> object:
    async def collect() -> list[object]:
        return [event async for event in runnable.astream_events(given, config, version="v2")]

    return asyncio.run(collect())


CALL_STYLES: Final[Mapping[str, CallStyle]] = MappingProxyType(
    {
        "invoke": _invoke,
        "ainvoke": _ainvoke,
        "stream": _stream,
        "astream": _astream,
        "batch": _batch,
        "abatch": _abatch,
        "astream_events": _astream_events,
    }
)
"""Every public call style by name. The asynchronous ones run in an event loop of their own."""
