"""What of a request may be public: the candidate instruction, and everything else.

By default the candidate is the text of the last `HumanMessage`, if it is short. System, assistant
and tool messages, earlier turns and documents are private. Nothing here decides that a text leaves;
that is the border's part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from cogenesis_langchain.errors import InstructionError
from cogenesis_langchain.privacy.text import PrivateText

InstructionRule: TypeAlias = (
    Literal["last_human", "marked"] | Callable[[Sequence[BaseMessage]], str | None]
)
"""How the candidate is found: see `split_request`."""

MAX_PUBLIC_WORDS: Final = 150
"""By default: a longer text is a document, not an instruction."""

_MARK: Final = "cogenesis"
_ROLES: Final = {"human": "user", "ai": "assistant", "system": "system", "tool": "user"}


def public(text: str) -> dict[str, object]:
    """Mark a part of a message's content as part of the general instruction.

    The mark makes it a candidate; the border still checks it.
    """
    return {"type": "text", "text": text, "extras": {_MARK: "public"}}


def private(text: str) -> dict[str, object]:
    """Mark a part of a message's content as private: only the local model reads it."""
    return {"type": "text", "text": text, "extras": {_MARK: "private"}}


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of the conversation, for the local model.

    Attributes:
        role: Who spoke.
        text: What was said.
        repeated: Whether it is the present candidate, said before and with nothing marked private.
            It says no more than the candidate does, which the border checks anyway.
    """

    role: Literal["system", "user", "assistant"]
    text: PrivateText
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request, taken apart.

    Attributes:
        candidate: What may become the general instruction; None when nothing may be public.
        reason: Why there is no candidate; empty when there is one.
        whole: The last human message with its private parts.
        notes: Its parts marked private before any other: what the local model is told first.
        task: The rest as it was written, with the private details among it: what the local model
            is asked to do.
        bare_task: The task without what is marked private.
        details: What of the task is marked private.
        withheld: What of the last human message is not part of the candidate.
        turns: Everything before it.
        results: Everything after it: an agent's tool calls and their results.
    """

    candidate: PrivateText | None
    reason: str
    whole: PrivateText
    notes: tuple[PrivateText, ...]
    task: PrivateText
    bare_task: PrivateText
    details: tuple[PrivateText, ...]
    withheld: PrivateText
    turns: tuple[Turn, ...]
    results: tuple[PrivateText, ...]


def split_request(
    messages: Sequence[BaseMessage], *, rule: InstructionRule, max_public_words: int
) -> Request:
    """Take a request apart into the candidate instruction and the private rest.

    Args:
        messages: The conversation; the last human message is the request.
        rule: ``last_human``: every part of that message that is not marked private.
            ``marked``: only its parts marked public. A callable gets the messages and returns
            the candidate, or None.
        max_public_words: A longer candidate is a document, not an instruction, and stays here.

    Returns:
        The parts.

    Raises:
        InstructionError: There is no human message, it is empty, or it holds something that is
            not text.
    """
    position = _last_human(messages)
    message = messages[position]
    parts = list(_marked_parts(message))
    whole = _join(text for text, _ in parts)
    if not whole.strip():
        raise InstructionError(
            "the last human message is empty", remedy="say what should be written"
        )
    notes, task, details = _notes_task_details(parts)
    bare = _join(text for text, mark in parts if mark != "private")
    if callable(rule):
        candidate = rule(messages)
        kept = whole.replace(candidate, "") if candidate else whole
    else:
        chosen = {"public"} if rule == "marked" else {"public", ""}
        candidate = _join(text for text, mark in parts if mark in chosen)
        kept = _join(text for text, mark in parts if mark not in chosen)
    reason = _reason_against(candidate, max_public_words)
    return Request(
        candidate=None if candidate is None or reason else PrivateText(candidate.strip()),
        reason=reason,
        whole=PrivateText(whole.strip()),
        notes=tuple(map(PrivateText, notes)),
        task=PrivateText(_join(task).strip()),
        bare_task=PrivateText(bare.strip() or whole.strip()),
        details=tuple(map(PrivateText, details)),
        withheld=PrivateText(whole if reason else kept),
        turns=tuple(_turn(earlier, candidate) for earlier in messages[:position]),
        results=tuple(_turn(later).text for later in messages[position + 1 :]),
    )


def _last_human(messages: Sequence[BaseMessage]) -> int:
    for position in range(len(messages) - 1, -1, -1):
        if isinstance(messages[position], HumanMessage):
            return position
    raise InstructionError(
        "the request holds no human message", remedy="pass the instruction as a HumanMessage"
    )


def _notes_task_details(
    parts: Sequence[tuple[str, str]],
) -> tuple[list[str], list[str], list[str]]:
    """The private texts that a message begins with, its other texts, and the private ones of those.

    Where everything is private there is nothing that notes could go with: all of it is the task,
    and none of it a detail of another.
    """
    spoken = [number for number, (text, mark) in enumerate(parts) if mark != "private" and text]
    first = spoken[0] if spoken else 0
    texts = [text for text, _ in parts]
    details = [text for text, mark in parts[first:] if mark == "private"] if spoken else []
    return texts[:first], texts[first:], details


def _reason_against(candidate: str | None, max_public_words: int) -> str:
    if candidate is None or not candidate.strip():
        return "no part of the request is public"
    words = len(candidate.split())
    if words > max_public_words:
        return f"the instruction has {words} words, more than max_public_words={max_public_words}"
    return ""


def _marked_parts(message: BaseMessage) -> Iterator[tuple[str, str]]:
    """Texts of a message's content with their marks; an unmarked text has the mark ``""``."""
    if isinstance(message.content, str):
        yield message.content, ""
        return
    for block in message.content:
        if isinstance(block, str):
            yield block, ""
        elif block.get("type") == "text":
            extras = block.get("extras")
            mark = extras.get(_MARK, "") if isinstance(extras, dict) else ""
            yield str(block.get("text", "")), mark
        else:
            raise InstructionError(
                f"a message holds a content block of type {block.get('type')!r}",
                remedy="pass text only: the local model reads text",
            )


def _turn(message: BaseMessage, candidate: str | None = None) -> Turn:
    repeated = False
    if isinstance(message, (HumanMessage, SystemMessage)):
        parts = list(_marked_parts(message))
        text = _join(text for text, _ in parts)
        repeated = (
            isinstance(message, HumanMessage)
            and candidate is not None
            and text.strip() == candidate.strip()
            and not any(mark == "private" for _, mark in parts)
        )
    elif isinstance(message, AIMessage):
        calls = [f"{call['name']}({json.dumps(call['args'])})" for call in message.tool_calls]
        text = _join([message.text, *(f"Called {call}" for call in calls)])
    elif isinstance(message, ToolMessage):
        text = f"Result of {message.name or 'a tool'}: {message.text}"
    else:
        raise InstructionError(
            f"a message of type {message.type!r} cannot be passed to the local model",
            remedy="use human, assistant, system and tool messages",
        )
    role = _ROLES[message.type]
    return Turn(role, PrivateText(text), repeated)  # type: ignore[arg-type]  # the table holds only roles


def _join(texts: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(text for text in texts if text)
