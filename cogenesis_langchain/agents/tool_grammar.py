"""The grammar of a turn: text, JSON or calls of tools, in the form that tool-trained models know.

Calls are written as in the chat templates of Qwen and Hermes: a JSON object with the name and the
arguments, between ``<tool_call>`` and ``</tool_call>``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.tools import Tool, TurnRules

CALL_OPEN: Final = "<tool_call>"
CALL_CLOSE: Final = "\n</tool_call>"
MOST_CALLS: Final = 8
"""Calls in one turn; a small model would go on for ever."""

# Small models often leave the marks of a call out: an answer that begins with a brace is a call.
_NO_CALL: Final = f"~/(?s:.*{CALL_OPEN}.*)/"
_FREE_TEXT: Final = f"TEXT: /[^{{](?s:.*)/ & {_NO_CALL}"
# Text, which ends where a call begins.
_LEAD: Final = f'lead[suffix="{CALL_OPEN}"]: /([^{{](?s:.*))?/'
_AS_IT_IS: Final = frozenset({"const", "default", "enum", "examples"})
_COMBINING: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "$ref"}
)
_JSON_OPTIONS: Final = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "coerce_one_of": True,
    "lenient": True,
}
"""Whitespace is as Python writes it: a small model would write blanks for ever.
Keywords that no grammar can hold (``uniqueItems``, ``not``) are left to `schema_check`."""


def json_grammar(schema: Mapping[str, Json]) -> str:
    """Return the grammar of a text that is JSON of a schema."""
    return f"start: %json {_json(schema)}"


def turn_grammar(rules: TurnRules) -> str:
    """Return the grammar of a turn.

    Where no tool may be called the text holds no call either: an injected order can make the model
    want one.
    """
    answer = rules.answer_schema
    if not rules.callable_tools:
        return (
            f"start: TEXT\nTEXT: /(?s:.*)/ & {_NO_CALL}" if answer is None else json_grammar(answer)
        )
    more = f'("\\n{CALL_OPEN}" call){{0,{MOST_CALLS - 1}}}' if rules.parallel else ""
    calls = f"call {more}"
    lines = [f'call: "\\n" ({_alternatives(rules.callable_tools)}) {_literal(CALL_CLOSE)}']
    for number, tool in enumerate(rules.callable_tools):
        opening = _literal(call_opening(tool.name))
        lines.append(f'tool_{number}: {opening} arguments_{number} "}}"')
        lines.append(f"arguments_{number}: %json {_json(tool.parameters)}")
    if rules.must_call:
        start = f'start: "{CALL_OPEN}" {calls}'
    elif answer is not None:
        start = f'start: answer | "{CALL_OPEN}" {calls}'
        lines.append(f"answer: %json {_json(answer)}")
    else:  # see `has_bare_calls`
        start = f"start: TEXT | lead {calls} | {_alternatives(rules.callable_tools)}"
        lines += [_FREE_TEXT, _LEAD]
    return "\n".join((start, *lines))


def has_bare_calls(rules: TurnRules) -> bool:
    """Whether a call may be written without its marks, as the whole turn."""
    return bool(rules.callable_tools) and not rules.must_call and rules.answer_schema is None


def call_opening(name: str) -> str:
    """Return what stands in a call before its arguments."""
    return f'{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": '


def _alternatives(tools: Sequence[Tool]) -> str:
    return " | ".join(f"tool_{number}" for number in range(len(tools)))


def _json(schema: Mapping[str, Json]) -> str:
    closed = _closed(schema)
    assert isinstance(closed, dict)
    return json.dumps({**closed, "x-guidance": _JSON_OPTIONS})


def _closed(schema: Json) -> Json:
    """Close objects that list their properties; a model would add some of its own."""
    if isinstance(schema, Mapping):
        # What is combined with properties has properties of its own, so neither can be closed.
        combined = _COMBINING & schema.keys() if "properties" in schema else {"allOf"}
        parts = {
            key: part if key in _AS_IT_IS or key in combined else _closed(part)
            for key, part in schema.items()
        }
        if isinstance(parts.get("properties"), Mapping) and not combined:
            parts.setdefault("additionalProperties", False)
        return parts
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_closed(part) for part in schema]
    return schema


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
