"""The local model's view of a conversation with tools."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from cogenesis_langchain.agent_prompts import (
    AGENT_NOTES,
    AGENT_SYSTEM,
    JSON_ANSWER,
    TOOL_RESULT,
    TOOLS,
)
from cogenesis_langchain.agents.tool_grammar import CALL_CLOSE, CALL_OPEN, call_opening
from cogenesis_langchain.errors import InstructionError
from cogenesis_langchain.models.base import PrivateMessage, Role
from cogenesis_langchain.models.local.message_calls import openai_tool
from cogenesis_langchain.models.tools import Tool, TurnRules
from cogenesis_langchain.privacy.messages.message_texts import text_of
from cogenesis_langchain.privacy.text import PrivateText

_ROLES: Final[dict[str, Role]] = {"human": "user", "tool": "user", "ai": "assistant"}


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the local model is told of the plan in a turn.

    Attributes:
        plan: The plan, which stands behind the request in each turn of the task. A model that keeps
            what it has read does not read it again.
        now: What to do in this turn, at the end.
    """

    plan: str
    now: str

    def added_to(self, conversation: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Return a plain conversation with the plan behind its last human message."""
        places = range(len(conversation), 0, -1)
        behind = next(i for i in places if isinstance(conversation[i - 1], HumanMessage))
        plan, now = HumanMessage(self.plan), HumanMessage(self.now)
        return [*conversation[:behind], plan, *conversation[behind:], now]


def plain_conversation(
    messages: Sequence[BaseMessage], context: Sequence[PrivateText]
) -> list[BaseMessage]:
    """Return a conversation in plain text, with one system message in front.

    Args:
        messages: As LangChain passes them, with content blocks and private marks.
        context: Texts of the private context, most important first.

    Raises:
        InstructionError: A message is of an unknown type.
    """
    system = [AGENT_SYSTEM.fill({})]
    if context:
        system.append(AGENT_NOTES.fill({"context": "\n\n".join(one.reveal() for one in context)}))
    system += [text_of(message) for message in messages if isinstance(message, SystemMessage)]
    others = [_plain(one) for one in messages if not isinstance(one, SystemMessage)]
    return [SystemMessage("\n\n".join(system)), *others]


def _plain(message: BaseMessage) -> BaseMessage:
    if isinstance(message, HumanMessage):
        return HumanMessage(text_of(message))
    if isinstance(message, AIMessage):
        return AIMessage(text_of(message), tool_calls=message.tool_calls)
    if isinstance(message, ToolMessage):
        return ToolMessage(
            text_of(message),
            tool_call_id=message.tool_call_id,
            name=message.name,
            status=message.status,
        )
    raise InstructionError(
        f"a message of type {message.type!r} cannot be passed to the local model",
        remedy="use human, assistant, system and tool messages",
    )


def as_turns(conversation: Sequence[BaseMessage], rules: TurnRules) -> list[PrivateMessage]:
    """Return a plain conversation as turns of text, for a model that follows grammars.

    Args:
        conversation: What `plain_conversation` returned.
        rules: Whose tools and schema the system turn tells.
    """
    system = [str(conversation[0].text)]
    if rules.tools:
        system.append(TOOLS.fill({"tools": "\n".join(map(_signature, rules.tools))}))
    if rules.answer_schema is not None and rules.tells_schema:
        system.append(JSON_ANSWER.fill({"schema": json.dumps(rules.answer_schema)}))
    turns = [PrivateMessage("system", PrivateText("\n\n".join(system)))]
    # Results of several calls make one turn: chat templates want roles that alternate.
    for role, group in groupby(conversation[1:], key=lambda message: _ROLES[message.type]):
        text = "\n".join(_turn_text(message) for message in group)
        turns.append(PrivateMessage(role, PrivateText(text)))
    return turns


def _signature(tool: Tool) -> str:
    return json.dumps(openai_tool(tool), ensure_ascii=False)


def _turn_text(message: BaseMessage) -> str:
    if isinstance(message, ToolMessage):
        return TOOL_RESULT.fill({"result": message.text})
    if isinstance(message, AIMessage):
        return "\n".join(filter(None, (message.text, *_calls(message))))
    return message.text


def _calls(message: AIMessage) -> Iterator[str]:
    for call in message.tool_calls:
        arguments = json.dumps(call["args"], ensure_ascii=False)
        yield f"{CALL_OPEN}\n{call_opening(call['name'])}{arguments}}}{CALL_CLOSE}"
