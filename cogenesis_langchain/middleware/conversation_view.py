"""The public view of a conversation: its messages with placeholders for private values."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
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
from cogenesis_langchain.privacy.messages.marks import Mark, marked_parts
from cogenesis_langchain.privacy.messages.message_texts import lines_of, text_of, unread_texts
from cogenesis_langchain.privacy.messages.nested_texts import texts_in
from cogenesis_langchain.privacy.placeholders import Placeholders, without_placeholders
from cogenesis_langchain.privacy.request_shape import Scalar, parts_of
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.values import PrivateValue

_LONGEST_VALUE: Final = 2_000
"""Characters of the longest part that is one value, in any spelling: an automaton of a longer one,
such as a whole result, would need a hundred times its memory."""
_LEAST_LETTERS: Final = 8
"""A part of fewer letters and digits ("no") is hidden where it is marked alone."""
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
        find: Finds the private values of a text.
        tools: Names of the tools that the model is offered; they are no private values.
        placeholders: Those of the conversation; more are added.
    """

    def __init__(
        self,
        border: Border,
        values: Iterable[PrivateValue],
        find: Callable[[str], Collection[PrivateValue]],
        placeholders: Placeholders,
        *,
        tools: Collection[str] = (),
    ) -> None:
        self._border = border
        self._declared = frozenset(values)
        self._find = find
        self._tools = tools
        self._placeholders = placeholders
        self._hidden: frozenset[str] = frozenset()
        # Phrases of the messages are no values: the cloud model has to read the conversation.
        self._values = ValueSet.from_texts((), declared=self._declared)
        self._made: dict[str, PublicText] = {}
        self._current: set[str] = set()  # views that were made with all values of now
        self._parts: set[Scalar] = set(_FIELDS_OF_A_CALL)
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    @property
    def public(self) -> Sequence[PublicText]:
        """All texts of the view, as they are with the values of now."""
        return [self._made[text] for text in self._current]

    @property
    def parts(self) -> set[Scalar]:
        """What else a request of the view holds: names, ids and arguments of calls."""
        return self._parts

    def hide(self, parts: Iterable[str]) -> None:
        """Add parts that are private as a whole; they and phrases of them are values from here on.

        Args:
            parts: Texts that were marked private, or that were masked as a whole before.
        """
        self._add((), parts)

    def _add(self, found: Collection[PrivateValue], parts: Iterable[str]) -> None:
        hidden = self._hidden.union(
            part for part in parts if sum(map(str.isalnum, part)) >= _LEAST_LETTERS
        )
        whole = {PrivateValue("TEXT", one) for one in hidden if len(one) <= _LONGEST_VALUE}
        declared = self._declared.union(found, whole)
        if declared == self._declared and hidden == self._hidden:
            return
        self._declared, self._hidden = declared, hidden
        self._values = ValueSet.from_texts(hidden, declared=declared, detectors=())
        # Earlier views may show a value that was found since, so they may not leave any more.
        self._current.clear()
        self._names.clear()
        self._parts = set(_FIELDS_OF_A_CALL)

    def learn(self, messages: Sequence[BaseMessage], *, masked_before: bool = False) -> None:
        """Add the private values of messages; values that the assistant wrote count as well.

        Args:
            messages: The messages.
            masked_before: Whether they already hold this conversation's placeholders.
        """
        found: set[PrivateValue] = set()
        hidden: list[str] = []
        for message in messages:
            self._taken.update(_names_of(message))
            if not masked_before:
                hidden += (part for part, mark in _marked(message) if mark == "private")
            for text in _texts(message):
                if text not in self._made:
                    values = self._find(without_placeholders(text) if masked_before else text)
                    found.update(value for value in values if value.text not in self._tools)
        self._add(found, hidden)

    def permit(self) -> EgressPermit:
        """Permit requests that show the view."""
        kinds = [kind for kind, _ in self._placeholders.entries()]
        masked: dict[str, int] = {kind: kinds.count(kind) for kind in kinds}
        release = Release(None, "masked" if masked else "clean", masked)
        return self._border.permit(release, purpose="agent")

    def require_absent(self, settings: Iterable[str]) -> None:
        """Check that the settings of a call hold no private value of the conversation.

        Raises:
            PrivacyViolation: They do.
        """
        self._border.check_configured(
            list(settings),
            self._values,
            what="the settings of this call of the cloud model",
            remedy="a middleware that overrides model_settings put them there; take them out",
        )

    def text(self, text: str, *, whole: Sequence[range] = (), masked_before: bool = False) -> str:
        """Return the view of a text; the view of a view is itself, unless values were added.

        Args:
            text: The text.
            whole: Parts that are masked as a whole.
            masked_before: Whether it already holds this conversation's placeholders.
        """
        if not text or (text in self._current and not whole):
            return text
        made = self._border.view(
            PrivateText(text),
            self._values,
            self._placeholders,
            whole=[*whole, *self._long_parts(text)],
            masked_before=masked_before or text in self._made,
        )
        self._made[str(made)] = made
        self._current.add(str(made))
        return str(made)

    def _long_parts(self, text: str) -> Iterator[range]:
        """Where long texts that were masked before stand in a text as they are."""
        for part in self._hidden:
            if len(part) <= _LONGEST_VALUE:
                continue  # it is a value
            start = text.find(part)
            while start >= 0:
                yield range(start, start + len(part))
                start = text.find(part, start + len(part))

    def message(self, message: BaseMessage, *, masked_before: bool = False) -> AnyMessage:
        """Return the view of a message; only texts, calls and ids go along.

        Args:
            message: The message.
            masked_before: Whether it already holds this conversation's placeholders.

        Raises:
            InstructionError: It is of an unknown type, or holds a block that is no text.
        """
        text = self._text_of(message, masked_before=masked_before)
        if isinstance(message, SystemMessage):
            return SystemMessage(text)
        if isinstance(message, HumanMessage):
            return HumanMessage(text)
        if isinstance(message, ToolMessage):
            call_id = self._name(message.tool_call_id, "call")
            return ToolMessage(text, tool_call_id=call_id, status=message.status)
        if isinstance(message, AIMessage):
            calls = [self._call(call, masked_before=masked_before) for call in message.tool_calls]
            return AIMessage(text, tool_calls=calls)
        raise InstructionError(
            f"a message of type {message.type!r} has no public view",
            remedy="use human, assistant, system and tool messages",
        )

    def restored(self, message: M) -> M:
        """Return a message of the cloud model with real values in the place of placeholders.

        Its metadata name the calls with placeholders that the model invented.
        """
        restore = self._placeholders.restore

        def in_text(text: str) -> str:
            return restore(text, in_json=_is_json(text))

        update: dict[str, Any] = {"content": _over_strings(message.content, in_text)}
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
        """The view of a message's text; its private parts are masked as a whole."""
        parts = _marked(message)
        if isinstance(message, AIMessage) and not any(mark == "private" for _, mark in parts):
            text, lines = text_of(message), lines_of(message)
            hides = len(self._values.find(lines)) > len(self._values.find(text))
            return self.text(lines if hides else text, masked_before=masked_before)
        text, whole = "", list[range]()
        for part, mark in parts:
            start = len(text) + bool(text)
            text = "\n".join(filter(None, (text, part)))
            if part and mark == "private":
                whole.append(range(start, len(text)))
        return self.text(text, whole=whole, masked_before=masked_before)

    def _call(self, call: ToolCall, *, masked_before: bool) -> ToolCall:
        args = self._args(call["args"], masked_before)
        assert isinstance(args, dict)
        name = self._name(call["name"], "tool")
        call_id = None if call["id"] is None else self._name(call["id"], "call")
        self._parts.add(json.dumps(args, ensure_ascii=False))
        self._parts.update(parts_of(args))
        return {**call, "name": name, "id": call_id, "args": args}

    def _name(self, name: str, kind: str) -> str:
        """A tool's name or a call's id: as it is, or numbered if it holds a private value."""
        shown = self._names.get(name)
        if shown is None:
            shown = name if self.text(name) == name else self._free(kind)
            self._names[name] = shown
            self._taken.add(shown)
        self._parts.add(shown)
        return shown

    def _free(self, kind: str) -> str:
        """A name that nothing in the conversation has."""
        return next(name for n in count(1) if (name := f"{kind}_{n}") not in self._taken)

    def _args(self, args: Json, masked_before: bool) -> Json:
        """The view of a call's arguments, keys and numbers included."""
        if isinstance(args, Mapping):
            return {
                self.text(name, masked_before=masked_before): self._args(value, masked_before)
                for name, value in args.items()
            }
        if isinstance(args, str):
            return self.text(args, masked_before=masked_before)
        if isinstance(args, Sequence):
            return [self._args(value, masked_before) for value in args]
        if isinstance(args, (int, float)) and not isinstance(args, bool):
            shown = self.text(str(args), masked_before=masked_before)
            return args if shown == str(args) else shown
        return args


def _texts(message: BaseMessage) -> Iterator[str]:
    yield text_of(message)
    yield from unread_texts(message)
    if isinstance(message, AIMessage):
        yield from texts_in([call["args"] for call in message.tool_calls])


def _names_of(message: BaseMessage) -> Iterator[str]:
    """Ids and names of calls."""
    if isinstance(message, ToolMessage):
        yield message.tool_call_id
    elif isinstance(message, AIMessage):
        for call in message.tool_calls:
            yield call["name"]
            yield call["id"] or ""


def _marked(message: BaseMessage) -> list[tuple[str, Mark]]:
    """The parts of a message with their marks; blocks of an answer that are no text have none."""
    is_answer = isinstance(message, AIMessage)
    return marked_parts(HumanMessage(str(message.text)) if is_answer else message)


def _is_json(text: str) -> bool:
    """Whether a text is a structured answer: one object or list as JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _over_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _over_strings(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [_over_strings(part, change) for part in value]
    return value
