"""Finds which component of an agent sends private text: a summariser, a tool, a tracer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from cogenesis_langchain.testing.recorder import EgressRecorder
from cogenesis_langchain.testing.search import find_leaks

World = TypeVar("World")
OUTSIDE = "outside of every step (a tracer, a cache or a thread of its own)"
"""Name of the component where no step was running when a request arrived."""


@dataclass(frozen=True, slots=True)
class AgentLeak:
    """A component that sends what it must not.

    Attributes:
        component: The innermost step that was running: a node of the graph, with its model or tool.
        what: What is wrong with its requests; never a private value.
    """

    component: str
    what: str

    def __str__(self) -> str:
        return f"{self.component} {self.what}"


def find_agent_leaks(
    run: Callable[[World, RunnableConfig], object],
    worlds: Sequence[World],
    *,
    recorder: EgressRecorder,
    values: Callable[[World], Iterable[str]],
) -> list[AgentLeak]:
    """Run an agent in private worlds and name the components that make the difference.

    Requests are compared component by component: they have to be byte-identical in all worlds, and
    must hold no private value in any encoding.

    Args:
        run: Builds the agent for a world and calls it once with the config, always with the same
            request. Everything private of the agent (documents, results of tools, history) has to
            come from the world.
        worlds: At least two, which differ in every private value.
        recorder: Stands for every endpoint outside; its earlier requests are deleted.
        values: The private values of a world.

    Returns:
        The leaks, each once; empty if there are none.

    Raises:
        ValueError: There are fewer than two worlds.
        AssertionError: No request arrived, so nothing was checked.
    """
    if len(worlds) < 2:
        raise ValueError("at least two worlds are needed for a comparison")
    leaks: dict[AgentLeak, None] = {}
    seen: list[dict[str, list[bytes]]] = []
    for world in worlds:
        recorder.clear()
        steps = _Steps()
        run(world, {"callbacks": [steps]})
        sent: dict[str, list[bytes]] = {}
        for request in recorder.requests:
            component = steps.running_at(request.received)
            sent.setdefault(component, []).append(request.head + request.body)
            if encodings := find_leaks(request.searchable, set(values(world))):
                plainest = "plain text" if "plain text" in encodings else min(encodings)
                leaks[AgentLeak(component, f"sends private values in {plainest}")] = None
        seen.append(sent)
    if not any(seen):
        raise AssertionError("no request arrived at the recorder, so nothing was checked")
    for component in dict.fromkeys(name for sent in seen for name in sent):
        if any(sent.get(component) != seen[0].get(component) for sent in seen[1:]):
            leaks[AgentLeak(component, "sends other requests in another private world")] = None
    return list(leaks)


def assert_agent_keeps_private(
    run: Callable[[World, RunnableConfig], object],
    worlds: Sequence[World],
    *,
    recorder: EgressRecorder,
    values: Callable[[World], Iterable[str]],
) -> None:
    """Check that no component of an agent sends private text; see `find_agent_leaks`.

    Raises:
        AssertionError: One does. The message names it, and no private value.
    """
    leaks = find_agent_leaks(run, worlds, recorder=recorder, values=values)
    if leaks:
        raise AssertionError("private text leaves the agent: " + "; ".join(map(str, leaks)))


@dataclass(slots=True)
class _Step:
    label: str
    began: float
    ended: float = field(default=float("inf"))


class _Steps(BaseCallbackHandler):
    """Notes when each step of a run began and ended."""

    run_inline = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[UUID, _Step] = {}

    def running_at(self, moment: float) -> str:
        """Name of the step that began last of those that were running."""
        with self._lock:
            running = [step for step in self._steps.values() if step.began <= moment <= step.ended]
        return max(running, key=lambda step: step.began).label if running else OUTSIDE

    def _begin(self, run_id: UUID, kind: str, name: str, metadata: dict[str, Any] | None) -> None:
        node = (metadata or {}).get("langgraph_node")
        label = f"{kind} {name!r}" + (f" in node {node!r}" if node and node != name else "")
        with self._lock:
            self._steps[run_id] = _Step(label, time.monotonic())

    def _end(self, run_id: UUID) -> None:
        with self._lock:
            if run_id in self._steps:
                self._steps[run_id].ended = time.monotonic()

    def on_chat_model_start(
        self, serialized: dict[str, Any] | None, messages: object, *, run_id: UUID, **kwargs: Any
    ) -> None:
        self._begin(run_id, "model", _name(serialized, kwargs), kwargs.get("metadata"))

    def on_llm_end(self, response: object, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id)

    def on_tool_start(
        self, serialized: dict[str, Any] | None, input_str: str, *, run_id: UUID, **kwargs: Any
    ) -> None:
        self._begin(run_id, "tool", _name(serialized, kwargs), kwargs.get("metadata"))

    def on_tool_end(self, output: object, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id)

    def on_chain_start(
        self, serialized: dict[str, Any] | None, inputs: object, *, run_id: UUID, **kwargs: Any
    ) -> None:
        if kwargs.get("parent_run_id") is not None:  # the agent as a whole names nothing
            self._begin(run_id, "step", _name(serialized, kwargs), kwargs.get("metadata"))

    def on_chain_end(self, outputs: object, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id)


def _name(serialized: dict[str, Any] | None, kwargs: dict[str, Any]) -> str:
    told = serialized or {}
    return str(kwargs.get("name") or told.get("name") or (told.get("id") or ["unknown"])[-1])
