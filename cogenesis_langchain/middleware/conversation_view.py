"""The public view of a conversation: its messages with placeholders for private values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from cogenesis_langchain.privacy.marks import marked_parts
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.message_texts import hidden_texts, text_of
from cogenesis_langchain.privacy.nested_texts import texts_in
from cogenesis_langchain.privacy.placeholders import Placeholders, without_placeholders
from cogenesis_langchain.privacy.request_shape import Scalar, parts_of
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.values import Detector, PrivateValue, detect, find_private_values

INVENTED: Final = "cogenesis_invented"
"""Key of a message's metadata: ids of its calls with placeholders that stand for nothing."""
M = TypeVar("M", bound=BaseMessage)
_FIELDS_OF_A_CALL: Final = (
    "tool", "tool_calls", "tool_call_id", "id", "type", "function", "name", "arguments", None, "",
)  # fmt: skip
"""Fixed strings in the calls of a request; the text of a turn that only calls is empty."""


class PublicView:
    """Makes and undoes the public view of one conversation.

    Args:
        border: Makes public texts.
        values: The private values that are known before; those of the messages are added.
        detectors: Find values besides the built-in ones.
        placeholders: Those of the conversation; more are added.
    """

    def __init__(
        self,
        border: Border,
        values: Iterable[PrivateValue],
        detectors: Sequence[Detector],
        placeholders: Placeholders,
    ) -> None:
        self._border = border
        self._declared = frozenset(values)
        self._detectors = detectors
        self._placeholders = placeholders
        # Phrases of the texts are no values here: the cloud model has to read the conversation.
        self._values = ValueSet.from_texts((), declared=self._declared)
        self._made: dict[str, PublicText] = {}
        self._parts: set[Scalar] = set(_FIELDS_OF_A_CALL)
        self._names: dict[str, str] = {}

    @property
    def public(self) -> Sequence[PublicText]:
        """All texts of the view."""
        return list(self._made.values())

    @property
    def parts(self) -> set[Scalar]:
        """What else a request of the view holds: names, ids and arguments of calls."""
        return self._parts

    def learn(self, messages: Sequence[BaseMessage], *, masked_before: bool = False) -> None:
        """Add the private values of messages; values that the assistant wrote count as well.

        Args:
            messages: The messages.
            masked_before: Whether parts of them are views, whose placeholders are no values.
        """
        found = set(self._declared)
        for message in messages:
            for text in _texts(message):
                bare = without_placeholders(text) if masked_before else text
                found |= detect(bare, (find_private_values, *self._detectors))
        if not found <= self._declared:
            self._declared = frozenset(found)
            self._values = ValueSet.from_texts((), declared=self._declared)

    def permit(self) -> EgressPermit:
        """Permit requests that show the view."""
        kinds = [kind for kind, _ in self._placeholders.entries()]
        masked: dict[str, int] = {kind: kinds.count(kind) for kind in kinds}
        release = Release(None, "masked" if masked else "clean", masked)
        return self._border.permit(release, purpose="agent")

    def text(self, text: str, *, hidden: Sequence[range] = (), masked_before: bool = False) -> str:
        """Return the view of a text; the view of a view is itself.

        Args:
            text: The text.
            hidden: Parts that are hidden as a whole.
            masked_before: Whether parts of it are views already.
        """
        if not text or (text in self._made and not hidden):
            return text
        made = self._border.view(
            PrivateText(text),
            self._values,
            self._placeholders,
            hidden=hidden,
            masked_before=masked_before,
        )
        self._made[str(made)] = made
        return str(made)

    def message(self, message: BaseMessage, *, masked_before: bool = False) -> AnyMessage:
        """Return the view of a message; only texts, calls and ids go along.

        Args:
            message: The message.
            masked_before: Whether it, or a part of it, is a view already.

        Raises:
            InstructionError: It is of an unknown type, or holds a block that is no text.
        """
        text = self._text_of(message, masked_before=masked_before)
        if isinstance(message, SystemMessage):
            return SystemMessage(text)
        if isinstance(message, HumanMessage):
            return HumanMessage(text)
        if isinstance(message, ToolMessage):
            made_by = self._name(message.tool_call_id, "call")
            return ToolMessage(text, tool_call_id=made_by, status=message.status)
        if isinstance(message, AIMessage):
            return AIMessage(text, tool_calls=[self._call(call) for call in message.tool_calls])
        raise InstructionError(
            f"a message of type {message.type!r} has no public view",
            remedy="use human, assistant, system and tool messages",
        )

    def restored(self, message: M) -> M:
        """Return a message of the cloud model with real values in the place of placeholders.

        Its metadata name the calls with placeholders that the model invented.
        """
        restore = self._placeholders.restore
        update: dict[str, Any] = {"content": _over_strings(message.content, restore)}
        if isinstance(message, AIMessage):
            update["tool_calls"] = [
                {**call, "args": _over_strings(call["args"], restore)}
                for call in message.tool_calls
            ]
            invented = [
                call["id"]
                for call in message.tool_calls
                if self._placeholders.has_unknown(str(call["args"]))
            ]
            update["response_metadata"] = {**message.response_metadata, INVENTED: invented}
            update["additional_kwargs"] = {}  # providers repeat the calls there, not restored
        return message.model_copy(update=update)

    def _text_of(self, message: BaseMessage, *, masked_before: bool) -> str:
        """The view of a message's text; its private parts are hidden as a whole."""
        if isinstance(message, AIMessage):
            return self.text(text_of(message), masked_before=masked_before)
        text, hidden = "", list[range]()
        for part, mark in marked_parts(message):
            start = len(text) + bool(text)
            text = "\n".join(filter(None, (text, part)))
            if part and mark == "private":
                hidden.append(range(start, len(text)))
        return self.text(text, hidden=hidden, masked_before=masked_before)

    def _call(self, call: ToolCall) -> ToolCall:
        args = self._args(call["args"])
        assert isinstance(args, dict)
        name, made_by = self._name(call["name"], "tool"), self._name(call["id"] or "", "call")
        self._parts.add(json.dumps(args, ensure_ascii=False))
        self._parts.update(parts_of(args))
        return {**call, "name": name, "id": made_by, "args": args}

    def _name(self, name: str, kind: str) -> str:
        """A tool's name or a call's id: as it is, or numbered if it holds a private value."""
        shown = self._names.get(name)
        if shown is None:
            is_public = self.text(name) == name
            shown = self._names[name] = name if is_public else f"{kind}_{len(self._names) + 1}"
        self._parts.add(shown)
        return shown

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


def _texts(message: BaseMessage) -> Iterator[str]:
    yield text_of(message)
    yield from hidden_texts(message)
    if isinstance(message, AIMessage):
        yield from texts_in([call["args"] for call in message.tool_calls])


def _over_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _over_strings(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [_over_strings(part, change) for part in value]
    return value
