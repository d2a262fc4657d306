from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from pydantic import BaseModel, Field, field_validator
from support.scripted import Documents
from support.scripted_turns import ChatTurns, RefusedByGrammar, ScriptedTurns, agent_model, call

from cogenesis_langchain import MemoryLedger
from cogenesis_langchain.errors import (
    ConfigurationError,
    GrammarError,
    LocalModelError,
    UntrustedFallback,
    UntrustedLocalModel,
)
from cogenesis_langchain.models.base import LocalChunk


@tool
def add(a: int, b: int = 0) -> int:
    """Add two numbers."""
    return a + b


@tool
def today() -> str:
    """Tell the date."""
    return "2026-11-28"


class Person(BaseModel):
    """A person."""

    name: str
    age: int = Field(ge=0, le=130)


class City(TypedDict):
    """A city."""

    name: str


def test_a_call_is_parsed_and_told() -> None:
    local = ScriptedTurns("I shall add.\n" + call("add", '{"a": 2, "b": 3}'))
    answer = agent_model(local).bind_tools([add]).invoke("What is 2 and 3?")
    assert isinstance(answer, AIMessage)
    (made,) = answer.tool_calls
    assert (made["name"], made["args"]) == ("add", {"a": 2, "b": 3}) and made["id"]
    assert answer.content == "I shall add.\n"
    assert [block["type"] for block in answer.content_blocks] == ["text", "tool_call"]
    report = answer.response_metadata["cogenesis"]
    assert report["mode"] == "agent" and report["rung"] == "local" and report["cloud_calls"] == 2
    assert "no usable plan" in report["fallback_reason"]
    assert answer.response_metadata["finish_reason"] == "tool_calls"


def test_a_forced_turn_and_a_schema_cause_no_request() -> None:
    ledger = MemoryLedger()
    local = ScriptedTurns(call("add", '{"a": 2}'), '{"name": "Ada", "age": 1}')
    model = agent_model(local, ledger=ledger)
    answer = model.bind_tools([add], tool_choice="any").invoke("What is 2 and 3?")
    report = answer.response_metadata["cogenesis"]
    assert report["cloud_calls"] == 0 and report["rung"] == "local"
    assert report["fallback_reason"] == "", "it is as asked"
    model.with_structured_output(Person).invoke("Who is it?")
    assert ledger.entries == ()


def test_the_model_is_told_tools_context_and_the_whole_conversation() -> None:
    local = ScriptedTurns("Five.")
    model = agent_model(local, retriever=Documents(texts=["Quist lives here."]))
    history = [
        SystemMessage("Be brief."),
        HumanMessage("What is 2 and 3?"),
        AIMessage("", tool_calls=[{"name": "add", "args": {"a": 2, "b": 3}, "id": "1"}]),
        ToolMessage("5", tool_call_id="1", name="add"),
    ]
    assert model.bind_tools([add]).invoke(history).content == "Five."
    (prompt,) = local.prompts
    for text in ("Quist lives here.", "Be brief.", '"description": "Add two numbers."', "2 and 3?"):
        assert text in prompt
    assert prompt.endswith(
        f"assistant: {call('add', json.dumps({'a': 2, 'b': 3}))}\n"
        "user: <tool_response>\n5\n</tool_response>"
    )


@pytest.mark.parametrize("form", ["function", "openai", "anthropic", "pydantic", "typed", "json"])
def test_every_format_of_a_tool_is_understood(form: str) -> None:
    def find(name: str) -> str:
        """Find somebody."""
        return name

    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    function = {"name": "find", "description": "Find.", "parameters": schema}
    named, declared = {
        "function": ("find", find),
        "openai": ("find", {"type": "function", "function": function}),
        "anthropic": ("find", {"name": "find", "description": "Find.", "input_schema": schema}),
        "pydantic": ("Person", Person),
        "typed": ("City", City),
        "json": ("find", {"title": "find", "description": "Find.", **schema}),
    }[form]
    arguments = {"name": "Ada"} | ({"age": 36} if form == "pydantic" else {})
    model = agent_model(ScriptedTurns(call(named, json.dumps(arguments))))
    (made,) = model.bind_tools([declared]).invoke("Find Ada.").tool_calls  # type: ignore[list-item]
    assert (made["name"], made["args"]) == (named, arguments)


@pytest.mark.parametrize(
    ("choice", "allowed", "forbidden"),
    [
        ("auto", "Some text.", None),
        ("any", call("today", "{}"), "Some text."),
        (True, call("add", '{"a": 1}'), "Some text."),
        ("add", call("add", '{"a": 1}'), call("today", "{}")),
        ({"type": "function", "function": {"name": "add"}}, call("add", '{"a": 1}'), "Text."),
        ("none", "Some text.", None),
    ],
)
def test_the_tool_choice_decides_what_can_be_written(
    choice: Any, allowed: str, forbidden: str | None
) -> None:
    bound = agent_model(ScriptedTurns(allowed)).bind_tools([add, today], tool_choice=choice)
    answer = bound.invoke("Go.")
    assert bool(answer.tool_calls) == allowed.startswith("<")
    if forbidden is not None:
        other = agent_model(ScriptedTurns(forbidden)).bind_tools([add, today], tool_choice=choice)
        with pytest.raises(RefusedByGrammar):
            other.invoke("Go.")


def test_calls_in_parallel_can_be_forbidden() -> None:
    both = call("add", '{"a": 1}') + "\n" + call("today", "{}")
    answer = agent_model(ScriptedTurns(both)).bind_tools([add, today]).invoke("Go.")
    assert [made["name"] for made in answer.tool_calls] == ["add", "today"]
    assert len({made["id"] for made in answer.tool_calls}) == 2 and answer.content == ""
    alone = agent_model(ScriptedTurns(both)).bind_tools([add, today], parallel_tool_calls=False)
    with pytest.raises(RefusedByGrammar):
        alone.invoke("Go.")


@pytest.mark.parametrize(
    "arguments", ['{"a": "one"}', "{}", '{"a": 1, "c": 2}', '{"a": 1.5}', '{"a": 1', "null"]
)
def test_arguments_cannot_break_their_schema(arguments: str) -> None:
    strict = agent_model(ScriptedTurns(call("add", arguments))).bind_tools([add], strict=True)
    with pytest.raises(RefusedByGrammar):
        strict.invoke("Go.")


def test_an_unusable_choice_or_tool_is_refused() -> None:
    model = agent_model(ScriptedTurns("x"))
    with pytest.raises(ConfigurationError, match="'subtract' names no bound tool"):
        model.bind_tools([add], tool_choice="subtract").invoke("Go.")
    with pytest.raises(ConfigurationError, match="two tools are called 'add'"):
        model.bind_tools([add, add]).invoke("Go.")
    with pytest.raises(ConfigurationError, match="runs at a cloud provider"):
        model.bind_tools([{"type": "web_search_preview"}])


def test_chunks_of_calls_are_streamed_with_their_index() -> None:
    text = "Well.\n" + call("add", '{"a": 1}') + "\n" + call("today", "{}")
    chunks = list(agent_model(ScriptedTurns(text)).bind_tools([add, today]).stream("Go."))
    made = [chunk["index"] for one in chunks for chunk in one.tool_call_chunks]  # type: ignore[attr-defined]
    assert made == [0, 1]
    total = sum(chunks[1:], chunks[0])
    assert isinstance(total, AIMessageChunk)
    assert [one["args"] for one in total.tool_calls] == [{"a": 1}, {}]
    assert total.content == "Well.\n"


def test_a_call_without_its_marks_is_a_call() -> None:
    text = '{"name": "add", "arguments": {"a": 1}}'
    answer = agent_model(ScriptedTurns(text)).bind_tools([add]).invoke("Go.")
    assert [made["args"] for made in answer.tool_calls] == [{"a": 1}] and answer.content == ""
    with pytest.raises(RefusedByGrammar):
        agent_model(ScriptedTurns('{"name": "sub"')).bind_tools([add]).invoke("Go.")


def test_a_repeated_call_ends_the_turn() -> None:
    text = "\n".join([call("add", '{"a": 1}')] * 3)
    answer = agent_model(ScriptedTurns(text)).bind_tools([add]).invoke("Go.")
    assert len(answer.tool_calls) == 1


def test_undeclared_arguments_cannot_be_written() -> None:
    local = ScriptedTurns(call("today", '{"properties": {}}'))
    with pytest.raises(RefusedByGrammar):
        agent_model(local).bind_tools([today]).invoke("Go.")


def test_a_call_that_is_cut_off_is_invalid() -> None:
    local = ScriptedTurns('<tool_call>\n{"name": "add", "arguments": {"a": 12…')
    answer = agent_model(local).bind_tools([add]).invoke("Go.")
    assert answer.tool_calls == [] and answer.invalid_tool_calls[0]["name"] == "add"
    assert answer.response_metadata["finish_reason"] == "length"
    assert len(local.prompts) == 1


def test_keywords_that_no_grammar_holds_are_checked_and_asked_for_again() -> None:
    parameters = {
        "type": "object",
        "properties": {"n": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}},
        "required": ["n"],
        "additionalProperties": False,
    }
    declared = {"name": "pick", "description": "Pick numbers.", "input_schema": parameters}
    local = ScriptedTurns("Hm.\n" + call("pick", '{"n": [1, 1]}'), call("pick", '{"n": [1, 2]}'))
    answer = agent_model(local).bind_tools([declared]).invoke("Go.")
    assert [one["args"] for one in answer.tool_calls] == [{"n": [1, 2]}]
    assert answer.content == "Hm.\n" and len(local.prompts) == 2
    usage = answer.response_metadata["cogenesis"]["usage"]["local"]
    assert usage["input_tokens"] == 20


def test_a_schema_that_cannot_be_compiled_is_an_error() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=a)b"}}}
    declared = {"name": "odd", "description": "Odd.", "input_schema": schema}
    with pytest.raises(GrammarError, match="look-around"):
        agent_model(ScriptedTurns("x")).bind_tools([declared]).invoke("Go.")


@pytest.mark.parametrize("method", ["json_schema", "json_mode", "function_calling"])
@pytest.mark.parametrize("schema", [Person, City, Person.model_json_schema()])
def test_structured_output(method: Any, schema: Any) -> None:
    is_city = schema is City
    value = {"name": "Ada"} | ({} if is_city else {"age": 36})
    title = "City" if is_city else "Person"
    text = json.dumps(value) if method != "function_calling" else call(title, json.dumps(value))
    model = agent_model(ScriptedTurns(text))
    parsed = model.with_structured_output(schema, method=method).invoke("Who is it?")
    assert parsed == (Person(name="Ada", age=36) if schema is Person else value)
    raw = model.with_structured_output(schema, method=method, include_raw=True).invoke("Who?")
    assert isinstance(raw, dict)
    assert isinstance(raw["raw"], AIMessage) and raw["parsed"] == parsed
    assert raw["parsing_error"] is None
    *_, last = model.with_structured_output(schema, method=method).stream("Who is it?")
    assert last == parsed


def test_an_answer_cannot_break_its_schema() -> None:
    model = agent_model(ScriptedTurns('{"name": "Ada", "age": 131}'))
    with pytest.raises(RefusedByGrammar):
        model.with_structured_output(Person).invoke("Who is it?")


@pytest.mark.parametrize("strategy", [ToolStrategy, ProviderStrategy, None])
def test_an_agent_calls_tools_and_gives_a_structured_response(strategy: Any) -> None:
    value = '{"name": "Ada", "age": 5}'
    last = call("Person", value) if strategy is ToolStrategy else value
    local = ScriptedTurns(call("add", '{"a": 2, "b": 3}'), last)
    agent = create_agent(
        agent_model(local), [add], response_format=strategy(Person) if strategy else Person
    )
    state = agent.invoke({"messages": [HumanMessage("How old is Ada?")]})
    assert state["structured_response"] == Person(name="Ada", age=5)
    assert any(isinstance(one, ToolMessage) and one.content == "5" for one in state["messages"])


def test_the_profile_tells_what_the_local_model_can() -> None:
    able = agent_model(ScriptedTurns("x")).profile
    assert able is not None and able["tool_calling"] and able["structured_output"]
    from support.scripted import ScriptedLocal

    model = agent_model(ScriptedLocal())  # type: ignore[arg-type]
    assert model.profile is not None and not model.profile["tool_calling"]
    with pytest.raises(ConfigurationError, match="cannot call tools"):
        model.bind_tools([add]).invoke("Go.")


def test_a_chat_model_of_langchain_is_asked_in_its_own_way() -> None:
    turn = AIMessage("", tool_calls=[{"name": "add", "args": {"a": 1}, "id": "x"}])
    local = ChatTurns(messages=[turn])
    answer = agent_model(local).bind_tools([add, today], tool_choice="add").invoke("Go.")
    assert [one["args"] for one in answer.tool_calls] == [{"a": 1}]
    (bound,) = local.bound
    assert [one["function"]["name"] for one in bound["tools"]] == ["add"]
    assert bound["tool_choice"] == "any" and bound["messages"][-1].content == "Go."


def test_a_chat_model_that_breaks_a_schema_is_asked_again() -> None:
    wrong = AIMessage("", tool_calls=[{"name": "add", "args": {"a": "one"}, "id": "x"}])
    right = AIMessage("", tool_calls=[{"name": "add", "args": {"a": 1}, "id": "y"}])
    local = ChatTurns(messages=[wrong, right])
    answer = agent_model(local).bind_tools([add]).invoke("Go.")
    assert [one["args"] for one in answer.tool_calls] == [{"a": 1}] and len(local.bound) == 2


def test_a_chat_model_that_calls_nothing_though_it_has_to_is_an_error() -> None:
    local = ChatTurns(messages=[AIMessage("Just text.")])
    with pytest.raises(LocalModelError, match="called no tool"):
        agent_model(local).bind_tools([add], tool_choice="any").invoke("Go.")


def test_structured_output_of_a_chat_model() -> None:
    turn = AIMessage("", tool_calls=[{"name": "answer", "args": {"name": "A", "age": 1}, "id": ""}])
    model = agent_model(ChatTurns(messages=[turn]))
    assert model.with_structured_output(Person).invoke("Who?") == Person(name="A", age=1)


def test_properties_beside_alternatives_can_be_written() -> None:
    branches = [
        {"properties": {name: {"type": "string"}}, "required": [name]} for name in ("a", "b")
    ]
    kind = {"properties": {"kind": {"type": "string"}}, "required": ["kind"], "anyOf": branches}
    schema = {"name": "pick", "description": "Pick.", "parameters": {"type": "object", **kind}}
    written = '{"kind": "x", "a": "y"}'
    bound = agent_model(ScriptedTurns(call("pick", written))).bind_tools(
        [{"type": "function", "function": schema}], tool_choice="any"
    )
    answer = bound.invoke("Go.")
    assert isinstance(answer, AIMessage) and answer.tool_calls[0]["args"] == {"kind": "x", "a": "y"}


def test_a_structured_answer_is_streamed_as_it_grows() -> None:
    class Growing(ScriptedTurns):
        def stream(self, *given: Any) -> Iterator[LocalChunk]:
            for chunk in super().stream(*given):
                yield from (LocalChunk(letter) for letter in chunk.text)
                yield replace(chunk, text="")

    model = agent_model(Growing('{"name": "Ada Lovelace", "city": "London"}'))
    text = {"type": "string"}
    schema = {"title": "Woman", "type": "object", "properties": {"name": text, "city": text}}
    grown = list(model.with_structured_output(schema).stream("Who is it?"))
    assert len(grown) > 2 and grown[-1] == {"name": "Ada Lovelace", "city": "London"}


def test_what_is_bound_to_a_structured_model_keeps_whom_it_trusts() -> None:
    trusted = RunnableLambda(str)
    model = agent_model(ScriptedTurns("x"), trust=[trusted])
    asking: Any = model.with_structured_output(Person)
    for bound in (asking, asking.with_config(tags=["a"]), asking.bind(), asking.with_retry()):
        bound.with_fallbacks([trusted])


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@pytest.mark.parametrize("include_raw", [False, True])
def test_an_object_that_is_cut_off_is_an_error_and_is_not_completed(
    include_raw: bool, method: Any
) -> None:
    start = '<tool_call>\n{"name": "Person", "arguments": ' if method == "function_calling" else ""
    model = agent_model(ScriptedTurns(start + '{"name": "Ada", "age": 3…'))
    asking = model.with_structured_output(Person, include_raw=include_raw, method=method)
    if include_raw:
        answer = asking.invoke("Who is it?")
        assert isinstance(answer, dict) and answer["parsed"] is None
        assert isinstance(answer["parsing_error"], LocalModelError)
    else:
        with pytest.raises(LocalModelError, match="cut off"):
            asking.invoke("Who is it?")


@pytest.mark.parametrize("method", ["json_schema", "json_mode", "function_calling"])
def test_an_object_that_no_parser_accepts_reaches_no_fallback(method: Any) -> None:
    class Even(BaseModel):
        """A number."""

        number: int

        @field_validator("number")
        @classmethod
        def _is_even(cls, number: int) -> int:
            if number % 2:
                raise ValueError("odd")
            return number

    given: list[object] = []
    fallback: Any = RunnableLambda(given.append)
    text = '{"number": 3}'
    model = agent_model(ScriptedTurns(call("Even", text) if method == "function_calling" else text))
    asking = model.with_structured_output(Even, method=method)
    with pytest.raises(UntrustedLocalModel):
        asking.with_fallbacks([fallback])
    composed: Any = RunnableLambda(lambda told: asking.invoke(told)) | RunnableLambda(str)
    with pytest.raises(UntrustedFallback):
        (asking | str).with_fallbacks([fallback]).invoke("I am Oksana Merriweather. Which?")
    with pytest.raises(UntrustedFallback):
        composed.with_fallbacks([fallback]).invoke("I am Oksana Merriweather. Which?")
    assert not given
