"""Makes the calls of one step of a plan, to receivers that the conversation knows."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

from langchain_core.messages import BaseMessage

from cogenesis_langchain.agent_prompts import (
    PLAN_CALL,
    PLAN_CALL_FOR,
    PLAN_STEPS,
    PLAN_UNKNOWN_RECEIVER,
)
from cogenesis_langchain.agents.conversation import Guidance
from cogenesis_langchain.agents.planning.grounding import Grounding, UnknownReceivers, names_nobody
from cogenesis_langchain.agents.planning.plan import Plan, PlannedStep
from cogenesis_langchain.agents.schema_check import follows_schema
from cogenesis_langchain.agents.tool_grammar import MOST_CALLS
from cogenesis_langchain.agents.tool_turn import Piece, ToolTurn
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.errors import NoCallMade
from cogenesis_langchain.models.base import GenerationOptions, Json
from cogenesis_langchain.models.tools import Tool, ToolCall, TurnRules
from cogenesis_langchain.privacy.text import PrivateText


@dataclass(frozen=True, slots=True)
class DueStep:
    """The step that a turn does.

    Attributes:
        number: Its number in the plan, from 1.
        step: The step.
        items: For which items, each of which is a call; empty for one call.
    """

    number: int
    step: PlannedStep
    items: tuple[str, ...] = field(default=(), repr=False)


@final
class PlannedCalls:
    """Writes the calls of a step; nothing is sent.

    Args:
        turn: Writes turns.
        plan: The plan.
        messages: The conversation, with calls and results of tools.
        context: Texts of the private context, most important first.
        tools: The tools of the conversation.
        options: How to generate.
    """

    def __init__(
        self,
        turn: ToolTurn,
        plan: Plan,
        messages: Sequence[BaseMessage],
        context: Sequence[PrivateText],
        tools: Sequence[Tool],
        options: GenerationOptions,
    ) -> None:
        self._turn = turn
        self._plan = PLAN_STEPS.fill({"steps": str(plan)})
        self._messages = messages
        self._context = context
        self._options = options
        self._grounding = Grounding(messages, context, tools)

    def write(
        self, due: DueStep, rules: TurnRules, report: Report, private: Sequence[Tool]
    ) -> Generator[Piece, None, tuple[Report, frozenset[str]]]:
        """Write the calls of a step.

        A call to a mail address that stands nowhere in the conversation is asked for once more,
        with the addresses like it to choose from. If there are none, or none is meant, it is not
        made, and the step counts as not done.

        Args:
            due: The step.
            rules: What the conversation tells of tools.
            report: What is known so far.
            private: Private tools that may be called instead.

        Yields:
            Pieces of text, and the calls.

        Returns:
            The report, and the names of the tools that are called.

        Raises:
            LocalModelError: See `ToolTurn.write`.
        """
        tool = next(tool for tool in rules.callable_tools if tool.name == due.step.tool)
        tool = _with_planned_arguments(tool, due.step)
        calling = replace(
            rules,
            callable_tools=[tool, *private],
            must_call=True,
            parallel=False,
            answer_schema=None,
        )
        called: frozenset[str] = frozenset()
        for place, told in enumerate(_told(due, rules), 1):
            report, calls = yield from self._known_calls(told, tool, calling, report)
            yield from calls
            called = called.union(call.name for call in calls)
            if called - {tool.name}:
                break
            undone = report.undone if calls else (*report.undone, due.number)
            report = replace(
                report,
                step=due.number,
                items=due.items[place:],
                undone=tuple(dict.fromkeys(undone)),
            )
        return report, called

    def _known_calls(
        self, told: str, tool: Tool, rules: TurnRules, report: Report
    ) -> Generator[Piece, None, tuple[Report, Sequence[ToolCall]]]:
        """Write a call, once more if a receiver is unknown; returns what may be called."""
        report, text, calls = self._attempt(told, rules, report)
        wrong = next((call for call in calls if self._unknown(call, tool)), None)
        if wrong is not None:
            report, text, calls = self._second_attempt(told, wrong, tool, rules, report)
        if text and calls:
            yield text
        return report, calls

    def _second_attempt(
        self, told: str, wrong: ToolCall, tool: Tool, rules: TurnRules, report: Report
    ) -> tuple[Report, str, Sequence[ToolCall]]:
        """Write a call to known receivers; none if there are none, or the model writes none."""
        unknown = self._unknown(wrong, tool)
        narrowed = self._grounding.narrowed(tool, wrong.arguments, unknown)
        if narrowed is None:
            return report, "", []
        again = PLAN_UNKNOWN_RECEIVER.fill({"told": told, "values": ", ".join(unknown.addresses())})
        only = replace(rules, callable_tools=[narrowed])
        try:
            report, text, calls = self._attempt(again, only, report)
        except NoCallMade:
            return report, "", []
        kept = [
            call
            for call in calls
            if follows_schema(call.arguments, narrowed.parameters)
            and not names_nobody(call.arguments, unknown)
        ]
        return report, text, kept

    def _unknown(self, call: ToolCall, tool: Tool) -> UnknownReceivers:
        if call.name != tool.name:
            return UnknownReceivers()
        return self._grounding.unknown_in(call.arguments)

    def _attempt(
        self, told: str, rules: TurnRules, report: Report
    ) -> tuple[Report, str, Sequence[ToolCall]]:
        """Generate once; returns the report, the text and the calls."""
        text = ""
        calls: list[ToolCall] = []
        for piece in self._turn.write(
            self._messages,
            self._context,
            rules,
            self._options,
            report,
            guidance=Guidance(self._plan, told),
        ):
            if isinstance(piece, Report):
                report = piece
            elif isinstance(piece, ToolCall):
                calls.append(piece)
            else:
                text += piece
        return report, text, calls


def _told(due: DueStep, rules: TurnRules) -> Iterator[str]:
    """Yield what the local model is told to call in this turn, for each call."""
    call = due.step.call()
    if not due.items:
        yield PLAN_CALL.fill({"call": call})
    for item in due.items[: MOST_CALLS if rules.parallel else 1]:
        yield PLAN_CALL_FOR.fill({"item": item, "call": call})


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
