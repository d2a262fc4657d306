"""Checks that the receiver of a call stands in the conversation.

A small model misspells an address, or invents one. A mail address, an account number or a telephone
number that is not in the conversation is invented, and a call with it reaches a stranger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, Final, Literal

from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from cogenesis_langchain.agents.schema_check import is_object
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.tools import Tool
from cogenesis_langchain.privacy.detectors.quantities.dates import find_dates
from cogenesis_langchain.privacy.detectors.windows import windows
from cogenesis_langchain.privacy.marks import without_marks
from cogenesis_langchain.privacy.text import PrivateText

Kind = Literal["mail", "account", "telephone"]

MOST_CANDIDATES: Final = 100
"""Values that a second attempt chooses from; a longer list makes a slow grammar."""
NONE_OF_THEM: Final = ""
"""What a second attempt chooses if no candidate is meant."""

# Bounded, so that the time is proportional to the length of the text.
_PATTERNS: Final[Mapping[Kind, re.Pattern[str]]] = {
    "mail": re.compile(
        r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9\u00c0-\u024f-]{1,63}\.){1,8}[A-Za-z]{2,24}"
    ),
    # An IBAN, with a correct checksum or not: an invented one has none. After the bank's code each
    # group has a digit.
    "account": re.compile(
        r"(?<![^\W_])(?=(?: ?[A-Za-z\d]){15})[A-Za-z]{2}\d{2} ?[A-Za-z\d]{4}"
        r"(?: ?(?=[A-Za-z]{0,3}\d)[A-Za-z\d]{1,4}){2,7}(?![^\W_])"
    ),
    "telephone": re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[ ()/.-]{0,2}\d){6,14}(?!\d)"),
}
_PREFIX: Final = re.compile(r"\A(?:mailto|tel|sms):", re.IGNORECASE)
_DISPLAY_NAME: Final = re.compile(r'\A\s*"?[^<>@"]{0,100}"?\s*<\s*(.*?)\s*>\s*\Z')
_SEPARATOR: Final = re.compile(r"[,;]")
_ESCAPED_SPACE: Final = re.compile(r"\\[nrt]")  # JSON in a result
_BETWEEN_DIGITS: Final = re.compile(r"[\W_]+")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_LONGEST_RECEIVER: Final = 200
_LEAST_SIMILARITY: Final = 0.6  # of a misspelling


@dataclass(frozen=True, slots=True)
class UnknownValues:
    """What the arguments of a call hold that stands nowhere in the conversation.

    Attributes:
        values: Addresses, numbers and years, as the local model wrote them.
        receivers: The arguments that name receivers and nothing else, with the unknown one.
    """

    values: tuple[str, ...] = field(default=(), repr=False)
    receivers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.values)


class Grounding:
    """What a conversation holds of addresses, numbers and years.

    Args:
        messages: The conversation. What the local model itself has said and called since the user's
            request does not count: it may be invented.
        context: Texts of the private context.
        tools: Their declarations may name receivers too.
    """

    def __init__(
        self,
        messages: Sequence[BaseMessage],
        context: Sequence[PrivateText],
        tools: Sequence[Tool],
    ) -> None:
        self._messages = messages
        self._context = context
        self._tools = tools

    @cached_property
    def _text(self) -> str:
        asked = max(
            (i for i, one in enumerate(self._messages) if isinstance(one, HumanMessage)), default=0
        )
        told = [
            without_marks(message.text)
            for place, message in enumerate(self._messages)
            if place <= asked or not isinstance(message, AIMessage)
        ]
        declared = [f"{tool.description}\n{json.dumps(tool.parameters)}" for tool in self._tools]
        notes = [one.reveal() for one in self._context]
        return _ESCAPED_SPACE.sub(" ", "\n".join((*notes, *declared, *told)))

    @cached_property
    def _known(self) -> Mapping[Kind, Mapping[str, str]]:
        """Values by kind and compared form, latest first."""
        return {
            kind: {_compared(kind, value): value for value in reversed(pattern.findall(self._text))}
            for kind, pattern in _PATTERNS.items()
        }

    @cached_property
    def _years(self) -> frozenset[int]:
        return frozenset(map(int, _YEAR.findall(self._text)))

    def unknown_in(self, arguments: str) -> UnknownValues:
        """Return what the arguments of a call hold that stands nowhere in the conversation.

        Args:
            arguments: JSON text of an object; any other text holds nothing.
        """
        values: dict[str, None] = {}
        receivers: dict[str, str] = {}
        for name, text in _strings(arguments):
            unknown = [
                value
                for kind, pattern in _PATTERNS.items()
                for value in pattern.findall(text)
                if not self._holds(kind, value)
            ]
            values.update(dict.fromkeys((*unknown, *self._unknown_years(text))))
            if unknown and _names_receivers(text):
                receivers[name] = unknown[0]
        return UnknownValues(tuple(values), receivers)

    def narrowed(self, tool: Tool, unknown: UnknownValues) -> Tool:
        """Return a tool whose unknown receivers become a known one like them, or none.

        An injected order brings a receiver of its own into the conversation. It is no candidate
        unless it looks like what the model wrote.

        Args:
            tool: The tool that was called.
            unknown: What its arguments held.
        """
        properties = tool.parameters.get("properties")
        if not isinstance(properties, Mapping):
            return tool
        changed: dict[str, Json] = dict(properties)
        for name, value in unknown.receivers.items():
            if name in properties and (candidates := self._like(value)):
                changed[name] = _chosen(candidates, properties[name], tool.parameters)
        return replace(tool, parameters={**tool.parameters, "properties": changed})

    def _like(self, value: str) -> Sequence[str]:
        """Return known receivers that a value may be a misspelling of, latest first."""
        kind = _kind(value)
        wanted = _without_top_level(_compared(kind, value))
        similar = SequenceMatcher(b=wanted, autojunk=False)
        found = []
        for compared, known in self._known[kind].items():
            similar.set_seq1(_without_top_level(compared))
            same_domain = "@" in wanted and compared.endswith(value[value.index("@") :].casefold())
            if same_domain or similar.ratio() >= _LEAST_SIMILARITY:
                found.append(known)
        return found[:MOST_CANDIDATES]

    def _holds(self, kind: Kind, value: str) -> bool:
        compared = _compared(kind, value)
        if kind != "telephone":
            return compared in self._known[kind]
        # The conversation may have the number without its country code.
        return compared in self._known[kind] or any(
            compared.endswith(number.lstrip("0")) for number in self._national_numbers
        )

    @cached_property
    def _national_numbers(self) -> frozenset[str]:
        from cogenesis_langchain.privacy.detectors.identifying_numbers import (
            find_identifying_numbers,
        )

        return frozenset(
            _digits(piece[span.start : span.end])
            for _, piece in windows(self._text)
            for span in find_identifying_numbers(piece)
            if span.kind == "PHONE"
        )

    def _unknown_years(self, text: str) -> Iterator[str]:
        """Yield the years of dates that are not near any year of the conversation."""
        for _, piece in windows(text):
            for date in find_dates(piece):
                for year in _YEAR.findall(piece[date.start : date.end]):
                    if self._years.isdisjoint(range(int(year) - 1, int(year) + 2)):
                        yield year


def names_nobody(arguments: str, names: Sequence[str]) -> bool:
    """Return whether one of these arguments says that no known receiver is meant."""
    given = json.loads(arguments) if is_object(arguments) else {}
    return any(given.get(name) in (NONE_OF_THEM, [], [NONE_OF_THEM]) for name in names)


def _kind(value: str) -> Kind:
    return next(kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(value))


def _compared(kind: Kind, value: str) -> str:
    """Return a value without case and without what people write between digits."""
    if kind == "mail":
        return value.casefold()
    return _digits(value) if kind == "telephone" else _BETWEEN_DIGITS.sub("", value).casefold()


def _without_top_level(compared: str) -> str:
    """Leave out the end of a domain, which unrelated addresses share."""
    return compared.rpartition(".")[0] if "@" in compared else compared


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number.removeprefix("00")))


def _names_receivers(text: str) -> bool:
    """Return whether a text is a list of receivers: "Dr Obi <obi@x.example>, ada@x.example"."""
    if len(text) > _LONGEST_RECEIVER:
        return False
    for part in _SEPARATOR.split(text):
        named = _DISPLAY_NAME.match(part)
        receiver = _PREFIX.sub("", (named[1] if named else part).strip(" .<>"))
        if not any(pattern.fullmatch(receiver) for pattern in _PATTERNS.values()):
            return False
    return True


def _strings(arguments: str) -> Iterator[tuple[str, str]]:
    """Yield all strings of a JSON object, each with the name of its argument."""
    if is_object(arguments):
        for name, value in json.loads(arguments).items():
            for text in _inner_strings(value):
                yield name, text


def _inner_strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _inner_strings(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _inner_strings(inner)


def _chosen(candidates: Sequence[str], schema: Json, parameters: Mapping[str, Any]) -> Json:
    """Return a schema of the candidates that an argument may be, or of a list of them.

    Args:
        candidates: Receivers.
        schema: Schema of the argument.
        parameters: The whole schema, to which it may refer.
    """
    within: dict[str, Any] = {**parameters, "properties": {"it": schema}, "required": []}
    valid = Draft202012Validator(within).is_valid
    if strings := [one for one in candidates if valid({"it": one})]:
        return {"enum": [*strings, NONE_OF_THEM]}
    if listed := [one for one in candidates if valid({"it": [one]})]:
        return {"type": "array", "items": {"enum": listed}, "maxItems": len(listed)}
    return schema
