"""The progress of an agent's task, read from its messages, so that the loop stays stateless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from cogenesis_langchain.agents.plan import Plan, PlannedStep
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.tools import Tool, TurnRules


@dataclass(frozen=True, slots=True)
class Progress:
    """What the turns since the user's request have done.

    Attributes:
        began: Whether there was such a turn; then it is settled whether there is a plan.
        plan: The plan that rides in these turns; None without one.
        step: Number of the step that the last turn did, from 1; 0 before the first.
        calls: Turns that called tools.
        failed: Whether the last result of a tool is an error.
    """

    began: bool = False
    plan: Plan | None = None
    step: int = 0
    calls: int = 0
    failed: bool = False


def read_progress(messages: Sequence[BaseMessage]) -> Progress:
    """Read the progress of the task that the last human message gave."""
    progress = Progress()
    for message in messages:
        if isinstance(message, HumanMessage):
            progress = Progress()
        elif isinstance(message, AIMessage):
            progress = _after_turn(progress, message)
        elif isinstance(message, ToolMessage):
            progress = replace(progress, failed=message.status == "error")
    return progress


def _after_turn(progress: Progress, message: AIMessage) -> Progress:
    told: Mapping[str, Any] = message.response_metadata.get("cogenesis") or {}
    if told.get("mode") != "agent":
        return progress
    plan = told.get("plan")
    return Progress(
        began=True,
        plan=Plan.model_validate(plan) if plan else None,
        step=told.get("step", 0),
        calls=progress.calls + bool(message.tool_calls or message.invalid_tool_calls),
        failed=bool(message.invalid_tool_calls),
    )


@dataclass(frozen=True, slots=True)
class NextSteps:
    """What a turn may do.

    Attributes:
        steps: Numbers and steps of the plan, in its order.
        may_answer: Whether it may also answer.
    """

    steps: Sequence[tuple[int, PlannedStep]]
    may_answer: bool

    def number_of(self, tool: str) -> int:
        """Number of the step that calls a tool; 0 for none."""
        return next((number for number, step in self.steps if step.tool == tool), 0)


def next_steps(plan: Plan, progress: Progress) -> NextSteps:
    """Return the steps that may follow, in the order of the plan.

    These are the next step; those behind it, as long as the steps before them are conditional; the
    last step again after an error, or if it is repeated for several items. An answer is possible
    where no step is left that is always done, and after an error.
    """
    allowed: list[tuple[int, PlannedStep]] = []
    steps = list(enumerate(plan.steps, 1))
    if progress.step:
        done = steps[progress.step - 1]
        if progress.failed or done[1].each:
            allowed.append(done)
    for number, step in steps[progress.step :]:
        allowed.append((number, step))
        if step.condition is None and step.each is None:
            return NextSteps(allowed, may_answer=progress.failed)
    return NextSteps(allowed, may_answer=True)


def rules_for(following: NextSteps, rules: TurnRules, extra: Sequence[Tool]) -> TurnRules:
    """Narrow what a turn may write to the next steps of the plan.

    Args:
        following: The next steps.
        rules: What may be written without a plan.
        extra: Tools that may be called besides.
    """
    tools = {tool.name: tool for tool in rules.callable_tools}
    planned: dict[str, Tool] = {}
    for _, step in following.steps:
        if step.tool in tools:
            planned.setdefault(step.tool, _with_planned_arguments(tools[step.tool], step))
    chosen = [*planned.values(), *extra]
    return replace(
        rules,
        callable_tools=chosen,
        must_call=bool(chosen) and not following.may_answer,
        parallel=rules.parallel and any(step.each for _, step in following.steps),
    )


def _with_planned_arguments(tool: Tool, step: PlannedStep) -> Tool:
    """Leave out optional arguments that the plan does not fill; small models would invent them."""
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required") or ()
    if not isinstance(properties, Mapping) or not isinstance(required, Sequence):
        return tool
    wanted = [name for name in properties if name in required or name in step.fill]
    kept: dict[str, Json] = {name: properties[name] for name in wanted}
    parameters = {**tool.parameters, "properties": kept, "required": wanted}
    return replace(tool, parameters={**parameters, "additionalProperties": False})
