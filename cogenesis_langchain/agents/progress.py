"""The progress of an agent's task, read from its messages, so that the loop stays stateless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from cogenesis_langchain.agents.plan import Plan


@dataclass(frozen=True, slots=True)
class Progress:
    """What the turns since the user's request have done.

    Attributes:
        began: Whether there was such a turn; then it is settled whether there is a plan.
        plan: The plan that rides in these turns; None without one.
        step: Number of the step that the last turn did, from 1; 0 before the first.
        items: The items for which this step is still to be done.
        lists: The items of repeated steps, by the plan's words for them.
        calls: Turns that called tools.
        failed: Whether a call of the last turn failed.
    """

    began: bool = False
    plan: Plan | None = None
    step: int = 0
    items: tuple[str, ...] = ()
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    calls: int = 0
    failed: bool = False

    def told(self) -> dict[str, Any]:
        """Return the plan and its state as fields of a report, from which `read_progress` reads."""
        return {
            "plan": {} if self.plan is None else self.plan.told(),
            "step": self.step,
            "items": self.items,
            "lists": self.lists,
        }


def read_progress(messages: Sequence[BaseMessage]) -> Progress:
    """Read the progress of the task that the last human message gave."""
    progress = Progress()
    for message in messages:
        if isinstance(message, HumanMessage):
            progress = Progress()
        elif isinstance(message, AIMessage):
            progress = _after_turn(progress, message)
        elif isinstance(message, ToolMessage):
            failed = progress.failed or message.status == "error"
            progress = replace(progress, failed=failed)
    return progress


def _after_turn(progress: Progress, message: AIMessage) -> Progress:
    told: Mapping[str, Any] = message.response_metadata.get("cogenesis") or {}
    if told.get("mode") != "agent":
        return progress
    plan = told.get("plan")
    return Progress(
        # A turn that had to be a call, before any plan, settles nothing.
        began=progress.began or bool(plan or told.get("fallback_reason")),
        plan=Plan.model_validate(plan) if plan else None,
        step=told.get("step", 0),
        items=tuple(told.get("items", ())),
        lists=told.get("lists", {}),
        # Earlier turns may have been summarised, so that their number rides in the turn too.
        calls=max(progress.calls, told.get("calls", 0))
        + bool(message.tool_calls or message.invalid_tool_calls),
        failed=bool(message.invalid_tool_calls),
    )
