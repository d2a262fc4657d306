"""Checks that addresses and numbers in the arguments of a call stand in the conversation.

A small model misspells an address, or invents one. Nobody can know an address, a telephone number
or an account number but from the conversation, so that a call with another one would reach a
stranger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from langchain_core.messages import BaseMessage

from cogenesis_langchain.agents.schema_check import is_object
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.tools import Tool
from cogenesis_langchain.privacy.detectors.identifying_numbers import find_identifying_numbers
from cogenesis_langchain.privacy.detectors.opaque import find_opaque
from cogenesis_langchain.privacy.detectors.windows import windows
from cogenesis_langchain.privacy.marks import without_marks
from cogenesis_langchain.privacy.text import PrivateText

MOST_CANDIDATES: Final = 100
"""Values that a second attempt chooses from; a longer list makes a slow grammar."""
# Bounded, so that the time is proportional to the length of the text.
_OF_MAIL: Final = r"""[^\s@,;:<>()"'\[\]{}|]"""
_MAIL: Final = re.compile(rf"{_OF_MAIL}{{1,64}}@{_OF_MAIL}{{0,252}}[^\W_]")
# With or without a correct checksum: invented ones have none.
_ACCOUNT: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SEPARATORS: Final = re.compile(r"[\W_]+")
_SIGNS_AROUND: Final = 3  # "<a@b.example>." is nothing but an address


@dataclass(frozen=True, slots=True)
class UnknownValues:
    """What the arguments of a call hold that stands nowhere in the conversation.

    Attributes:
        words: All of it, as the local model wrote it.
        reached: The arguments that are nothing but an address or a number, each with it.
    """

    words: tuple[str, ...] = ()
    reached: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.words)


class Grounding:
    """What a conversation holds of addresses, numbers, codes and years.

    Args:
        messages: The conversation. Arguments of earlier calls do not count: they may be invented.
        context: Texts of the private context.
        plan: The plan, which may name what the user's request names.
    """

    def __init__(
        self, messages: Sequence[BaseMessage], context: Sequence[PrivateText], plan: str
    ) -> None:
        told = (without_marks(message.text) for message in messages)
        self._text = "\n".join((*told, *(one.reveal() for one in context), plan))

    @cached_property
    def _mails(self) -> frozenset[str]:
        return frozenset(mail.casefold() for mail in _MAIL.findall(self._text))

    @cached_property
    def _squeezed(self) -> str:
        return _squeeze(self._text)

    def unknown_in(self, arguments: str) -> UnknownValues:
        """Return what the arguments of a call hold that stands nowhere in the conversation.

        Args:
            arguments: JSON text of an object; any other text holds nothing.
        """
        words: dict[str, None] = {}
        reached: dict[str, str] = {}
        for name, text in _strings(arguments):
            for value in (*_MAIL.findall(text), *_numbers(text)):
                if not self._holds(value):
                    words[value] = None
                    if len(text) <= len(value) + _SIGNS_AROUND:
                        reached[name] = value
            words.update(dict.fromkeys(self._unknown_codes(text)))
        return UnknownValues(tuple(words), reached)

    def narrowed(self, tool: Tool, unknown: UnknownValues) -> Tool:
        """Return a tool whose unknown addresses and numbers are chosen from the conversation.

        Args:
            tool: The tool that was called.
            unknown: What its arguments held.
        """
        properties = tool.parameters.get("properties")
        if not isinstance(properties, Mapping):
            return tool
        changed: dict[str, Json] = dict(properties)
        for name, value in unknown.reached.items():
            if candidates := self._candidates(value):
                changed[name] = _chosen_from(candidates, properties[name])
        return replace(tool, parameters={**tool.parameters, "properties": changed})

    def _holds(self, value: str) -> bool:
        if "@" in value:
            return value.casefold() in self._mails
        return _squeeze(value) in self._squeezed

    def _unknown_codes(self, text: str) -> Iterator[str]:
        """Yield codes and years; a model may have good reason to write one of its own."""
        codes = (text[span.start : span.end] for span in find_opaque(text))
        for value in (*codes, *_YEAR.findall(text)):
            if "@" not in value and _squeeze(value) not in self._squeezed:
                yield value

    def _candidates(self, value: str) -> Sequence[str]:
        """Return the addresses, or the numbers, that the conversation holds, latest first."""
        found = _MAIL.findall(self._text) if "@" in value else list(_numbers(self._text))
        return tuple(dict.fromkeys(reversed(found)))[:MOST_CANDIDATES]


def _squeeze(text: str) -> str:
    """Leave out what people write between the digits of a number."""
    return _SEPARATORS.sub("", text).casefold()


def _numbers(text: str) -> Iterator[str]:
    """Yield account, card, identity and telephone numbers."""
    for start, piece in windows(text):
        for span in find_identifying_numbers(piece):
            yield text[start + span.start : start + span.end]
    for match in _ACCOUNT.finditer(text):
        yield match[0]


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


def _chosen_from(candidates: Sequence[str], schema: Json) -> Json:
    """Return the schema of a string, or of a list of strings, that are chosen; else as it was."""
    choice: Json = {"enum": list(candidates)}
    if not isinstance(schema, Mapping):
        return schema
    match schema:
        case {"type": "string"}:
            return choice
        case {"type": "array", "items": {"type": "string"}}:
            return {**schema, "items": choice}
        case {"anyOf": [*choices]}:
            return {**schema, "anyOf": [_chosen_from(candidates, one) for one in choices]}
        case _:
            return schema
