"""Addresses and numbers in calls: those of the conversation, or no call."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from support.planned_agent import MAILS, agent, items, reports, run, send_mail
from support.scripted_turns import ScriptedTurns, agent_model, call

from cogenesis_langchain.agents.grounding import Grounding, UnknownValues
from cogenesis_langchain.models.tools import Tool
from cogenesis_langchain.privacy.text import PrivateText

RIGHT, WRONG = "dr.obi@obi-dental.example", "dr-felix-obi@obi-dental.example"
IBAN = "DE89 3704 0044 0532 0130 00"


@tool
def find_contacts(words: str) -> str:
    """Find people."""
    return f"Dr Felix Obi, dentist, {RIGHT}\nPapdale School, office@papdale.example"


PLAN: dict[str, Any] = {
    "steps": [
        {"tool": "find_contacts", "fill": {"words": "dentist"}},
        {"tool": "send_mail", "fill": {"to": "address, from $1", "text": "ask for another day"}},
    ],
    "answer": "say that the dentist was written to",
}
EACH = {**PLAN, "steps": [PLAN["steps"][0], {**PLAN["steps"][1], "each": "person in $1"}]}
FIND = call("find_contacts", '{"words": "dentist"}')


def mail(to: str, text: str = "Another day, please.") -> str:
    return call("send_mail", json.dumps({"to": to, "text": text}))


def run_with(local: ScriptedTurns, found: Any = find_contacts, plan: Any = PLAN) -> list[Any]:
    return run(local, json.dumps(plan), tools=[found, send_mail])


def grounding(*results: str, notes: str = "", plan: str = "") -> Grounding:
    messages = [
        SystemMessage("Today is 3 May 2031."),
        HumanMessage("Write to the dentist."),
        AIMessage("", tool_calls=[{"name": "send_mail", "args": {"to": WRONG}, "id": "1"}]),
        *(ToolMessage(result, tool_call_id="1") for result in results),
    ]
    return Grounding(messages, [PrivateText(notes)], plan)


def unknown(held: Grounding, **arguments: Any) -> UnknownValues:
    return held.unknown_in(json.dumps(arguments))


def test_a_misspelt_address_is_asked_for_again_with_those_that_are_known() -> None:
    local = ScriptedTurns(FIND, mail(WRONG), mail(RIGHT), "Done.")
    messages = run_with(local)
    assert [to for to, _ in MAILS] == [RIGHT]
    assert f'A first attempt held "{WRONG}"' in local.prompts[2]
    assert [one["step"] for one in reports(messages)] == [1, 2, 2]
    assert reports(messages)[-1]["undone"] == ()


def test_the_second_attempt_cannot_hold_another_address() -> None:
    from support.scripted_turns import RefusedByGrammar

    with pytest.raises(RefusedByGrammar):
        run_with(ScriptedTurns(FIND, mail(WRONG), mail("stranger@elsewhere.example")))
    assert MAILS == []


def test_a_call_is_not_made_where_no_address_is_known() -> None:
    @tool
    def find_contacts(words: str) -> str:
        """Find people."""
        return "nobody"

    local = ScriptedTurns(FIND, mail(WRONG), mail(WRONG), "I found no address.")
    messages = run_with(local, find_contacts)
    assert MAILS == [] and messages[-1].text == "I found no address."
    assert "$2: call send_mail" in local.prompts[-1].rpartition("were not done")[2]
    assert reports(messages)[-1]["undone"] == (2,)


def test_the_items_whose_address_is_unknown_are_left_out() -> None:
    @tool
    def find_contacts(words: str) -> str:
        """Find people."""
        return f"Obi, {RIGHT}" if words == "Obi" else "nobody"

    history = [
        HumanMessage("Write to both."),
        AIMessage(
            "",
            tool_calls=[{"name": "find_contacts", "args": {"words": "Obi"}, "id": "1"}],
            response_metadata={
                "cogenesis": {"mode": "agent", "rung": "plan", "plan": EACH, "step": 1}
            },
        ),
        ToolMessage("nobody", tool_call_id="1"),
    ]
    local = ScriptedTurns(items("Ada", "Bo"), *[mail(WRONG)] * 4, "I found no address.")
    message = agent_model(local).bind_tools([find_contacts, send_mail]).invoke(history)
    assert message.tool_calls == [] and message.text == "I found no address."
    assert message.response_metadata["cogenesis"]["undone"] == (2,)


def test_an_address_inside_a_long_text_is_asked_for_again_but_does_not_stop_the_call() -> None:
    text = f"Please answer to {WRONG}, or come by."
    run_with(ScriptedTurns(FIND, mail(RIGHT, text), mail(RIGHT, text), "Done."))
    assert [(RIGHT, text)] == MAILS


def test_an_agent_without_a_plan_may_write_what_it_likes() -> None:
    """Nothing says there that arguments are looked up."""
    local = ScriptedTurns(mail(WRONG), "Done.")
    made = agent(local, "no plan", "no plan", tools=[find_contacts, send_mail])
    made.invoke({"messages": [HumanMessage("Write to my dentist.")]})
    assert [to for to, _ in MAILS] == [WRONG]


@pytest.mark.parametrize(
    "value",
    [RIGHT, RIGHT.upper(), f"<{RIGHT}>", "DE89370400440532013000", "+44 1856 555 0171", "4471"],
)
def test_what_stands_in_the_conversation_is_known(value: str) -> None:
    held = grounding(f"Obi <{RIGHT}>, {IBAN}", notes="Call +44 1856 5550171")
    assert not unknown(held, to=value)
    assert not unknown(grounding(plan=f"read {value}"), to=[{"deep": value}])


@pytest.mark.parametrize(
    "value", [WRONG, f"<{WRONG}>", "GB29NWBK60161331926819", "+44 1856 555 0172"]
)
def test_what_stands_nowhere_is_unknown(value: str) -> None:
    """An argument of an earlier call is no source."""
    found = unknown(grounding(f"Obi, {RIGHT}, {IBAN}", notes="+44 1856 555 0171"), to=value)
    assert set(found.reached) == {"to"}


def test_a_year_or_a_code_is_unknown_but_stops_nothing() -> None:
    found = unknown(grounding("INV-4471"), date="2023-05-03", code="Xk39fj2Qw8")
    assert found.words == ("2023", "Xk39fj2Qw8") and not found.reached
    assert not unknown(grounding("INV-4471"), date="2031-05-04", code="INV-4471")


@pytest.mark.parametrize(
    ("schema", "narrowed"),
    [
        ({"type": "string"}, {"enum": ["office@papdale.example", RIGHT]}),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"enum": ["office@papdale.example", RIGHT]}},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"enum": ["office@papdale.example", RIGHT]}, {"type": "null"}]},
        ),
        ({"type": "object"}, {"type": "object"}),
        (True, True),
    ],
)
def test_an_argument_is_narrowed_to_the_known_addresses(schema: Any, narrowed: Any) -> None:
    held = grounding(f"Obi, {RIGHT}; office@papdale.example; {IBAN}")
    made = Tool("send_mail", "", {"type": "object", "properties": {"to": schema, "text": schema}})
    changed = held.narrowed(made, UnknownValues((WRONG,), {"to": WRONG}))
    assert changed.parameters["properties"] == {"to": narrowed, "text": schema}


def test_a_number_is_chosen_from_numbers() -> None:
    held = grounding(f"Obi, {RIGHT}, {IBAN}")
    made = Tool("pay", "", {"properties": {"to": {"type": "string"}}})
    changed = held.narrowed(made, unknown(held, to="GB29NWBK60161331926819"))
    assert changed.parameters["properties"] == {"to": {"enum": [IBAN]}}


def test_arguments_that_are_no_object_hold_nothing() -> None:
    assert not grounding().unknown_in(f'{{"to": "{WRONG}')


@pytest.mark.parametrize("unit", ["1", "a", "@", "a@", "A1 ", "DE89"])
def test_the_time_is_proportional_to_the_length_of_a_result(unit: str) -> None:
    def seconds(length: int) -> float:
        held = grounding(unit * (length // len(unit)))
        start = time.perf_counter()
        found = unknown(held, to=WRONG)
        held.narrowed(Tool("pay", "", {"properties": {"to": {"type": "string"}}}), found)
        return time.perf_counter() - start

    short = max(seconds(20_000), 0.005)
    assert seconds(200_000) < 40 * short
