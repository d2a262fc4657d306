"""A turn of an agent: the cloud model plans the task once, the local model carries it out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import final

from langchain_core.messages import BaseMessage, HumanMessage

from cogenesis_langchain.agents.planning.plan import declaration, request_plan
from cogenesis_langchain.agents.planning.plan_execution import PlanExecution
from cogenesis_langchain.agents.planning.progress import Progress, read_progress
from cogenesis_langchain.agents.tool_turn import Piece, ToolTurn
from cogenesis_langchain.collaboration.fallback import FallbackNotice
from cogenesis_langchain.collaboration.preparation import Preparation, Prepared
from cogenesis_langchain.collaboration.report import Report, with_sent
from cogenesis_langchain.errors import CloudError, LocalModelError, SketchInvalid
from cogenesis_langchain.models.base import CloudTextModel, GenerationOptions
from cogenesis_langchain.models.tools import Tool, TurnRules, declared_texts
from cogenesis_langchain.privacy.messages.instruction import open_tasks
from cogenesis_langchain.privacy.text import PrivateText, PublicText


@final
class AgentTurn:
    """Writes turns with tools, after a plan of the cloud model where there is one.

    One request leaves for a task, before its first turn; two if the first plan is of no use. It is
    made from the general instruction and the public declarations of the tools. What a tool returns
    cannot cause or change a request.

    Args:
        preparation: Takes requests apart and asks the border for release.
        cloud: Plans.
        turn: Writes the turns.
        max_steps: Turns of a task that may call tools.
        notice: Is told when the local model has to plan.
    """

    def __init__(
        self,
        preparation: Preparation,
        *,
        cloud: CloudTextModel,
        turn: ToolTurn,
        max_steps: int,
        notice: FallbackNotice,
    ) -> None:
        self._preparation = preparation
        self._cloud = cloud
        self._turn = turn
        self._execution = PlanExecution(turn)
        self._max_steps = max_steps
        self._notice = notice
        self._checked_tools: set[str] = set()

    def check_tools(self, tools: Sequence[Tool]) -> None:
        """Check the declarations of tools, each once: what is stored later does not change them.

        Raises:
            PrivacyViolation: One that is public contains a private value of the store.
        """
        public = {declaration(tool): tool for tool in tools if not tool.is_private}
        unchecked = [public[told] for told in public.keys() - self._checked_tools]
        self._preparation.check_configured(
            [
                text
                for tool in unchecked
                for text in declared_texts([tool.name, tool.description, tool.parameters])
            ],
            what="the declarations of tools, which the cloud model sees,",
            remedy="reword them, or bind the tools with private_tool(...)",
        )
        self._checked_tools |= public.keys()

    def write(
        self, messages: Sequence[BaseMessage], rules: TurnRules, options: GenerationOptions
    ) -> Iterator[Piece]:
        """Write the assistant's turn; see `ToolTurn.write`.

        Raises:
            LocalModelError: The local model failed, or a call is forced after `max_steps`.
            CloudNotUsed: There is no plan, and ``on_fallback`` is ``raise``.
            PrivacyViolation: The policy is ``block`` and the instruction holds something private,
                or something added private text to the request; nothing was sent.
        """
        self._turn.require_possible()
        progress = read_progress(messages)
        if not progress.task:
            progress = replace(progress, task=uuid.uuid4().hex)
        others = [one for one in open_tasks(messages) if one != progress.task]
        tasks = (*others, progress.task)
        report = replace(Report(mode="agent", tasks=tasks), **progress.told())
        if rules.must_call and progress.calls >= self._max_steps:
            raise LocalModelError(
                f"{progress.calls} turns have called tools, and this one has to call one as well",
                remedy=f"raise max_steps={self._max_steps}, or ask for less at a time",
            )
        if rules.must_call or not rules.callable_tools:
            # Nothing here needs a plan: the local model writes alone, as asked. An existing plan is
            # carried along.
            prepared = self._preparation.gather(messages)
            report = replace(report, sources=prepared.sources)
            yield from self._turn.write(messages, prepared.context, rules, options, report)
            return
        if progress.settled:
            prepared = self._preparation.gather(messages)
        else:
            self._preparation.require_readable(messages)
            self.check_tools(rules.callable_tools)  # they were not if bind() bound them
            prepared = self._preparation.prepare(up_to_request(messages))
            progress, report = self._planned(prepared, rules, progress, report)
            if progress.plan is None:
                self._notice.tell(progress.reason)
        report = replace(report, sources=prepared.sources)
        if progress.calls >= self._max_steps:
            rules = replace(rules, callable_tools=())
            report = replace(report, fallback_reason=f"max_steps={self._max_steps} is reached")
        if progress.plan is None:
            yield from self._turn.write(messages, prepared.context, rules, options, report)
            return
        yield from self._execution.write(
            progress.plan,
            progress,
            messages,
            prepared.context,
            rules,
            options,
            replace(report, rung="plan"),
        )

    def _planned(
        self, prepared: Prepared, rules: TurnRules, progress: Progress, report: Report
    ) -> tuple[Progress, Report]:
        """Ask for the plan of a new task."""
        release = prepared.release
        if release is None or release.text is None:
            masked = release.masked if release else {}
            return _without_plan(progress, prepared.reason, replace(report, masked=masked))
        declared: dict[str, PublicText] = {}
        for tool in rules.callable_tools:
            if not tool.is_private:
                text = PrivateText(declaration(tool))
                declared[tool.name] = self._preparation.border.release_declaration(text)
        if not declared:
            return _without_plan(progress, "no tool is public", report)
        permit = self._preparation.border.permit(release, purpose="plan")
        reason = ""
        try:
            plan = request_plan(
                self._cloud,
                release.text,
                declared,
                rules.callable_tools,
                permit,
                prepared.placeholders,
            )
            progress = replace(progress, plan=plan)
            report = replace(report, plan=plan.told())
        except (CloudError, SketchInvalid) as error:
            reason = error.summary
        report = with_sent(replace(report, masked=release.masked), permit)
        return _without_plan(progress, reason, report) if reason else (progress, report)


def up_to_request(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """Return the conversation up to the user's request: what follows must not change the plan."""
    places = range(len(messages), 0, -1)
    return messages[: next((i for i in places if isinstance(messages[i - 1], HumanMessage)), 0)]


def _without_plan(progress: Progress, reason: str, report: Report) -> tuple[Progress, Report]:
    return replace(progress, reason=reason), replace(report, fallback_reason=reason)
