"""The texts of a message: what a model reads of it, and what else it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from cogenesis_langchain.privacy.marks import marked_metadata, marked_parts, without_marks
from cogenesis_langchain.privacy.nested_texts import texts_in

_REPEATED_CALLS: Final = ("tool_calls", "function_call")
"""Where a provider's answer repeats its calls."""


def text_of(message: BaseMessage) -> str:
    """Return the text of a message as a model reads it, without marks.

    Blocks stand on lines of their own: run together, "Felix" and "Obermaier" would hide each other.
    Only the blocks of an AI message may be pieces of one sentence, which bring their own spaces.

    Raises:
        InstructionError: A message of another author holds a block that is no text.
    """
    if isinstance(message, AIMessage):
        return without_marks(_run_together(_text_blocks(message)))
    return "\n".join(text for text, _ in marked_parts(message) if text)


def calls_of(message: AIMessage) -> list[str]:
    """Return the calls of a message, each as its tool's name and its arguments as JSON."""
    return [
        f"{call['name']}({json.dumps(call['args'], ensure_ascii=False)})"
        for call in message.tool_calls
    ]


def hidden_texts(message: BaseMessage) -> Iterator[str]:
    """Yield the texts of a message that no model reads, and that are as private as the others.

    They are the name of a human author, metadata of documents, artifacts of tools, calls that could
    not be parsed, blocks that are no text, and what a provider adds. Names of tools and agents are
    the developer's.
    """
    if isinstance(message, HumanMessage):
        yield from texts_in(message.name)
    yield from marked_metadata(message)
    added = message.additional_kwargs.items()
    yield from texts_in([value for key, value in added if key not in _REPEATED_CALLS])
    if isinstance(message, ToolMessage):
        yield from texts_in(message.artifact)
    if isinstance(message, AIMessage):
        yield from texts_in([call["args"] for call in message.invalid_tool_calls])
        if not isinstance(message.content, str):
            others = [one for one in message.content if not isinstance(one, str)]
            yield from texts_in([one for one in others if one.get("type") != "text"])


def _text_blocks(message: AIMessage) -> Iterator[str]:
    if isinstance(message.content, str):
        yield message.content
        return
    for block in message.content:
        if isinstance(block, str):
            yield block
        elif block.get("type") == "text":
            yield str(block.get("text", ""))


def _run_together(blocks: Iterator[str]) -> str:
    text = ""
    for block in blocks:
        apart = text[-1:].isspace() or block[:1].isspace() or not text or not block
        text += block if apart else f"\n{block}"
    return text
