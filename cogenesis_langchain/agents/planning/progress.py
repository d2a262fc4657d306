"""The progress of an agent's task, read from its messages, so that the loop stays stateless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from cogenesis_langchain.agents.planning.plan import Plan
from cogenesis_langchain.privacy.messages.instruction import TASKS


@dataclass(frozen=True, slots=True)
class Progress:
    """What the turns since the user's request have done.

    Attributes:
        plan: The plan that rides in these turns; None without one.
        reason: Why there is none; empty if it is not settled yet whether there is a plan.
        step: Number of the step that the last planned turn did, from 1; 0 before the first.
        items: The items for which this step is still to be done.
        lists: The items of repeated steps, by the plan's words for them.
        undone: Numbers of steps that were left out, were given up after an error, or have a
            receiver that is not known.
        calls: Turns that called tools.
        task: The name of the task; empty before its first turn.
        made: Ids of the calls of the last planned turn.
        failed: Whether one of them failed.
    """

    plan: Plan | None = None
    reason: str = ""
    step: int = 0
    items: tuple[str, ...] = ()
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    undone: tuple[int, ...] = ()
    calls: int = 0
    task: str = ""
    made: frozenset[str] = frozenset()
    failed: bool = False

    @property
    def settled(self) -> bool:
        """Whether it is settled if there is a plan: the cloud model was asked, or cannot be."""
        return self.plan is not None or bool(self.reason)

    def told(self) -> dict[str, Any]:
        """Return the fields of a report from which `read_progress` reads the progress again."""
        return {
            "plan": {} if self.plan is None else self.plan.told(),
            "fallback_reason": self.reason,
            "step": self.step,
            "items": self.items,
            "lists": self.lists,
            "undone": self.undone,
            "calls": self.calls,
        }


def read_progress(messages: Sequence[BaseMessage]) -> Progress:
    """Read the progress of the task that the last human message gave."""
    progress = Progress()
    for message in messages:
        if isinstance(message, HumanMessage):
            progress = Progress()
        elif isinstance(message, AIMessage):
            progress = _after_turn(progress, message)
        elif isinstance(message, ToolMessage) and message.tool_call_id in progress.made:
            failed = progress.failed or message.status == "error"
            progress = replace(progress, failed=failed)
    return progress


def _after_turn(progress: Progress, message: AIMessage) -> Progress:
    told: Mapping[str, Any] = message.response_metadata.get("cogenesis") or {}
    if told.get("mode") != "agent":
        return progress
    plan = Plan.model_validate(told["plan"]) if told.get("plan") else None
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    progress = replace(
        progress,
        plan=plan,
        task=(told.get(TASKS) or ("",))[-1],
        reason="" if plan else told.get("fallback_reason", ""),
        step=told.get("step", 0),
        items=tuple(told.get("items", ())),
        lists=told.get("lists", {}),
        undone=tuple(told.get("undone", ())),
        # Earlier turns may have been summarised, so that their number rides in the turn too.
        calls=max(progress.calls, told.get("calls", 0)) + bool(calls),
    )
    if told.get("rung") != "plan":
        return progress  # a turn that had to be a call says nothing about the steps of the plan
    made = frozenset(call["id"] or "" for call in calls)
    return replace(progress, made=made, failed=bool(message.invalid_tool_calls))
