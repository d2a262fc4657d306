"""A plan from the cloud model, made from the general instruction and public declarations alone.

The control flow is fixed before any private text is read: the local model fills in values and
carries the steps out, and no result of a tool can add a step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cogenesis_langchain.agent_prompts import (
    PLAN_EXAMPLE,
    PLAN_FAULTS,
    PLAN_MORE_TOOLS,
    PLAN_REQUEST,
    PLAN_RETRY,
    PLAN_SYSTEM,
)
from cogenesis_langchain.models.base import CloudTextModel, PublicMessage
from cogenesis_langchain.models.tools import Tool
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.sketch.attempts import Fault, Parsed, request_twice
from cogenesis_langchain.sketch.sanitiser import has_links_or_markup, strip_invisible

MOST_STEPS: Final = 30
MOST_CHARACTERS: Final = 8000

_REFERENCE: Final = re.compile(r"\$(\d+)")
_BRACKETS: Final = re.compile(r"\[[A-Z]+_\d+\]")


class PlannedStep(BaseModel):
    """One call of a tool."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    tool: str
    fill: dict[str, str] = Field(default_factory=dict)
    """What belongs in each argument, in words; ``$1`` is the result of the first step."""
    condition: str | None = Field(default=None, alias="if")
    """When the step is needed, in words; None is always."""
    each: str | None = None
    """For which items of an earlier result the step is repeated, in words; None is once."""

    def words(self) -> Iterator[str]:
        """Yield everything that the plan says of this step in words."""
        yield from self.fill.values()
        yield from filter(None, (self.condition, self.each))

    def repetition(self) -> str:
        """Say for which items it is done; steps of the same words are for the same items."""
        return ", if ".join(filter(None, (self.each, self.condition)))

    def call(self) -> str:
        """Say what to call, without when and for what."""
        arguments = "; ".join(f"{name} = {words}" for name, words in self.fill.items())
        return f"call {self.tool} with {arguments or 'no arguments'}"

    def __str__(self) -> str:
        repeated = f", for each of {self.each}" if self.each else ""
        needed = f", if {self.condition}" if self.condition else ""
        return f"{self.call()}{repeated}{needed}"


class Plan(BaseModel):
    """Steps in their order, then an answer to the user."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    steps: list[PlannedStep]
    answer: str = ""
    """What the answer tells, in words."""

    def told(self) -> dict[str, Any]:
        """Return the plan as the metadata of a message holds it."""
        return self.model_dump(by_alias=True, exclude_none=True)

    def __str__(self) -> str:
        steps = (f"${number}: {step}" for number, step in enumerate(self.steps, 1))
        return "\n".join(steps) or "no steps"


def declaration(tool: Tool) -> str:
    """Return what the cloud model is told of a tool."""
    arguments = tool.parameters.get("properties", {})
    told = {"name": tool.name, "description": tool.description, "arguments": arguments}
    return json.dumps(told, ensure_ascii=False)


def request_plan(
    cloud: CloudTextModel,
    instruction: PublicText,
    declared: Mapping[str, PublicText],
    tools: Sequence[Tool],
    permit: EgressPermit,
    placeholders: Placeholders,
) -> Plan:
    """Ask the cloud model for a plan, once more if the first one fails its checks.

    Args:
        cloud: The cloud model.
        instruction: The general instruction.
        declared: Public declarations by the name of the tool; at least one.
        tools: The tools of the conversation; steps may name those that are declared.
        permit: The border's permission.
        placeholders: Placeholders of private values in the instruction; their originals are
            restored in the plan, which stays here.

    Raises:
        SketchInvalid: Neither answer is of use.
        CloudError: The cloud model failed.
        PrivacyViolation: Something added private text to the request; nothing was sent.
    """
    known = [tool for tool in tools if tool.name in declared]
    parse = partial(
        parse_plan, instruction=str(instruction), tools=known, placeholders=placeholders
    )
    prompt = partial(_prompt, instruction, list(declared.values()))
    return request_twice(cloud, permit, prompt, parse, kind="plan", words=PLAN_FAULTS)


def parse_plan(
    text: str, *, instruction: str, tools: Sequence[Tool], placeholders: Placeholders
) -> Parsed[Plan]:
    """Read a plan out of a cloud model's answer and check it against the tools.

    Args:
        text: The answer; a fence of Markdown around the object is taken off.
        instruction: The general instruction, as it was sent. A plan may name the files that stand
            there, but no other address.
        tools: What the steps may call.
        placeholders: Placeholders of the request; the plan holds their originals.
    """
    if len(text) > MOST_CHARACTERS:
        return Parsed(None, "length")
    text = strip_invisible(text)
    written = text[text.find("{") : text.rfind("}") + 1]
    try:
        plan = Plan.model_validate(json.loads(written, strict=False))
    except (ValueError, ValidationError, RecursionError):
        return Parsed(None, "prose")
    fault = _fault(plan, {tool.name: tool for tool in tools}, instruction)
    if fault is not None:
        return Parsed(None, fault)
    return Parsed(_restored(plan, placeholders))


def _fault(plan: Plan, tools: Mapping[str, Tool], instruction: str) -> Fault | None:
    if len(plan.steps) > MOST_STEPS:
        return "count"
    for number, step in enumerate(plan.steps, 1):
        if step.tool not in tools or not _has_arguments(tools[step.tool], step):
            return "tool"
        if any(not 0 < earlier < number for earlier in _references(step.words())):
            return "reference"
    words = [*(word for step in plan.steps for word in step.words()), plan.answer]
    # A slot is described in words: an address would be the cloud's own choice of a receiver.
    if any(
        "@" in word or has_links_or_markup(_BRACKETS.sub("it", word), instruction) for word in words
    ):
        return "markup"
    return None


def _has_arguments(tool: Tool, step: PlannedStep) -> bool:
    properties = tool.parameters.get("properties")
    return isinstance(properties, Mapping) and step.fill.keys() <= properties.keys()


def _references(words: Iterator[str]) -> Iterator[int]:
    for word in words:
        yield from (int(number) for number in _REFERENCE.findall(word))


def _restored(plan: Plan, placeholders: Placeholders) -> Plan:
    steps = [
        step.model_copy(
            update={
                "fill": {name: placeholders.restore(word) for name, word in step.fill.items()},
                "condition": step.condition and placeholders.restore(step.condition),
                "each": step.each and placeholders.restore(step.each),
            }
        )
        for step in plan.steps
    ]
    return Plan(steps=steps, answer=placeholders.restore(plan.answer))


def _prompt(
    instruction: PublicText, declared: Sequence[PublicText], faults: Sequence[Fault]
) -> list[PublicMessage]:
    tools = declared[0]
    for one in declared[1:]:
        tools = PublicText.compose(PLAN_MORE_TOOLS, {"before": tools, "tool": one})
    fields = {"tools": tools, "instruction": instruction}
    if faults:
        fault = PublicText.compose(PLAN_FAULTS[faults[-1]])
        request = PublicText.compose(PLAN_RETRY, {**fields, "fault": fault})
    else:
        request = PublicText.compose(PLAN_REQUEST, fields)
    asked, planned = PLAN_EXAMPLE
    return [
        PublicMessage("system", PublicText.compose(PLAN_SYSTEM)),
        PublicMessage("user", PublicText.compose(asked)),
        PublicMessage("assistant", PublicText.compose(planned)),
        PublicMessage("user", request),
    ]
