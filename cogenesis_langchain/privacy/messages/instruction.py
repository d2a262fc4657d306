"""Splits a request into a candidate for the general instruction and the private rest.

By default the candidate is the text of the last `HumanMessage`, if it is one short paragraph and
begins a task: behind calls of tools, a tool may have written it. Prompts that hold documents or a
conversation, and pasted texts, are longer or have line breaks. System, assistant and tool messages
and earlier turns are private. The border (`privacy/border.py`) decides afterwards whether the
candidate may leave the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from cogenesis_langchain.errors import InstructionError
from cogenesis_langchain.privacy.messages.marks import Mark, marked_parts
from cogenesis_langchain.privacy.messages.message_texts import text_of, unread_texts, written_calls
from cogenesis_langchain.privacy.text import PrivateText

InstructionRule: TypeAlias = (
    Literal["last_human", "marked"] | Callable[[Sequence[BaseMessage]], str | None]
)
"""The rule that selects the candidate: see `split_request`."""

MAX_PUBLIC_WORDS: Final = 60
"""Default limit for a text without marks. A longer one is taken for a document and stays here."""
_CHARACTERS_A_WORD: Final = 400 / MAX_PUBLIC_WORDS
"""For scripts that write without spaces, where a letter can count as one word."""

TASKS: Final = "tasks"
"""Key of the names of an agent's tasks in ``response_metadata["cogenesis"]``."""
_TAKEN_OUT: Final = "?"
_NOTHING: Final = "no part of the request is public"
_AFTER_CALLS: Final = (
    "the last human message follows calls of tools without an answer of this model, so a tool may "
    "have written it; mark what may leave with public(...), also after a structured response, or "
    "where another model or a middleware answered"
)
_ROLES: Final = {"human": "user", "ai": "assistant", "system": "system", "tool": "user"}


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of the conversation, for the local model.

    Attributes:
        role: The author of the turn.
        text: The text of the turn.
        repeated: Whether the turn is a human message with exactly the candidate's text and nothing
            marked private. Such a turn adds no private values, so the user may ask again in the
            same words without having the instruction masked.
    """

    role: Literal["system", "user", "assistant"]
    text: PrivateText
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request, split into its parts.

    The last human message consists of `notes`, then `task`. Both are for the local model; only
    `candidate` may become public.

    Attributes:
        candidate: The text that may become the general instruction; None if nothing may be public.
        reason: Why there is no candidate; empty if there is one.
        whole: The last human message, private parts included.
        notes: The private blocks before the first block that is not private.
        task: The rest of the message, private blocks included.
        bare_task: The task without the private blocks.
        details: The private blocks of the task.
        withheld: The parts of the last human message that are not in the candidate.
        turns: The messages before the last human message.
        results: The messages after it: an agent's tool calls and their results.
        unread: What else the messages hold, and no model reads; see `unread_texts`.
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
    unread: tuple[PrivateText, ...] = ()


def split_request(
    messages: Sequence[BaseMessage], *, rule: InstructionRule, max_public_words: int
) -> Request:
    """Split a request into the candidate instruction and the private rest.

    Args:
        messages: The conversation; the last human message is the request.
        rule: ``last_human``: what is marked public in that message; if nothing is, the text without
            marks if it is one short paragraph and does not follow calls of tools. ``marked``: only
            what is marked public. A callable gets the messages and returns the candidate, or None.
        max_public_words: Most words of a text without marks. It may have 400 characters for each
            60 of them, and no line break.

    Returns:
        The parts.

    Raises:
        InstructionError: There is no human message, it is empty or not valid Unicode, or a message
            contains a content block that is not text.
    """
    position = _last_human(messages)
    message = messages[position]
    parts = marked_parts(message)
    whole = _join(text for text, _ in parts)
    if not whole.strip():
        raise InstructionError(
            "the last human message is empty", remedy="pass an instruction that says what to write"
        )
    if any("\ud800" <= character <= "\udfff" for character in whole):
        raise InstructionError(
            "the last human message contains a lone surrogate, half of a character",
            remedy='read the text with the right encoding, or replace it: text.encode("utf-8", '
            '"replace").decode()',
        )
    notes, task, details = _notes_task_details(parts)
    bare = _join(text for text, mark in parts if mark != "private")
    if callable(rule):
        candidate = rule(messages)
        kept = whole.replace(candidate, "") if candidate else whole
        reason = "" if candidate and candidate.strip() else _NOTHING
    else:
        is_marked = rule == "marked" or any(mark == "public" and text for text, mark in parts)
        reason = "" if is_marked else _why_private(parts, max_public_words)
        if not is_marked and open_tasks(messages[:position]):
            reason = _AFTER_CALLS
        chosen = "public" if is_marked or reason else ""
        candidate = _join(text for text, mark in parts if mark == chosen)
        kept = _join(text for text, mark in parts if mark != chosen)
        reason = "" if candidate.strip() else reason or _NOTHING
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
        unread=tuple(PrivateText(text) for one in messages for text in unread_texts(one)),
    )


def _last_human(messages: Sequence[BaseMessage]) -> int:
    for position in range(len(messages) - 1, -1, -1):
        if isinstance(messages[position], HumanMessage):
            return position
    raise InstructionError(
        "the request contains no human message", remedy="pass the instruction as a HumanMessage"
    )


def open_tasks(messages: Sequence[BaseMessage]) -> tuple[str, ...]:
    """Return the tasks of an agent that have called tools and have no answer yet.

    What follows a call may come from the tool: also human messages, and whole turns of another
    agent. So a task ends with an answer of the model that was shown its calls, which names it
    (`TASKS`), or where the user marks something public. A task of another chat model has no name;
    any answer ends it. Where the turn that called was taken out of the conversation, any answer of
    this library does.

    Args:
        messages: A conversation, or its beginning.

    Returns:
        The names of the tasks, sorted; "" or "?" for those without one.
    """
    found: set[str] = set()
    made: set[str | None] = set()
    for message in messages:
        if isinstance(message, HumanMessage):
            if any(mark == "public" for _, mark in marked_parts(message)):
                found.clear()
        elif isinstance(message, ToolMessage) and message.tool_call_id not in made:
            found.add(_TAKEN_OUT)
        elif isinstance(message, AIMessage):
            told = _told(message)
            tasks = told.get(TASKS) or ("",)
            ended = {*tasks, "", *([_TAKEN_OUT] if told else [])}
            made.update(call["id"] for call in (*message.tool_calls, *message.invalid_tool_calls))
            if message.tool_calls:
                found.add(tasks[-1])
            else:
                found -= ended
    return tuple(sorted(found))


def _told(message: BaseMessage) -> Mapping[str, Any]:
    """The report of this library in an answer; empty in other messages."""
    return message.response_metadata.get("cogenesis") or {}


def _notes_task_details(
    parts: Sequence[tuple[str, Mark]],
) -> tuple[list[str], list[str], list[str]]:
    """Return the leading private texts, all other texts, and the private ones among the latter.

    If every part is private, all of them are the task, without notes or details.
    """
    not_private = [
        number for number, (text, mark) in enumerate(parts) if mark != "private" and text
    ]
    first = not_private[0] if not_private else 0
    texts = [text for text, _ in parts]
    details = [text for text, mark in parts[first:] if mark == "private"] if not_private else []
    return texts[:first], texts[first:], details


def _why_private(parts: Sequence[tuple[str, Mark]], max_public_words: int) -> str:
    """Why the text without marks stays here; empty if it may be public."""
    text = _join(text for text, mark in parts if not mark).strip()
    words, lines = len(text.split()), len(text.splitlines())
    most = int(max_public_words * _CHARACTERS_A_WORD)
    if lines > 1:
        problem = "has line breaks"
    elif words > max_public_words:
        problem = f"has {words} words, more than max_public_words={max_public_words}"
    elif len(text) > most:
        problem = f"has {len(text)} characters, more than {most}"
    else:
        return ""
    return (
        f"the last human message {problem}, so it is taken for private text; mark what may leave "
        "with public(...), or use private_prompt"
    )


def _turn(message: BaseMessage, candidate: str | None = None) -> Turn:
    repeated = False
    if isinstance(message, (HumanMessage, SystemMessage)):
        parts = marked_parts(message)
        text = text_of(message)
        repeated = (
            isinstance(message, HumanMessage)
            and candidate is not None
            and text.strip() == candidate.strip()
            and not any(mark == "private" for _, mark in parts)
        )
    elif isinstance(message, AIMessage):
        text = _join([text_of(message), *(f"Called {call}" for call in written_calls(message))])
    elif isinstance(message, ToolMessage):
        text = f"Result of {message.name or 'a tool'}: {text_of(message)}"
    else:
        raise InstructionError(
            f"a message of type {message.type!r} cannot be passed to the local model",
            remedy="use human, assistant, system and tool messages",
        )
    role = _ROLES[message.type]
    return Turn(role, PrivateText(text), repeated)  # type: ignore[arg-type]  # the table holds only roles


def _join(texts: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(text for text in texts if text)
