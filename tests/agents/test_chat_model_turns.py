"""Planned turns of a local chat model that no grammar holds."""

from __future__ import annotations

import json

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from support.planned_agent import (
    EACH,
    MAILS,
    ORDERED,
    PLAN,
    REQUEST,
    TOOLS,
    called_by,
    said,
)
from support.scripted_turns import ChatTurns, agent_model

from cogenesis_langchain.errors import LocalModelError


@pytest.mark.parametrize(
    "decided",
    [
        [AIMessage('{"items": ["Ada"]}')],
        [AIMessage('Here:\n```json\n{"items": ["Ada"]}\n```')],
        [said("", "answer", items="Ada"), said("", "answer", items=["Ada"])],
    ],
    ids=["text", "fence", "second attempt"],
)
def test_a_chat_model_decides_by_a_call_or_in_text(decided: list[AIMessage]) -> None:
    sending = said("", "send_mail", to="Ada", text="Hello")
    called_by(*decided, sending, AIMessage("Done."), plan=EACH)
    assert MAILS == [("Ada", "Hello")]


def test_arguments_that_the_plan_does_not_fill_are_dropped_for_a_chat_model() -> None:
    """Such as a copy to somebody else, which an injected order wants."""
    plan = {"steps": [{"tool": "find_events", "fill": {"query": "x"}}], "answer": "say when"}
    asked = said("", "find_events", query="x", limit=3, bcc="evil")
    local = ChatTurns(messages=[asked, asked, AIMessage("Done.")])
    made = create_agent(agent_model(local, cloud_answers=[json.dumps(plan)]), TOOLS)
    messages = made.invoke({"messages": [HumanMessage(REQUEST)]})["messages"]
    assert messages[1].tool_calls[0]["args"] == {"query": "x"}


def test_a_chat_model_cannot_call_a_tool_where_the_plan_is_done() -> None:
    plan = {"steps": PLAN["steps"][:1], "answer": "say when"}
    messages = called_by(ORDERED, ORDERED, AIMessage("On 3 May."), plan=plan)
    assert [call["name"] for one in messages for call in one.tool_calls] == ["find_events"]
    assert messages[-1].text == "Done."


@pytest.mark.parametrize("decided", [(), (said("", "answer", needed=True),)])
def test_a_chat_model_cannot_call_another_tool_than_that_of_the_step(
    decided: tuple[AIMessage, ...],
) -> None:
    with pytest.raises(LocalModelError, match="no tool that it may call"):
        called_by(*decided, ORDERED, plan=PLAN)


def test_a_decision_beside_a_call_is_heard() -> None:
    both = said("", "find_events", query="y")
    both.tool_calls += said("", "answer", needed=False).tool_calls
    assert called_by(both, AIMessage("None."), plan=PLAN)[-1].text == "None."


@pytest.mark.parametrize("said", ["", "Done."])
def test_a_second_attempt_is_heard_where_the_first_said_nothing(said: str) -> None:
    plan = json.dumps({"steps": PLAN["steps"][:1], "answer": "say when"})
    found = AIMessage("", tool_calls=[{"name": "find_events", "args": {"query": "x"}, "id": "1"}])
    ordered = AIMessage(said, tool_calls=[{"name": "delete_everything", "args": {}, "id": "2"}])
    local = ChatTurns(messages=[found, ordered, AIMessage("On 3 May.")])
    messages = create_agent(agent_model(local, cloud_answers=[plan]), TOOLS).invoke(
        {"messages": [HumanMessage(REQUEST)]}
    )["messages"]
    assert messages[-1].text == f"{said}\nOn 3 May.".strip()


def test_a_chat_model_that_only_calls_what_it_may_not_is_an_error() -> None:
    ordered = AIMessage("", tool_calls=[{"name": "delete_everything", "args": {}, "id": "2"}])
    made = create_agent(
        agent_model(ChatTurns(messages=[ordered]), cloud_answers=[json.dumps(PLAN)]), TOOLS
    )
    with pytest.raises(LocalModelError, match="no tool that it may call"):
        made.invoke({"messages": [HumanMessage(REQUEST)]})
