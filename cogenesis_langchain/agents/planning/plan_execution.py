"""Carries a plan out: each turn makes the calls of one step, or answers when the plan is done."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import final

from langchain_core.messages import BaseMessage

from cogenesis_langchain.agent_prompts import (
    PLAN_ANSWER,
    PLAN_ANSWER_OF_RESULTS,
    PLAN_STEPS,
    PLAN_UNFINISHED,
)
from cogenesis_langchain.agents.conversation import Guidance
from cogenesis_langchain.agents.planning.decisions import Decisions
from cogenesis_langchain.agents.planning.plan import Plan
from cogenesis_langchain.agents.planning.planned_calls import DueStep, PlannedCalls
from cogenesis_langchain.agents.planning.progress import Progress
from cogenesis_langchain.agents.tool_turn import Piece, ToolTurn
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.models.tools import TurnRules
from cogenesis_langchain.privacy.text import PrivateText


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
        # Later, a result of the plan's tools could make the model want one of them.
        private = [tool for tool in rules.callable_tools if tool.is_private and not progress.step]
        names = [tool.name for tool in rules.callable_tools]
        calls = PlannedCalls(self._turn, plan, messages, context, rules.tools, options)
        while True:
            decisions = Decisions(self._turn, plan, messages, context, rules, options, report)
            due = _due(plan, progress, names, decisions)
            if due is None:
                break
            report, called = yield from calls.write(due, rules, decisions.report, private)
            if called and due.step.tool not in called:  # a private tool: the step is still due
                report = replace(report, **progress.told())
            if called:
                yield report
                return
            progress = _without_call(progress, report)
        report = replace(decisions.report, lists=progress.lists)
        answering = replace(rules, callable_tools=private, must_call=False, parallel=False)
        told = _answer_told(plan, progress, report.undone)
        guidance = Guidance(PLAN_STEPS.fill({"steps": str(plan)}), told)
        yield from self._turn.write(
            messages, context, answering, options, report, guidance=guidance
        )


def _without_call(progress: Progress, report: Report) -> Progress:
    """Return the progress of a task that goes on without a call that cannot be made."""
    return replace(
        progress,
        step=report.step,
        items=report.items,
        lists=report.lists,
        undone=report.undone,
        failed=False,
    )


def _due(
    plan: Plan, progress: Progress, callable_tools: Collection[str], ask: Decisions
) -> DueStep | None:
    """Return the step that is done next; None where the plan is done, or is given up."""
    last = plan.steps[progress.step - 1] if progress.step else None
    if last is not None and last.tool in callable_tools:
        items = progress.items
        if progress.failed:
            match ask.after_error(last):
                case "answer":
                    return None
                case "again" if last.each is None:
                    return DueStep(progress.step, last)
                case "again":
                    items = tuple(dict.fromkeys((*ask.failed_items_of(last), *items)))
                case "go on":
                    ask.leave_out(progress.step)
        if items:
            return DueStep(progress.step, last, items)
    for number, step in enumerate(plan.steps[progress.step :], progress.step + 1):
        if step.tool not in callable_tools:
            pass
        elif step.each is not None:
            if items := ask.items_of(step):
                return DueStep(number, step, items)
        elif step.condition is None or ask.is_needed(step):
            return DueStep(number, step)
        ask.leave_out(number)
    return None


def _answer_told(plan: Plan, progress: Progress, undone: Collection[int]) -> str:
    """What the local model is told to answer, and which steps it must not call done."""
    answer = plan.answer or "say what was done"
    numbers = {*undone, *range(progress.step + 1, len(plan.steps) + 1)}
    if progress.step and (progress.failed or progress.items):
        numbers.add(progress.step)
    if not numbers:
        template = PLAN_ANSWER_OF_RESULTS if progress.step else PLAN_ANSWER
        return template.fill({"answer": answer})
    steps = "\n".join(f"${number}: {plan.steps[number - 1]}" for number in sorted(numbers))
    return PLAN_UNFINISHED.fill({"answer": answer, "steps": steps})
