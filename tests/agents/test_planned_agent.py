"""The plan of a task: its one request, its checks, and how it rides in the messages."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from langgraph.types import Command
from support.planned_agent import (
    EACH,
    FIND,
    MAILS,
    NEEDED,
    NOT_NEEDED,
    PLAN,
    REQUEST,
    SEND,
    TOOLS,
    agent,
    delete_everything,
    find_events,
    items,
    mail,
    reports,
    run,
    send_mail,
)
from support.scripted_turns import RefusedByGrammar, ScriptedTurns, agent_model, call

from cogenesis_langchain import MemoryLedger
from cogenesis_langchain.agents.planning.plan import Plan, parse_plan
from cogenesis_langchain.agents.rules import private_tool, read_rules
from cogenesis_langchain.errors import LocalModelError, PrivacyViolation
from cogenesis_langchain.privacy.messages.instruction import TASKS
from cogenesis_langchain.privacy.placeholders import Placeholders


def test_one_request_leaves_for_a_task_and_the_plan_rides_in_the_messages() -> None:
    ledger = MemoryLedger()
    local = ScriptedTurns(FIND, NEEDED, SEND, "The dentist knows.")
    messages = run(local, ledger=ledger)
    assert MAILS == [("Quillfeather", "Please move 3 May.")]
    assert messages[-1].content == "The dentist knows."
    (entry,) = ledger.entries
    assert entry.purpose == "plan" and b"Quillfeather" not in entry.payload
    assert b"find_events" in entry.payload and REQUEST.encode() in entry.payload
    told = reports(messages)
    assert [one["rung"] for one in told] == ["plan"] * 3
    assert [one["step"] for one in told] == [1, 2, 2]
    assert [one["cloud_calls"] for one in told] == [1, 0, 0]
    assert all(one["plan"] == PLAN for one in told)


def test_a_task_without_a_plan_stays_without_one_when_its_first_turns_are_trimmed() -> None:
    ledger = MemoryLedger()
    model = agent_model(ScriptedTurns(FIND), cloud_answers=["no plan"], ledger=ledger)
    history: list[Any] = [HumanMessage(REQUEST)]
    for _ in range(4):
        message = model.bind_tools(TOOLS).invoke([history[0], *history[1:][-2:]])
        result = ToolMessage("May", tool_call_id=message.tool_calls[0]["id"])
        history += [message, result]
        assert len(ledger.entries) == 2
        assert "no usable plan" in message.response_metadata["cogenesis"]["fallback_reason"]


def test_a_turn_that_has_to_call_neither_ends_nor_replaces_the_plan() -> None:
    history: list[Any] = [HumanMessage(REQUEST)]
    ledger = MemoryLedger()
    local = ScriptedTurns(FIND, FIND, FIND, NOT_NEEDED, "None.")
    model = agent_model(local, cloud_answers=[json.dumps(PLAN)], ledger=ledger)
    for choice, plans in (("find_events", 0), (None, 1), ("find_events", 1), (None, 1)):
        message = model.bind_tools(TOOLS, tool_choice=choice).invoke(history)
        history.append(message)
        history += [ToolMessage("May", tool_call_id=one["id"]) for one in message.tool_calls]
        assert len(ledger.entries) == plans
    assert message.text == "None." and message.response_metadata["cogenesis"]["rung"] == "plan"


def test_a_new_request_gets_a_plan_of_its_own() -> None:
    ledger = MemoryLedger()
    local = ScriptedTurns(FIND, NOT_NEEDED, "Nothing.", FIND, NOT_NEEDED, "Nothing again.")
    graph = agent(local, ledger=ledger)
    state = graph.invoke({"messages": [HumanMessage(REQUEST)]})
    graph.invoke({"messages": [*state["messages"], HumanMessage(REQUEST)]})
    first, second = ledger.entries
    assert first.payload == second.payload


def test_without_a_usable_plan_the_local_model_plans_and_says_so() -> None:
    ledger = MemoryLedger()
    messages = run(ScriptedTurns(FIND, "Found."), "no plan", ledger=ledger)
    assert len(ledger.entries) == 2
    told = reports(messages)
    assert [one["rung"] for one in told] == ["local", "local"]
    assert "no usable plan" in told[0]["fallback_reason"] and told[0]["cloud_calls"] == 2


def test_a_second_plan_is_asked_for() -> None:
    ledger = MemoryLedger()
    turns = ScriptedTurns(FIND, NOT_NEEDED, "Found.")
    messages = run(turns, "no plan", json.dumps(PLAN), ledger=ledger)
    assert [one["rung"] for one in reports(messages)] == ["plan", "plan"]
    assert b"earlier plan was rejected" in ledger.entries[1].payload


def test_a_private_tool_is_not_declared_and_comes_before_the_plan_only() -> None:
    @tool
    def read_diary() -> str:
        """Read the diary of Odalys."""
        return "Dentist moved away."

    ledger = MemoryLedger()
    tools = [*TOOLS, private_tool(read_diary)]
    local = ScriptedTurns(call("read_diary", "{}"), FIND, NOT_NEEDED, "Done.")
    run(local, tools=tools, ledger=ledger)
    assert b"diary" not in ledger.entries[0].payload
    for turns in ([FIND], [FIND, NEEDED], [FIND, NOT_NEEDED]):
        with pytest.raises(RefusedByGrammar):
            run(ScriptedTurns(*turns, call("read_diary", "{}")), tools=tools)


@tool
def read_folder() -> str:
    """Read the folder of Odalys Quillfeather."""
    return ""


def test_a_declaration_does_not_depend_on_the_conversation() -> None:
    """It is configuration: what an earlier turn says can neither change nor remove it."""
    requests = []
    for earlier in ("It is late.", "You are Odalys Quillfeather."):
        ledger = MemoryLedger()
        answers = [json.dumps(PLAN)]
        model = agent_model(ScriptedTurns(FIND), cloud_answers=answers, ledger=ledger)
        bound = model.bind_tools([find_events, send_mail, read_folder])
        bound.invoke([AIMessage(earlier), HumanMessage(REQUEST)])
        requests.append([entry.payload for entry in ledger.entries])
    assert requests[0] == requests[1] and b"read_folder" in requests[0][0]


@pytest.mark.parametrize("choice", [None, "auto", False, {"type": "auto"}], ids=str)
def test_a_declaration_with_a_private_value_of_the_store_cannot_be_bound(choice: Any) -> None:
    model = agent_model(ScriptedTurns(FIND), private_terms=["Odalys Quillfeather"])
    with pytest.raises(PrivacyViolation, match="declarations of tools") as caught:
        model.bind_tools([*TOOLS, read_folder], tool_choice=choice)
    assert "Odalys" not in str(caught.value) and "private_tool" in caught.value.remedy
    model.bind_tools([*TOOLS, private_tool(read_folder)], tool_choice=choice)


def test_a_declaration_that_bind_bound_is_checked_before_it_leaves() -> None:
    ledger = MemoryLedger()
    terms = ["Odalys Quillfeather"]
    model = agent_model(ScriptedTurns(FIND), private_terms=terms, ledger=ledger)
    declared = [convert_to_openai_tool(one) for one in (*TOOLS, read_folder)]
    with pytest.raises(PrivacyViolation, match="declarations of tools"):
        model.bind(tools=declared).invoke([HumanMessage(REQUEST)])
    assert not ledger.entries


@pytest.mark.parametrize("choice", ["any", "none", "read_folder"])
def test_where_nothing_leaves_a_declaration_may_hold_a_private_value(choice: str) -> None:
    ledger = MemoryLedger()
    local = ScriptedTurns("Done." if choice == "none" else call("read_folder", "{}"))
    model = agent_model(local, private_terms=["Odalys Quillfeather"], ledger=ledger)
    model.bind_tools([read_folder], tool_choice=choice).invoke([HumanMessage(REQUEST)])
    assert not ledger.entries


def test_max_steps_ends_a_loop_of_forced_calls() -> None:
    """Such as that of ToolStrategy, where the answer is a call as well."""
    local = ScriptedTurns(*[FIND] * 9)
    model = agent_model(local, max_steps=3).bind_tools(TOOLS, tool_choice="any")
    history: list[Any] = [HumanMessage(REQUEST)]
    with pytest.raises(LocalModelError, match="3 turns have called tools") as caught:
        for number in range(9):
            turn = model.invoke(history)
            history += [turn, ToolMessage(f"found {number}", tool_call_id=turn.tool_calls[0]["id"])]
    assert len(history) == 7 and "max_steps=3" in caught.value.remedy


def test_max_steps_ends_a_loop() -> None:
    listed = items(*(str(number) for number in range(30)))
    turns = [mail(str(number)) for number in range(2)]
    local = ScriptedTurns(FIND, listed, *turns, "I stop.")
    model = agent_model(local, cloud_answers=[json.dumps(EACH)], max_steps=3)
    bound = model.bind_tools(TOOLS, parallel_tool_calls=False)
    history: list[Any] = [HumanMessage(REQUEST)]
    for _ in range(4):
        message = bound.invoke(history)
        results = [ToolMessage("ok", tool_call_id=call["id"]) for call in message.tool_calls]
        history += [message, *results]
    assert history[-1].content == "I stop."
    assert "max_steps=3" in history[-1].response_metadata["cogenesis"]["fallback_reason"]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("Just call the tools.", "prose"),
        ('{"steps": [{"tool": "find_events", "extra": 1}]}', "prose"),
        ('{"steps": [{"tool": "hack", "fill": {}}]}', "tool"),
        ('{"steps": [{"tool": "find_events", "fill": {"colour": "red"}}]}', "tool"),
        ('{"steps": [{"tool": "find_events", "fill": {"query": "from $1"}}]}', "reference"),
        ('{"steps": [{"tool": "send_mail", "fill": {"to": "me@evil.test"}}]}', "markup"),
        ('{"steps": [{"tool": "find_events", "if": "see http://x.y/"}]}', "markup"),
        (json.dumps({"steps": [{"tool": "find_events", "fill": {}}] * 31}), "count"),
        (json.dumps({"steps": [{"tool": "find_events", "fill": {}}] * 1000}), "length"),
        ("[" * 7000 + "{", "prose"),
    ],
)
def test_a_bad_plan_is_refused(answer: str, fault: str) -> None:
    rules = read_rules({"tools": [convert_to_openai_tool(one) for one in TOOLS]})
    assert rules is not None
    parsed = parse_plan(answer, instruction=REQUEST, tools=rules.tools, placeholders=Placeholders())
    assert (parsed.sketch, parsed.fault) == (None, fault)


def test_a_plan_may_name_a_file_that_the_request_names() -> None:
    rules = read_rules({"tools": [convert_to_openai_tool(one) for one in TOOLS]})
    assert rules is not None
    plan = json.dumps({"steps": [{"tool": "find_events", "fill": {"query": "words of july.txt"}}]})
    faults = [
        parse_plan(plan, instruction=asked, tools=rules.tools, placeholders=Placeholders()).fault
        for asked in ("Find what 'july.txt' names.", "Find what 'may.txt' names.")
    ]
    assert faults == [None, "markup"]


def test_a_plan_in_a_fence_is_read() -> None:
    rules = read_rules({"tools": [convert_to_openai_tool(one) for one in TOOLS]})
    assert rules is not None
    text = f"Here it is:\n```json\n{json.dumps(PLAN)}\n```"
    parsed = parse_plan(text, instruction=REQUEST, tools=rules.tools, placeholders=Placeholders())
    assert isinstance(parsed.sketch, Plan) and parsed.sketch.told() == PLAN


def test_marks_of_a_call_in_a_json_answer_are_text() -> None:
    written = json.dumps({"answer": call("delete_everything", "{}")})
    schema = {"title": "Told", "type": "object", "properties": {"answer": {"type": "string"}}}
    for tools in ([], [delete_everything]):
        bound = agent_model(ScriptedTurns(written)).bind_tools(
            tools, response_format={"type": "json_schema", "json_schema": {"schema": schema}}
        )
        message = bound.invoke(REQUEST)
        assert (message.text, message.tool_calls) == (written, [])


NOTE = HumanMessage("my sister juniper has stopped drinking and owes the club", name="notes")
OTHERS_ANSWER = AIMessage("Hello.", response_metadata={"cogenesis": {TASKS: ("another",)}})
"""Of another agent, which has tasks of its own."""


@pytest.mark.parametrize(
    "added",
    [
        [NOTE],
        [AIMessage("I am the helper."), NOTE],
        [HumanMessage("Hello helper"), OTHERS_ANSWER, NOTE],
        [HumanMessage("Hello helper"), OTHERS_ANSWER, NOTE, AIMessage("Found.")],
        [RemoveMessage(id=REMOVE_ALL_MESSAGES), NOTE],
        [RemoveMessage(id=REMOVE_ALL_MESSAGES), AIMessage("I am the helper."), NOTE],
    ],
    ids=[
        "one",
        "after an answer",
        "a conversation",
        "with its end",
        "in the place of all",
        "an answer in the place of all",
    ],
)
def test_messages_that_a_tool_puts_in_cause_no_request(added: list[Any]) -> None:
    """A tool that hands over to another agent may write some, from what it read."""

    @tool
    def look_up(words: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Look something up in the notes."""
        found = ToolMessage("found", tool_call_id=tool_call_id)
        first = [one for one in added if isinstance(one, RemoveMessage)]
        return Command(update={"messages": [*first, found, *added[len(first) :]]})

    ledger = MemoryLedger()
    plan = {"steps": [{"tool": "look_up", "fill": {"words": "what is asked"}}], "answer": "tell it"}
    local = ScriptedTurns(call("look_up", '{"words": "x"}'), "Done.")
    model = agent_model(local, cloud_answers=[json.dumps(plan)] * 3, ledger=ledger)
    made: Any = create_agent(model, [look_up])
    made.invoke({"messages": [HumanMessage("Look up what my notes say about my family.")]})
    (entry,) = ledger.entries
    assert b"juniper" not in entry.payload


def test_an_answer_ends_the_tasks_that_it_was_shown() -> None:
    """Also one that was given up, whose calls have no answer of their own."""
    ledger = MemoryLedger()
    local = ScriptedTurns(FIND, "Given up.", "Hello.", "Done.")
    model = agent_model(local, cloud_answers=["no plan"] * 9, ledger=ledger)
    bound = model.bind_tools([find_events])
    messages: list[Any] = [HumanMessage("Find my dentist.")]
    messages.append(bound.invoke(messages))  # it calls, and then the user goes on
    messages += [ToolMessage("found", tool_call_id=messages[-1].tool_calls[0]["id"])]
    sent = len(ledger.entries)
    messages += [HumanMessage("Write to juniper.")]
    messages.append(bound.invoke(messages))
    assert len(ledger.entries) == sent, "a tool may have written it"
    bound.invoke([*messages, HumanMessage("Write a poem.")])
    assert len(ledger.entries) > sent


def test_an_answer_of_a_model_without_tools_ends_a_task_too() -> None:
    """In a graph, another node may write the answer."""
    ledger = MemoryLedger()
    local = ScriptedTurns(FIND, *["A text."] * 9)
    model = agent_model(local, cloud_answers=["no plan"] * 20, ledger=ledger)
    messages: list[Any] = [HumanMessage("Find my dentist.")]
    messages.append(model.bind_tools([find_events]).invoke(messages))
    messages += [ToolMessage("found", tool_call_id=messages[-1].tool_calls[0]["id"])]
    messages.append(model.invoke(messages))
    sent = len(ledger.entries)
    model.bind_tools([find_events]).invoke([*messages, HumanMessage("Write a poem.")])
    assert len(ledger.entries) > sent


def test_messages_that_tools_put_in_cause_no_request_however_many_they_are() -> None:
    note = HumanMessage("my sister juniper has stopped drinking")
    calls = AIMessage(
        "", tool_calls=[{"name": "find_events", "args": {}, "id": one} for one in ("a", "b")]
    )
    results = [ToolMessage("found", tool_call_id=one) for one in ("a", "b")]
    ledger = MemoryLedger()
    model = agent_model(
        ScriptedTurns("Done.", "Done."), cloud_answers=["no plan"] * 4, ledger=ledger
    )
    bound = model.bind_tools([find_events])
    for told in ([results[0], note, results[1], note], [*results, note, note]):
        bound.invoke([HumanMessage("What do my notes say?"), calls, *told])
    assert not ledger.entries
