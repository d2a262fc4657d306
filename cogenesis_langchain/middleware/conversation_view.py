"""The public view of a conversation: its messages with placeholders for private values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)

from cogenesis_langchain.errors import InstructionError
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.privacy.border import Border, EgressPermit, Release
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.request_shape import Scalar, parts_of
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.values import Detector, PrivateValue, detect, find_private_values

M = TypeVar("M", bound=BaseMessage)
_FIELDS_OF_A_CALL: Final = (
    "tool", "tool_calls", "tool_call_id", "id", "type", "function", "name", "arguments", None, "",
)  # fmt: skip
"""Fixed strings in the calls of a request; the text of a turn that only calls is empty."""


class PublicView:
    """Makes and undoes the public view of one conversation.

    Args:
        border: Makes public texts.
        values: The private values of the conversation.
        placeholders: Those of the conversation; more are added.
    """

    def __init__(self, border: Border, values: ValueSet, placeholders: Placeholders) -> None:
        self._border = border
        self._values = values
        self._placeholders = placeholders
        self._made: dict[str, PublicText] = {}
        self._parts: set[Scalar] = set(_FIELDS_OF_A_CALL)

    @property
    def public(self) -> Sequence[PublicText]:
        """All texts of the view."""
        return list(self._made.values())

    @property
    def parts(self) -> set[Scalar]:
        """What else a request of the view holds: names, ids and arguments of calls."""
        return self._parts

    def permit(self) -> EgressPermit:
        """Permit requests that show the view."""
        kinds = [kind for kind, _ in self._placeholders.entries()]
        masked: dict[str, int] = {kind: kinds.count(kind) for kind in kinds}
        release = Release(None, "masked" if masked else "clean", masked)
        return self._border.permit(release, purpose="agent")

    def text(self, text: str) -> str:
        """Return the view of a text; the view of a view is itself."""
        if not text or text in self._made:
            return text
        made = self._border.view(PrivateText(text), self._values, self._placeholders)
        self._made[str(made)] = made
        return str(made)

    def message(self, message: BaseMessage) -> AnyMessage:
        """Return the view of a message; only texts, calls and ids go along.

        Raises:
            InstructionError: It is of an unknown type, or holds a block that is no text.
        """
        _require_text(message)
        text = self.text(message.text)
        if isinstance(message, SystemMessage):
            return SystemMessage(text)
        if isinstance(message, HumanMessage):
            return HumanMessage(text)
        if isinstance(message, ToolMessage):
            self._parts.add(message.tool_call_id)
            return ToolMessage(text, tool_call_id=message.tool_call_id, status=message.status)
        if isinstance(message, AIMessage):
            return AIMessage(text, tool_calls=[self._call(call) for call in message.tool_calls])
        raise InstructionError(
            f"a message of type {message.type!r} has no public view",
            remedy="use human, assistant, system and tool messages",
        )

    def restored(self, message: M) -> M:
        """Return a message of the cloud model with real values in the place of placeholders."""
        restore = self._placeholders.restore
        update: dict[str, Any] = {"content": _over_strings(message.content, restore)}
        if isinstance(message, AIMessage):
            update["tool_calls"] = [
                {**call, "args": _over_strings(call["args"], restore)}
                for call in message.tool_calls
            ]
            update["additional_kwargs"] = {}  # providers repeat the calls there, not restored
        return message.model_copy(update=update)

    def _call(self, call: ToolCall) -> ToolCall:
        args = self._args(call["args"])
        assert isinstance(args, dict)
        self._parts |= {call["id"], call["name"], json.dumps(args, ensure_ascii=False)}
        self._parts.update(parts_of(args))
        return {**call, "args": args}

    def _args(self, args: Json) -> Json:
        """The view of a call's arguments, keys and numbers included."""
        if isinstance(args, Mapping):
            return {self.text(name): self._args(value) for name, value in args.items()}
        if isinstance(args, str):
            return self.text(args)
        if isinstance(args, Sequence):
            return [self._args(value) for value in args]
        if isinstance(args, (int, float)) and not isinstance(args, bool):
            shown = self.text(str(args))
            return args if shown == str(args) else shown
        return args


def conversation_values(
    messages: Sequence[BaseMessage], detectors: Sequence[Detector], terms: Sequence[str]
) -> ValueSet:
    """Return the private values of a conversation.

    Args:
        messages: All of it; values that the assistant wrote count as well.
        detectors: Find values besides the built-in ones.
        terms: Strings that are private wherever they stand.
    """
    values = {PrivateValue("TERM", term) for term in terms}
    for message in messages:
        for text in _texts(message):
            values |= detect(text, (find_private_values, *detectors))
    # Phrases of the texts are no values here: the cloud model has to read the conversation.
    return ValueSet.from_texts((), declared=values)


def _texts(message: BaseMessage) -> Iterator[str]:
    yield message.text
    if isinstance(message, AIMessage):
        for call in message.tool_calls:
            yield from _leaves(call["args"])


def _leaves(args: Json) -> Iterator[str]:
    if isinstance(args, Mapping):
        for name, value in args.items():
            yield name
            yield from _leaves(value)
    elif isinstance(args, Sequence) and not isinstance(args, str):
        for value in args:
            yield from _leaves(value)
    elif args is not None and not isinstance(args, bool):
        yield str(args)


def _over_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _over_strings(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [_over_strings(part, change) for part in value]
    return value


def _require_text(message: BaseMessage) -> None:
    if isinstance(message.content, str) or isinstance(message, AIMessage):
        return
    for block in message.content:
        if isinstance(block, dict) and block.get("type") != "text":
            raise InstructionError(
                f"a message contains a content block of type {block.get('type')!r}",
                remedy="pass text blocks only; values in other blocks cannot be masked",
            )
