"""Carries a plan out: each turn makes the calls of one step, or answers when the plan is done."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from langchain_core.messages import BaseMessage

from cogenesis_langchain.agent_prompts import (
    PLAN_ANSWER,
    PLAN_CALL,
    PLAN_CALL_FOR,
    PLAN_STEPS,
    PLAN_UNFINISHED,
)
from cogenesis_langchain.agents.conversation import Guidance
from cogenesis_langchain.agents.decisions import Decisions
from cogenesis_langchain.agents.plan import Plan, PlannedStep
from cogenesis_langchain.agents.progress import Progress
from cogenesis_langchain.agents.tool_grammar import MOST_CALLS
from cogenesis_langchain.agents.tool_turn import Piece, ToolTurn
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.models.base import GenerationOptions, Json
from cogenesis_langchain.models.tools import Tool, ToolCall, TurnRules
from cogenesis_langchain.privacy.text import PrivateText


@dataclass(frozen=True, slots=True)
class _Due:
    """The step that a turn does.

    Attributes:
        number: Its number in the plan, from 1.
        step: The step.
        items: For which items, each of which is a call; empty for one call.
    """

    number: int
    step: PlannedStep
    items: tuple[str, ...] = ()


@final
class PlanExecution:
    """Writes the turns of a task that has a plan; nothing is sent.

    The tool of a turn follows from the plan and the progress. The local model decides conditions,
    items and what to do after an error (see `Decisions`), and fills in the arguments.

    Args:
        turn: Writes calls and the answer.
    """

    def __init__(self, turn: ToolTurn) -> None:
        self._turn = turn

    def write(
        self,
        plan: Plan,
        progress: Progress,
        messages: Sequence[BaseMessage],
        context: Sequence[PrivateText],
        rules: TurnRules,
        options: GenerationOptions,
        report: Report,
    ) -> Iterator[Piece]:
        """Write the assistant's turn; see `ToolTurn.write`.

        Args:
            plan: The plan.
            progress: What was done of it.
            messages: The conversation, with calls and results of tools.
            context: Texts of the private context, most important first.
            rules: What may be written; without callable tools the turn is an answer.
            options: How to generate.
            report: What is known so far.

        Raises:
            LocalModelError: The local model failed, or did not decide about a step.
            ConfigurationError: See `ToolTurn.write`.
            ContextTooLong: See `ToolTurn.write`.
        """
        decisions = Decisions(self._turn, plan, messages, context, rules, options, report)
        due = _due(plan, progress, [tool.name for tool in rules.callable_tools], decisions)
        # Later, a result of the plan's tools could make the model want one of them.
        private = [tool for tool in rules.callable_tools if tool.is_private and not progress.step]
        report = decisions.report
        if due is None:
            report = replace(report, lists=progress.lists)
            answering = replace(rules, callable_tools=private, must_call=False, parallel=False)
            told = _answer_told(plan, progress, report.undone)
            yield from self._turn.write(
                messages, context, answering, options, report, guidance=_guidance(plan, told)
            )
            return
        tool = next(tool for tool in rules.callable_tools if tool.name == due.step.tool)
        calling = replace(
            rules,
            callable_tools=[_with_planned_arguments(tool, due.step), *private],
            must_call=True,
            parallel=False,
            answer_schema=None,
        )
        for place, told in enumerate(_calls_of(due, rules), 1):
            written = self._turn.write(
                messages, context, calling, options, report, guidance=_guidance(plan, told)
            )
            report, called = yield from _written_call(written, report)
            if called != due.step.tool:  # a private tool, so that the step is still due
                report = replace(report, lists=progress.lists, undone=progress.undone)
                break
            report = replace(report, step=due.number, items=due.items[place:])
        yield report


def _written_call(
    pieces: Iterator[Piece], report: Report
) -> Generator[Piece, None, tuple[Report, str]]:
    """Pass a call on; returns the report and the name of the tool."""
    called = ""
    for piece in pieces:
        if isinstance(piece, Report):
            report = piece
            continue
        if isinstance(piece, ToolCall):
            called = piece.name
        yield piece
    return report, called


def _calls_of(due: _Due, rules: TurnRules) -> Iterator[str]:
    """Yield what the local model is told to call in this turn, for each call."""
    call = due.step.call()
    if not due.items:
        yield PLAN_CALL.fill({"call": call})
    for item in due.items[: MOST_CALLS if rules.parallel else 1]:
        yield PLAN_CALL_FOR.fill({"item": item, "call": call})


def _due(
    plan: Plan, progress: Progress, callable_tools: Collection[str], ask: Decisions
) -> _Due | None:
    """Return the step that is done next; None where the plan is done, or is given up."""
    last = plan.steps[progress.step - 1] if progress.step else None
    if last is not None and last.tool in callable_tools:
        items = progress.items
        if progress.failed:
            match ask.after_error(last):
                case "answer":
                    return None
                case "again" if last.each is None:
                    return _Due(progress.step, last)
                case "again":
                    items = tuple(dict.fromkeys((*ask.failed_items_of(last), *items)))
                case "go on":
                    ask.leave_out(progress.step)
        if items:
            return _Due(progress.step, last, items)
    for number, step in enumerate(plan.steps[progress.step :], progress.step + 1):
        if step.tool not in callable_tools:
            pass
        elif step.each is not None:
            if items := ask.items_of(step):
                return _Due(number, step, items)
        elif step.condition is None or ask.is_needed(step):
            return _Due(number, step)
        ask.leave_out(number)
    return None


def _answer_told(plan: Plan, progress: Progress, undone: Collection[int]) -> str:
    """What the local model is told to answer, and which steps it must not call done."""
    answer = plan.answer or "say what was done"
    numbers = {*undone, *range(progress.step + 1, len(plan.steps) + 1)}
    if progress.step and (progress.failed or progress.items):
        numbers.add(progress.step)
    if not numbers:
        return PLAN_ANSWER.fill({"answer": answer})
    steps = "\n".join(f"${number}: {plan.steps[number - 1]}" for number in sorted(numbers))
    return PLAN_UNFINISHED.fill({"answer": answer, "steps": steps})


def _guidance(plan: Plan, now: str) -> Guidance:
    return Guidance(PLAN_STEPS.fill({"steps": str(plan)}), now)


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
