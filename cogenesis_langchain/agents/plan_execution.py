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
        report = replace(report, lists=progress.lists)
        decisions = Decisions(self._turn, plan, messages, context, rules, options, report)
        due = _due(plan, progress, [tool.name for tool in rules.callable_tools], decisions)
        # Later, a result of the plan's tools could make the model want one of them.
        private = [tool for tool in rules.callable_tools if tool.is_private and not progress.step]
        report = replace(decisions.report, step=progress.step, items=progress.items)
        if due is None:
            answering = replace(rules, callable_tools=private, must_call=False, parallel=False)
            told = _answer_told(plan, progress)
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
        made: list[ToolCall] = []
        for place, told in enumerate(_calls_of(due, rules), 1):
            written = self._turn.write(
                messages, context, calling, options, report, guidance=_guidance(plan, told)
            )
            report = yield from _written_call(written, report, made)
            if made[-1].name != due.step.tool:  # a private tool, so that the step is still due
                break
            report = replace(report, step=due.number, items=due.items[place:])
        yield report


def _written_call(
    pieces: Iterator[Piece], report: Report, made: list[ToolCall]
) -> Generator[Piece, None, Report]:
    """Pass a call on, unless the turn has made the same one; adds it to those that were made."""
    for piece in pieces:
        if isinstance(piece, Report):
            report = piece
            continue
        if isinstance(piece, ToolCall):
            made.append(piece)
            if piece in made[:-1]:
                continue
        yield piece
    return report


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
        if items:
            return _Due(progress.step, last, items)
    for number, step in enumerate(plan.steps[progress.step :], progress.step + 1):
        if step.tool not in callable_tools:
            continue
        if step.each is not None:
            if items := ask.items_of(step):
                return _Due(number, step, items)
        elif step.condition is None or ask.is_needed(step):
            return _Due(number, step)
    return None


def _answer_told(plan: Plan, progress: Progress) -> str:
    """What the local model is told to answer, and which steps it must not call done."""
    answer = plan.answer or "say what was done"
    steps = list(enumerate(plan.steps, 1))
    undone = [f"${number}: {step}" for number, step in steps[progress.step :]]
    if progress.step and (progress.failed or progress.items):
        rest = f" ({', '.join(progress.items)})" if progress.items else ""
        undone.insert(0, f"${progress.step}: {steps[progress.step - 1][1]}{rest}")
    if not undone:
        return PLAN_ANSWER.fill({"answer": answer})
    return PLAN_UNFINISHED.fill({"answer": answer, "steps": "\n".join(undone)})


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
