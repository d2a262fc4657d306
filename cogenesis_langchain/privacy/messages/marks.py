"""Marks that say which part of a message may leave the machine.

A private mark is part of the text itself, because converters of LangChain drop whatever else a
content block carries: `convert_to_openai_messages`, `trim_messages`, prompt templates. A public
mark need not survive: a text that lost it is judged like any other.

Each private mark has a random number, which its end repeats. A document cannot know it, so no
document can end the mark that it stands in.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.prompts.message import BaseMessagePromptTemplate

from cogenesis_langchain.errors import InstructionError
from cogenesis_langchain.privacy.messages.nested_texts import texts_in

Mark: TypeAlias = Literal["public", "private", ""]

_KEY: Final = "cogenesis"
_METADATA: Final = "cogenesis_metadata"
_NAME: Final = "cogenesis:private"
_BEGIN: Final = re.compile(rf"<{_NAME} (?P<number>[0-9a-f]{{16}})>")
_TAG: Final = re.compile(rf"</?{_NAME} [0-9a-f]{{16}}>")
_REST_OF_A_TAG: Final = re.compile(r"(?:[a-z:/]* )?[0-9a-f]{0,16}>")
_ESCAPED: Final = re.compile(r"cogenesis\s*:\s*private", re.I)


def public(text: str) -> dict[str, object]:
    """Mark a content block as part of the general instruction. The border still checks it."""
    return {"type": "text", "text": text, "extras": {_KEY: "public"}}


def private(text: str, *, metadata: Mapping[str, object] | None = None) -> dict[str, object]:
    """Mark a content block as private, so that only the local model sees it.

    The text of the block holds the mark; the local model reads it without.

    Args:
        text: The text.
        metadata: Metadata of the document that the text is of. No model reads it, but its texts are
            private too: what of it stands in the instruction is masked.
    """
    number = secrets.token_hex(8)
    marked = f"<{_NAME} {number}>{text}</{_NAME} {number}>"
    extras = {_KEY: "private", _METADATA: list(texts_in(metadata or {}))}
    return {"type": "text", "text": marked, "extras": extras}


def marked_metadata(message: BaseMessage) -> Iterator[str]:
    """Yield the texts of the metadata that `private` was given for a message's blocks."""
    for block in message.content:
        extras = block.get("extras") if isinstance(block, dict) else None
        told = extras.get(_METADATA) if isinstance(extras, dict) else None
        if isinstance(told, list):
            yield from (text for text in told if isinstance(text, str))


def private_prompt(instruction: str, *private_parts: str) -> ChatPromptTemplate:
    """Make a prompt of which only the instruction may leave the machine.

    Args:
        instruction: Template of the instruction, for example ``"{question}"``.
        private_parts: Templates of everything else, for example ``"{context}"``.

    Returns:
        A prompt for ``prompt | model``; its human message has the private parts first. The parts
            are marked. Whatever fills the placeholders of the instruction may leave, in any length;
            pasted text belongs into a private part. Only `ChatCoGenesis` heeds the marks: any other
            model is shown all of it.

    Example:
        ```python
        prompt = private_prompt("{question}", "{context}")
        chain = {"context": retriever, "question": RunnablePassthrough()} | prompt | model
        ```
    """
    from_template = PromptTemplate.from_template
    message = _MarkedParts(
        instruction=from_template(instruction),
        private_parts=[from_template(part) for part in private_parts],
    )
    return ChatPromptTemplate.from_messages([message])


class _MarkedParts(BaseMessagePromptTemplate):
    """A human message of private parts and a public one; each is marked when it is filled in."""

    instruction: PromptTemplate
    private_parts: list[PromptTemplate]

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """LangChain's loader knows no classes of other packages."""
        return False

    @property
    def input_variables(self) -> list[str]:
        """Names of all values that the parts need."""
        parts = (*self.private_parts, self.instruction)
        return list(dict.fromkeys(name for part in parts for name in part.input_variables))

    def format_messages(self, **kwargs: object) -> list[BaseMessage]:
        """Return the message."""
        told = (_filled(part, kwargs) for part in self.private_parts)
        return [HumanMessage([*map(private, told), public(_filled(self.instruction, kwargs))])]


def _filled(template: PromptTemplate, values: Mapping[str, object]) -> str:
    return template.format(**{name: values[name] for name in template.input_variables})


def marked_parts(message: BaseMessage) -> list[tuple[str, Mark]]:
    """Split a message into its texts and their marks.

    If marks are incomplete, because something cut or escaped them, only blocks that are marked as
    public and hold no part of a mark are public.

    Raises:
        InstructionError: The message contains a content block that is not text.
    """
    parts: list[tuple[str, Mark]] = []
    complete = True
    for text, mark in _blocks(message):
        pieces = list(_pieces(text))
        complete = complete and not any(_is_cut(piece) for piece, inside in pieces if not inside)
        for piece, inside in pieces:
            if piece or len(pieces) == 1:
                parts.append((piece, "private" if inside else mark))
    if complete:
        return parts
    return [
        (without_marks(text), "public" if mark == "public" and not _has_cut(text) else "private")
        for text, mark in _blocks(message)
    ]


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


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of a text, and whether they stand in a private mark; a mark without end is no mark."""
    position = 0
    while begin := _BEGIN.search(text, position):
        closing = f"</{_NAME} {begin['number']}>"
        end = text.find(closing, begin.end())
        if end < 0:
            break
        yield text[position : begin.start()], False
        yield text[begin.end() : end], True
        position = end + len(closing)
    yield text[position:], False


def _has_cut(text: str) -> bool:
    return any(inside or _is_cut(piece) for piece, inside in _pieces(text))


def _is_cut(piece: str) -> bool:
    """Whether a text outside the marks has a tag, or begins or ends with a part of one."""
    ends = any(
        piece.endswith(f"<{slash}{_NAME}"[:size])
        for slash in ("", "/")
        for size in range(1, len(_NAME) + 3)
    )
    return ends or bool(_ESCAPED.search(piece) or _REST_OF_A_TAG.match(piece))
