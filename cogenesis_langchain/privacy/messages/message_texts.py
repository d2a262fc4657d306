"""The texts of a message: what a model reads of it, and what else it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from cogenesis_langchain.privacy.messages.marks import marked_metadata, marked_parts, without_marks
from cogenesis_langchain.privacy.messages.nested_texts import texts_in

_WORDS: Final = ("reasoning", "reasoning_content", "summary", "text", "thinking")
_ARGUMENTS: Final = ("args", "arguments", "input")
"""Fields of blocks, and of what a provider adds, that hold words or the arguments of a call."""


def text_of(message: BaseMessage) -> str:
    """Return the text of a message as a model reads it, without marks.

    Blocks stand on lines of their own: run together, "Felix" and "Obermaier" would hide each other.
    Only those of an AI message may be pieces of one word; see `lines_of`.

    Raises:
        InstructionError: A message of another author holds a block that is no text.
    """
    if isinstance(message, AIMessage):
        return without_marks(message.text)
    return "\n".join(text for text, _ in marked_parts(message) if text)


def lines_of(message: AIMessage) -> str:
    """Return the text of an AI message with each block on a line of its own."""
    if isinstance(message.content, str):
        return text_of(message)
    blocks = [{"text": one} if isinstance(one, str) else one for one in message.content]
    texts = (str(one.get("text", "")) for one in blocks if one.get("type", "text") == "text")
    return without_marks("\n".join(filter(None, texts)))


def written_calls(message: AIMessage) -> list[str]:
    """Return the calls of a message, each as its tool's name and its arguments as JSON."""
    return [
        f"{call['name']}({json.dumps(call['args'], ensure_ascii=False)})"
        for call in message.tool_calls
    ]


def unread_texts(message: BaseMessage) -> Iterator[str]:
    """Yield the texts of a message that no model reads, and that are as private as the others.

    They are the name of a human author, metadata of documents, artifacts of tools, calls that could
    not be parsed, and what other blocks and a provider's additions tell in words. Names of tools
    and agents are the developer's; ids, signatures and media hold no words.
    """
    # Some clients repeat the text itself there.
    own = text_of(message)
    yield from (text for text in _unread_texts(message) if text != own)


def _unread_texts(message: BaseMessage) -> Iterator[str]:
    if isinstance(message, HumanMessage):
        yield from texts_in(message.name)
    yield from marked_metadata(message)
    yield from _told(message.additional_kwargs)
    if isinstance(message, ToolMessage):
        yield from texts_in(message.artifact)
    if isinstance(message, AIMessage):
        yield from texts_in([call["args"] for call in message.invalid_tool_calls])
        if not isinstance(message.content, str):
            yield lines_of(message)
            yield from _told([one for one in message.content if isinstance(one, dict)])


def _told(data: object) -> Iterator[str]:
    """Yield what nested fields tell in words, and arguments of calls."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for one in data:
            yield from _told(one)
    elif isinstance(data, dict):
        for name, value in data.items():
            if name in _ARGUMENTS:
                yield from texts_in(value)
            elif name in _WORDS:
                yield from _told(value)
