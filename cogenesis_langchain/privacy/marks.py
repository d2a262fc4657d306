"""Marks that say which part of a message may leave the machine.

A private mark is part of the text itself, because converters of LangChain drop whatever else a
content block carries: `convert_to_openai_messages`, `trim_messages`, prompt templates. A public
mark need not survive: a text that lost it is judged like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

from cogenesis_langchain.errors import InstructionError

Mark: TypeAlias = Literal["public", "private", ""]

_KEY: Final = "cogenesis"
_BEGIN: Final = "<cogenesis:private>"
_END: Final = "</cogenesis:private>"
_TAG: Final = re.compile(rf"({_BEGIN}|{_END})")
_ESCAPED: Final = re.compile(r"cogenesis\s*:\s*private", re.I)


def public(text: str) -> dict[str, object]:
    """Mark a content block as part of the general instruction. The border still checks it."""
    return {"type": "text", "text": text, "extras": {_KEY: "public"}}


def private(text: str) -> dict[str, object]:
    """Mark a content block as private, so that only the local model sees it.

    The text of the block holds the mark; the local model reads it without.
    """
    marked = f"{_BEGIN}{_TAG.sub('', text)}{_END}"
    return {"type": "text", "text": marked, "extras": {_KEY: "private"}}


def private_prompt(instruction: str, *private_parts: str) -> ChatPromptTemplate:
    """Make a prompt of which only the instruction may leave the machine.

    Args:
        instruction: Template of the instruction, for example ``"{question}"``.
        private_parts: Templates of everything else, for example ``"{context}"``.

    Returns:
        A prompt for ``prompt | model``; its human message has the private parts first.

    Example:
        ```python
        prompt = private_prompt("{question}", "{context}")
        chain = {"context": retriever, "question": RunnablePassthrough()} | prompt | model
        ```
    """
    blocks = [*map(private, private_parts), {"type": "text", "text": instruction}]
    return ChatPromptTemplate.from_messages([("human", blocks)])


def marked_parts(message: BaseMessage) -> list[tuple[str, Mark]]:
    """Split a message into its texts and their marks.

    If marks are incomplete, because something cut or escaped them, every text without a public
    mark is private.

    Raises:
        InstructionError: The message contains a content block that is not text.
    """
    parts: list[tuple[str, Mark]] = []
    complete = True
    for text, mark in _blocks(message):
        pieces = _TAG.split(text)
        complete = complete and _is_complete(pieces)
        for number, piece in enumerate(pieces[::2]):
            if piece or len(pieces) == 1:
                parts.append((piece, "private" if number % 2 else mark))
    return parts if complete else [(text, mark or "private") for text, mark in parts]


def without_marks(text: str) -> str:
    """Return a text without the private marks in it."""
    return _TAG.sub("", text)


def _blocks(message: BaseMessage) -> Iterator[tuple[str, Mark]]:
    if isinstance(message.content, str):
        yield message.content, ""
        return
    for block in message.content:
        if isinstance(block, str):
            yield block, ""
        elif block.get("type") == "text":
            extras = block.get("extras")
            mark = extras.get(_KEY) if isinstance(extras, dict) else None
            yield str(block.get("text", "")), mark if mark in ("public", "private") else ""
        else:
            raise InstructionError(
                f"a message contains a content block of type {block.get('type')!r}",
                remedy="pass text blocks only; the local model reads no other type",
            )


def _is_complete(pieces: Sequence[str]) -> bool:
    """Whether the tags between the pieces of a text alternate, and no piece holds half a tag."""
    tags = pieces[1::2]
    return tags == [_BEGIN, _END] * (len(tags) // 2) and not any(map(_is_cut, pieces[::2]))


def _is_cut(piece: str) -> bool:
    """Whether a text has an escaped tag, or begins or ends with a part of one."""
    halves = (
        piece.endswith(tag[:size]) or piece.startswith(tag[-size:])
        for tag in (_BEGIN, _END)
        for size in range(1, len(tag))
    )
    return bool(_ESCAPED.search(piece)) or any(halves)
