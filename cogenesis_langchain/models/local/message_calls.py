"""Tools and calls in the form in which LangChain chat models take and give them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, AIMessageChunk

from cogenesis_langchain.models.tools import Tool, ToolCall, TurnRules

ANSWER: Final = "answer"
"""Name of the tool by which a chat model gives an answer of a schema."""


def answer_tool(rules: TurnRules) -> tuple[Tool, ...]:
    """Return the tool that stands for the schema of the answer, if there is one."""
    if rules.answer_schema is None:
        return ()
    return (Tool(ANSWER, "Give the answer to the user.", rules.answer_schema),)


def object_in(text: str) -> str:
    """Return the JSON object in a text that may have a fence or words around it; "" for none."""
    written = text[text.find("{") : text.rfind("}") + 1]
    try:
        return written if isinstance(json.loads(written), dict) else ""
    except ValueError:
        return ""


def openai_tool(tool: Tool) -> dict[str, Any]:
    """Return a tool in OpenAI's format."""
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return {"type": "function", "function": function}


def calls_of(messages: Sequence[AIMessage]) -> list[ToolCall]:
    """Return the calls of a message, or of the chunks of one.

    The arguments of a streamed call are the text that came: `AIMessageChunk.tool_calls` completes
    the JSON of a call that was cut off.
    """
    if not messages:
        return []
    whole = messages[0]
    for chunk in messages[1:]:
        if isinstance(whole, AIMessageChunk) and isinstance(chunk, AIMessageChunk):
            whole += chunk
    if isinstance(whole, AIMessageChunk):
        return [
            ToolCall(call["name"] or "", _readable(call["args"] or "{}"))
            for call in whole.tool_call_chunks
        ]
    calls = [
        ToolCall(call["name"], json.dumps(call["args"], ensure_ascii=False))
        for call in whole.tool_calls
    ]
    calls += [ToolCall(call["name"] or "", call["args"] or "") for call in whole.invalid_tool_calls]
    return calls


def _readable(arguments: str) -> str:
    """JSON without escaped letters; what is no JSON, such as a part of it, stays as it is."""
    try:
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    except ValueError:
        return arguments
