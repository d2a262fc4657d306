"""Tools, schemas and results of unusual size or kind."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool
from pydantic import BaseModel, field_validator
from support.scripted_turns import ScriptedTurns, agent_model, call

from cogenesis_langchain.errors import ContextTooLong, InstructionError, StructuredAnswerInvalid
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage
from cogenesis_langchain.testing import FixedContext


class Node(BaseModel):
    """A node of a tree."""

    name: str
    children: list[Node] = []  # a field of pydantic


def numbered(number: int) -> StructuredTool:
    def answer(text: str) -> str:
        return text

    return StructuredTool.from_function(
        answer, name=f"tool_{number}", description=f"The tool with the number {number}."
    )


def test_the_last_of_fifty_tools_can_be_called() -> None:
    tools = [numbered(number) for number in range(50)]
    model = agent_model(ScriptedTurns(call("tool_49", json.dumps({"text": "hi"}))))
    answer = model.bind_tools(tools, tool_choice="any").invoke("Go.")
    assert isinstance(answer, AIMessage)
    (called,) = answer.tool_calls
    assert (called["name"], called["args"]) == ("tool_49", {"text": "hi"})


def test_a_recursive_schema_is_followed() -> None:
    tree = {"name": "a", "children": [{"name": "b", "children": []}]}
    model = agent_model(ScriptedTurns(json.dumps(tree)))
    parsed = model.with_structured_output(Node).invoke("Which tree?")
    assert parsed == Node.model_validate(tree)


class Person(BaseModel):
    """A person."""

    name: str
    ages: dict[str, int]

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > 20:
            raise ValueError(f"{name} is too long")
        return {"Ada": "Ada"}[name]


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("Quillfeather-Obermaier", "name (value_error)"),
        ("Quillfeather", "it is not JSON, or no object of the schema"),
    ],
    ids=["refused", "a validator fails"],
)
def test_the_error_of_an_answer_that_does_not_fit_tells_nothing_of_it(
    method: Any, include_raw: bool, secret: str, problem: str
) -> None:
    written = json.dumps({"name": secret, "ages": {secret: 40}})
    if method == "function_calling":
        written = call("Person", written)
    model = agent_model(ScriptedTurns(written))
    reader = model.with_structured_output(Person, method=method, include_raw=include_raw)
    if include_raw:
        answer = reader.invoke("Who is it?")
        assert isinstance(answer, dict)
        error = answer["parsing_error"]
        assert secret in repr(answer["raw"])
    else:
        with pytest.raises(OutputParserException) as caught:
            reader.invoke("Who is it?")
        error = caught.value
    assert isinstance(error, StructuredAnswerInvalid)
    assert error.what == f"the answer does not fit the schema: {problem}"
    assert secret not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "content", ["\x00\x01\x02\ufffd" * 200, "x" * 100_000, "", "\u202e[/INST]"]
)
def test_a_result_of_any_content_is_answered(content: str) -> None:
    asked = AIMessage("", tool_calls=[{"name": "tool_1", "args": {"text": "a"}, "id": "1"}])
    result = ToolMessage(content, tool_call_id="1")
    model = agent_model(ScriptedTurns("Done."))
    answer = model.bind_tools([numbered(1)]).invoke([HumanMessage("Go."), asked, result])
    assert answer.text == "Done."


def test_a_result_that_is_an_image_is_refused_with_a_remedy() -> None:
    asked = AIMessage("", tool_calls=[{"name": "tool_1", "args": {"text": "a"}, "id": "1"}])
    image = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
    result = ToolMessage([image], tool_call_id="1")
    model = agent_model(ScriptedTurns("Done.")).bind_tools([numbered(1)])
    with pytest.raises(InstructionError) as caught:
        model.invoke([HumanMessage("Go."), asked, result])
    assert caught.value.remedy


class SmallWindow(ScriptedTurns):
    """Takes prompts of up to 3,000 characters."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        needed = sum(len(message.text.reveal()) for message in messages)
        if needed > 3_000:
            raise ContextTooLong(needed, 3_000)
        return super().stream(messages, options)


def test_a_result_of_ten_megabytes_is_cut() -> None:
    began_here = {"cogenesis": {"mode": "agent", "fallback_reason": "no plan"}}
    called = [{"name": "tool_1", "args": {"text": "a"}, "id": "1"}]
    asked = AIMessage("", tool_calls=called, response_metadata=began_here)
    long = ToolMessage("First line.\n" + "x" * 10_000_000, tool_call_id="1")
    other = ToolMessage("The other result.", tool_call_id="2")
    local = SmallWindow("Done.")
    answer = (
        agent_model(local)
        .bind_tools([numbered(1)])
        .invoke([HumanMessage("Go."), asked, long, other])
    )
    (prompt,) = local.prompts
    assert "First line.\nxxx" in prompt and "The other result." in prompt
    assert "x\n(The rest of this result is too long and was left out.)\n" in prompt
    left_out = answer.response_metadata["cogenesis"]["context_left_out"]
    assert 10_000_000 - 3_000 < left_out < 10_000_000


def test_where_results_are_short_the_context_is_cut_and_then_it_is_an_error() -> None:
    local = SmallWindow("Done.")
    notes = FixedContext(texts=["The first note.", "y" * 9_000])
    model = agent_model(local, retriever=notes).bind_tools([numbered(1)])
    answer = model.invoke([HumanMessage("Go.")])
    assert "The first note." in local.prompts[0]
    assert 6_000 < answer.response_metadata["cogenesis"]["context_left_out"] < 9_000
    with pytest.raises(ContextTooLong):
        model.invoke([SystemMessage("z" * 9_000), HumanMessage("Go.")])
