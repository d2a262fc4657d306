"""Questions to the local model about the steps of a plan, with answers of a fixed form.

The plan fixes which tools are called and in which order. What depends on private text is asked as a
short question: whether a step is needed, for which items, and what follows an error. So no step is
forgotten or added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from langchain_core.messages import BaseMessage

from cogenesis_langchain.agent_prompts import (
    PLAN_AFTER_ERROR,
    PLAN_FAILED_ITEMS,
    PLAN_ITEMS,
    PLAN_NEEDED,
    PLAN_STEPS,
)
from cogenesis_langchain.agents.conversation import Guidance
from cogenesis_langchain.agents.planning.plan import Plan, PlannedStep
from cogenesis_langchain.agents.schema_check import follows_schema
from cogenesis_langchain.agents.tool_turn import ToolTurn
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.errors import LocalModelError
from cogenesis_langchain.models.base import GenerationOptions, Json
from cogenesis_langchain.models.tools import TurnRules
from cogenesis_langchain.privacy.text import PrivateText

AfterError = Literal["again", "go on", "answer"]

MOST_ITEMS: Final = 50
_ITEM: Final[Json] = {"type": "string", "pattern": r"^[^\n\r]{1,100}$"}
"""An item is one line: it stands in the user's turn when its call is due."""
_LEAST_TOKENS: Final = 1000
_RETRY_TEMPERATURE: Final = 0.5
_ATTEMPTS: Final = 2


def _object(name: str, schema: Json) -> Mapping[str, Json]:
    return {
        "type": "object",
        "properties": {name: schema},
        "required": [name],
        "additionalProperties": False,
    }


def _items(item: Json) -> Mapping[str, Json]:
    return _object("items", {"type": "array", "items": item, "maxItems": MOST_ITEMS})


_NEEDED: Final = _object("needed", {"type": "boolean"})
_NEXT: Final = _object("next", {"enum": ["again", "go on", "answer"]})


@dataclass(slots=True)
class Decisions:
    """Asks the local model about the steps of a plan during one turn; nothing is sent.

    Attributes:
        turn: Writes the answers.
        plan: The plan.
        messages: The conversation, with calls and results of tools.
        context: Texts of the private context, most important first.
        rules: What the conversation tells of tools.
        options: How to generate.
        report: What is known so far; tokens, lists and what is left out are added.
    """

    turn: ToolTurn
    plan: Plan
    messages: Sequence[BaseMessage]
    context: Sequence[PrivateText]
    rules: TurnRules
    options: GenerationOptions
    report: Report

    def is_needed(self, step: PlannedStep) -> bool:
        """Whether the condition of a step holds.

        Raises:
            LocalModelError: The local model failed, or gave no such answer twice.
        """
        return bool(self._ask(PLAN_NEEDED.fill({"step": str(step)}), _NEEDED)["needed"])

    def items_of(self, step: PlannedStep) -> tuple[str, ...]:
        """For which items a step is to be done, each once, in words; empty if for none.

        A step for the same items as an earlier one, in the plan's words, chooses from its list.

        Raises:
            LocalModelError: The local model failed, or gave no such answer twice.
        """
        words = step.repetition()
        question = PLAN_ITEMS.fill({"step": str(step)})
        known = self.report.lists.get(words)
        found = self._listed(question, known) if known is None or known else ()
        self.report = replace(self.report, lists={**self.report.lists, words: found})
        return found

    def failed_items_of(self, step: PlannedStep) -> tuple[str, ...]:
        """For which items a step has to be done again after an error.

        Raises:
            LocalModelError: The local model failed, or gave no such answer twice.
        """
        question = PLAN_FAILED_ITEMS.fill({"step": str(step)})
        return self._listed(question, self.report.lists.get(step.repetition()))

    def after_error(self, step: PlannedStep) -> AfterError:
        """What to do after a call of a step failed.

        Raises:
            LocalModelError: The local model failed, or gave no such answer twice.
        """
        chosen: AfterError = self._ask(PLAN_AFTER_ERROR.fill({"step": str(step)}), _NEXT)["next"]
        return chosen

    def leave_out(self, number: int) -> None:
        """Note that a step is left out, or given up."""
        undone = dict.fromkeys((*self.report.undone, number))
        self.report = replace(self.report, undone=tuple(undone))

    def _listed(self, question: str, known: Sequence[str] | None) -> tuple[str, ...]:
        """Ask for items: some of those that are known, or new ones."""
        item: Json = {"enum": list(known)} if known else _ITEM
        named = (item.strip() for item in self._ask(question, _items(item))["items"])
        return tuple(dict.fromkeys(filter(None, named)))

    def _ask(self, question: str, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """Ask for an object of a schema that the question itself describes.

        The first answer is the most probable one, whatever the temperature of texts.
        """
        rules = TurnRules(
            tools=self.rules.tools, parallel=False, answer_schema=schema, tells_schema=False
        )
        guidance = Guidance(PLAN_STEPS.fill({"steps": str(self.plan)}), question)
        tokens = max(self.options.max_tokens, _LEAST_TOKENS)
        explicit = self.options.explicit | {"temperature"}
        options = replace(self.options, temperature=0.0, max_tokens=tokens, explicit=explicit)
        for _ in range(_ATTEMPTS):
            text = ""
            for piece in self.turn.write(
                self.messages, self.context, rules, options, self.report, guidance=guidance
            ):
                if isinstance(piece, Report):
                    self.report = piece
                elif isinstance(piece, str):
                    text += piece
            if follows_schema(text, schema):
                answer: Mapping[str, Any] = json.loads(text)
                return answer
            options = replace(options, temperature=_RETRY_TEMPERATURE, seed=None)
        raise LocalModelError(
            "the local model did not decide about a step of the plan in the form that it was asked "
            "for",
            remedy="raise max_tokens, or use a local model that follows grammars",
        )
