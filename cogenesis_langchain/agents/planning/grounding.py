"""Checks that mail addresses to which a call is made stand in the conversation.

A small model misspells an address, or invents one: a mail address that is not in the conversation
reaches a stranger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property
from typing import Final

from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from cogenesis_langchain.agents.schema_check import is_object
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.tools import Tool
from cogenesis_langchain.privacy.messages.marks import without_marks
from cogenesis_langchain.privacy.text import PrivateText

MOST_CANDIDATES: Final = 10
NOBODY: Final = ""
"""The empty address: a second attempt says with it that nobody is meant."""

_LETTER: Final = r"A-Za-z0-9\u00c0-\u024f"
# Bounded, so that the time is proportional to the length of the text.
_ADDRESS: Final = re.compile(
    rf"(?<![{_LETTER}._%+-])[{_LETTER}](?:[{_LETTER}._%+-]|['’](?=[{_LETTER}])){{0,63}}"
    rf"@(?:[{_LETTER}-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}"
)
# JSON and Markdown in a result.
_ESCAPED_LETTER: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPED_SPACE: Final = re.compile(r"\\[nrt]")
_ESCAPED_SIGN: Final = re.compile(r"\\(?=[_*+.-])")
_WORD: Final = re.compile(r"[^\W_]+")
_MOST_WORDS: Final = 3  # beside an address: "Dr Felix Obi <obi@dental.example>"
# Of a misspelling: shares of the letters before and behind the @, without the top-level domain.
_LEAST_SIMILAR_NAME: Final = 0.6
_LEAST_SIMILAR_DOMAIN: Final = 0.8


@dataclass(frozen=True, slots=True)
class UnknownReceivers:
    """The arguments of a call that hold an unknown address.

    Attributes:
        unknown: By the name of the argument, the addresses that are not in the conversation.
        known: By the name of the argument, the other addresses in it.
    """

    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    known: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.unknown)

    def addresses(self) -> list[str]:
        """Return the unknown addresses."""
        return [one for found in self.unknown.values() for one in found]


class Grounding:
    """The mail addresses of a conversation.

    Args:
        messages: The conversation. What the local model itself has said and called since the user's
            request does not count, nor what a result repeats of its call: it may be invented. The
            receivers of earlier calls of the plan do count.
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

    def unknown_in(self, arguments: str) -> UnknownReceivers:
        """Return the arguments of a call that hold an address which the conversation does not have.

        Args:
            arguments: JSON text of an object; any other text names nobody.
        """
        unknown: dict[str, list[str]] = {}
        known: dict[str, list[str]] = {}
        for name, text in _strings(arguments):
            if _names_receivers(text):
                for address in _ADDRESS.findall(text):
                    held = address.casefold() in self._known
                    (known if held else unknown).setdefault(name, []).append(address)
        return UnknownReceivers(unknown, {name: known.get(name, []) for name in unknown})

    def narrowed(self, tool: Tool, arguments: str, found: UnknownReceivers) -> Tool | None:
        """Return a tool whose unknown receivers become known ones like them, or nobody.

        An injected order brings a receiver of its own into the conversation. It is no candidate
        unless it looks like what the model wrote. The other receivers of the call stay.

        Args:
            tool: The tool that was called.
            arguments: JSON text of the arguments.
            found: What `unknown_in` found in them.

        Returns:
            The tool; None if an argument has no candidates, or its schema allows none.
        """
        properties = tool.parameters.get("properties")
        given = json.loads(arguments)
        if not isinstance(properties, Mapping):
            return None
        changed: dict[str, Json] = dict(properties)
        for name, value in given.items():
            if name in found.unknown:
                like = [one for address in found.unknown[name] for one in self._like(address)]
                wanted = list(dict.fromkeys((*found.known[name], *like)))
                schema = _chosen(wanted, value, properties.get(name), tool) if like else None
                if schema is None:
                    return None
                changed[name] = schema
            elif any(map(_names_receivers, _inner_strings(value))):
                changed[name] = {"const": value}
        return replace(tool, parameters={**tool.parameters, "properties": changed})

    @cached_property
    def _known(self) -> Mapping[str, str]:
        """The addresses by their form without case, in their order."""
        nothing = frozenset[str]()
        declared = [
            (f"{tool.description}\n{json.dumps(tool.parameters, ensure_ascii=False)}", nothing)
            for tool in self._tools
        ]
        notes = [(one.reveal(), nothing) for one in self._context]
        known: dict[str, str] = {}
        for text, repeated in (*declared, *notes, *_told(self._messages)):
            invented = repeated - known.keys()
            for address in _ADDRESS.findall(_decoded(text)):
                if address.casefold() not in invented:
                    known.setdefault(address.casefold(), address)
        return known

    def _like(self, address: str) -> Sequence[str]:
        """Return known addresses that one may be a misspelling of, the most similar first."""
        similar = []
        for compared, known in self._known.items():
            name, domain = _similarity(compared, address.casefold())
            if name >= _LEAST_SIMILAR_NAME and domain >= _LEAST_SIMILAR_DOMAIN:
                similar.append((name + domain, known))
        similar.sort(key=lambda one: -one[0])
        return [known for _, known in similar[:MOST_CANDIDATES]]


def names_nobody(arguments: str, found: UnknownReceivers) -> bool:
    """Return whether an argument that had an unknown receiver has none now."""
    given = json.loads(arguments)
    return any(not any(_inner_strings(given.get(name, NOBODY))) for name in found.unknown)


def _told(messages: Sequence[BaseMessage]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield texts of a conversation, each with the addresses of the call that it is a result of."""
    asked = max((i for i, one in enumerate(messages) if isinstance(one, HumanMessage)), default=0)
    called: dict[str, frozenset[str]] = {}
    for place, message in enumerate(messages):
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                found = _ADDRESS.findall(json.dumps(call["args"], ensure_ascii=False))
                called[call["id"] or ""] = frozenset(map(str.casefold, found))
            if place > asked:
                yield "\n".join(_checked_receivers(message)), frozenset()
                continue
        repeated = frozenset[str]()
        if isinstance(message, ToolMessage):
            repeated = called.get(message.tool_call_id, repeated)
        yield without_marks(message.text), repeated


def _checked_receivers(message: AIMessage) -> Iterator[str]:
    """Yield the receivers of a call that the plan made: they were known then.

    What told of them may have been summarised since.
    """
    told = message.response_metadata.get("cogenesis") or {}
    if told.get("rung") != "plan" or not told.get("step"):
        return
    tool = told["plan"]["steps"][told["step"] - 1]["tool"]
    for call in message.tool_calls:
        if call["name"] == tool:
            yield from filter(_names_receivers, _inner_strings(call["args"]))


def _decoded(text: str) -> str:
    text = _ESCAPED_LETTER.sub(lambda match: chr(int(match[1], 16)), text)
    return _ESCAPED_SIGN.sub("", _ESCAPED_SPACE.sub(" ", text))


def _similarity(one: str, other: str) -> tuple[float, float]:
    parts = zip(_parts(one), _parts(other), strict=True)
    name, domain = (SequenceMatcher(None, a, b, autojunk=False).ratio() for a, b in parts)
    return name, domain


def _parts(address: str) -> tuple[str, str]:
    """Return what stands before the @, and the domain without its end."""
    name, _, domain = address.partition("@")
    return name, domain.rpartition(".")[0]


def _names_receivers(text: str) -> bool:
    """Return whether a text is addresses, with names at most: "Dr Obi <obi@x.example>, a@b.de"."""
    rest, count = _ADDRESS.subn(" ", text)
    return count > 0 and len(_WORD.findall(rest)) <= _MOST_WORDS * count


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


def _chosen(candidates: Sequence[str], value: Json, schema: Json, tool: Tool) -> Json | None:
    """Return a schema of the candidates that an argument may be, or of a list of them.

    Args:
        candidates: Addresses.
        value: The argument as it was; a text of several addresses cannot be chosen.
        schema: Its schema.
        tool: Whose definitions the schema may refer to.
    """
    definitions = {name: tool.parameters.get(name, {}) for name in ("$defs", "definitions")}
    allows = Draft202012Validator({**definitions, "properties": {"it": schema}}).is_valid
    if isinstance(value, str) and len(_ADDRESS.findall(value)) == 1:
        valid = [one for one in candidates if allows({"it": one})]
        return {"enum": [*valid, NOBODY]} if valid else None
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        valid = [one for one in candidates if allows({"it": [one]})]
        return (
            {"type": "array", "items": {"enum": valid}, "maxItems": len(valid)} if valid else None
        )
    return None
