"""Reads what LangChain binds to a model: tools, tool choice, response format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.tools import Tool, TurnRules

ToolLike: TypeAlias = Mapping[str, Any] | type | Callable[..., Any] | BaseTool
ToolChoice: TypeAlias = str | bool | Mapping[str, Any] | None

_MARK: Final = "cogenesis"
_ANY: Final = ("any", "required")
_ANYTHING: Final = {"type": "object", "additionalProperties": True}


def as_openai_tools(tools: Sequence[ToolLike], strict: bool | None) -> list[dict[str, Any]]:
    """Return the tools in OpenAI's format, in which they are bound.

    Raises:
        ConfigurationError: One of them is a tool that only a provider could run.
    """
    converted = [_as_openai_tool(tool, strict) for tool in tools]
    for tool in converted:
        if "function" not in tool:
            raise ConfigurationError(
                f"a tool of type {tool.get('type')!r} runs at a cloud provider",
                remedy="bind tools that run here: functions, pydantic classes or BaseTool objects",
            )
    return converted


def _as_openai_tool(tool: ToolLike, strict: bool | None) -> dict[str, Any]:
    converted = convert_to_openai_tool(tool, strict=strict)
    if isinstance(tool, BaseTool) and is_private_tool(tool):
        return {**converted, _MARK: "private"}
    return converted


def private_tool(tool: BaseTool) -> BaseTool:
    """Return a copy of a tool whose declaration the cloud model never sees.

    The local model may call it before the first step of the cloud model's plan.
    """
    return tool.model_copy(update={"metadata": {**(tool.metadata or {}), _MARK: "private"}})


def is_private_tool(tool: BaseTool) -> bool:
    """Return whether a tool was made by `private_tool`."""
    return (tool.metadata or {}).get(_MARK) == "private"


def as_response_format(schema: object, strict: bool | None = None) -> dict[str, Any]:
    """Return a schema of an answer in OpenAI's format, in which it is bound.

    Args:
        schema: A pydantic class, a `TypedDict`, a JSON schema, or a format already.
        strict: As `bind_tools` takes it.
    """
    if isinstance(schema, Mapping) and schema.get("type") in ("json_schema", "json_object"):
        return dict(schema)
    converted = convert_to_json_schema(schema, strict=strict)  # type: ignore[arg-type]
    return {
        "type": "json_schema",
        "json_schema": {"name": converted["title"], "schema": converted},
    }


def read_rules(bound: Mapping[str, Any]) -> TurnRules | None:
    """Return what the bound arguments allow a turn to be; None if they concern no tools.

    Args:
        bound: Keyword arguments of the call: ``tools``, ``tool_choice``, ``parallel_tool_calls``,
            ``response_format``.

    Raises:
        ConfigurationError: The tool choice names no bound tool, two tools have the same name, or a
            format is unknown.
    """
    declared = bound.get("tools") or ()
    answer = bound.get("response_format")
    if not declared and answer is None:
        return None
    tools = read_tools(as_openai_tools(declared, None))
    _refuse_namesakes(tools)
    chosen, must_call = chosen_tools(tools, bound.get("tool_choice"))
    return TurnRules(
        tools=tools,
        callable_tools=chosen,
        must_call=must_call,
        parallel=bound.get("parallel_tool_calls") is not False,
        answer_schema=None if answer is None else _answer_schema(as_response_format(answer)),
    )


def read_tools(declared: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """Return tools in OpenAI's format as this package's own."""
    return tuple(_tool(one) for one in declared)


def _refuse_namesakes(tools: Sequence[Tool]) -> None:
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"two tools are called {name!r}", remedy="give every tool a name of its own"
            )


def _tool(declared: Mapping[str, Any]) -> Tool:
    function = declared["function"]
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return Tool(
        function["name"],
        function.get("description") or "",
        parameters,
        is_private=declared.get(_MARK) == "private",
    )


def chosen_tools(tools: Sequence[Tool], choice: ToolChoice) -> tuple[Sequence[Tool], bool]:
    """Return the tools that may be called, and whether one must be.

    Raises:
        ConfigurationError: The choice names none of the tools.
    """
    if isinstance(choice, Mapping):
        choice = choice.get("function", choice).get("name") or choice.get("type")
    named = tuple(tool for tool in tools if tool.name == choice)
    if named:
        return named, True
    if choice in (None, False, "auto"):
        return tools, False
    if choice == "none":
        return (), False
    if tools and (choice is True or choice in _ANY):
        return tools, True
    raise ConfigurationError(
        f"tool_choice={choice!r} names no bound tool",
        remedy="use 'auto', 'any', 'none' or the name of a bound tool",
    )


def _answer_schema(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if given["type"] == "json_object":
        return _ANYTHING
    schema = given.get("json_schema", {}).get("schema")
    if not isinstance(schema, Mapping):
        raise ConfigurationError(
            "the response format holds no JSON schema",
            remedy='pass {"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}',
        )
    return schema
