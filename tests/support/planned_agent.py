"""An agent with a plan: its tools, plans, scripted calls, and what it did."""

from __future__ import annotations

import json
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from support.scripted_turns import ChatTurns, ScriptedTurns, agent_model, call

from cogenesis_langchain import MemoryLedger

REQUEST = "Write to my dentist that I have to move my appointment."
MAILS: list[tuple[str, str]] = []
DELETED: list[str] = []


@tool
def find_events(query: str, limit: int = 5) -> str:
    """Find events in the calendar."""
    return "Dentist Quillfeather, 3 May 2031, 14:20"


@tool
def send_mail(to: str, text: str) -> str:
    """Send a mail."""
    MAILS.append((to, text))
    return "sent"


@tool
def delete_everything() -> str:
    """Delete all data."""
    DELETED.append("everything")
    return "deleted"


TOOLS = [find_events, send_mail, delete_everything]
PLAN: dict[str, Any] = {
    "steps": [
        {"tool": "find_events", "fill": {"query": "the dentist's appointment"}},
        {
            "tool": "send_mail",
            "fill": {"to": "the dentist, from $1", "text": "ask to move the date in $1"},
            "if": "an appointment was found",
        },
    ],
    "answer": "say that the dentist was written to",
}
FIND = call("find_events", '{"query": "dentist"}')
SEND = call("send_mail", '{"to": "Quillfeather", "text": "Please move 3 May."}')
NEEDED, NOT_NEEDED = '{"needed": true}', '{"needed": false}'


def items(*named: str) -> str:
    return json.dumps({"items": named})


def agent(local: ScriptedTurns, *answers: str, **settings: Any) -> Any:
    ledger = settings.pop("ledger", None) or MemoryLedger()
    model = agent_model(local, cloud_answers=answers or (json.dumps(PLAN),), ledger=ledger)
    return create_agent(model, settings.pop("tools", TOOLS), **settings)


def run(local: ScriptedTurns, *answers: str, **settings: Any) -> list[Any]:
    state = agent(local, *answers, **settings).invoke({"messages": [HumanMessage(REQUEST)]})
    messages = state["messages"]
    assert isinstance(messages, list)
    return messages


def reports(messages: list[Any]) -> list[dict[str, Any]]:
    return [one.response_metadata["cogenesis"] for one in messages if isinstance(one, AIMessage)]


def called_by(*messages: AIMessage, plan: Any) -> list[Any]:
    """Run an agent over a chat model that no grammar holds."""
    local = ChatTurns(messages=[said("", "find_events", query="x"), *messages])
    made = create_agent(agent_model(local, cloud_answers=[json.dumps(plan)]), TOOLS)
    state = made.invoke({"messages": [HumanMessage(REQUEST)]})
    return [one for one in state["messages"] if isinstance(one, AIMessage)]


def said(text: str, tool: str, /, **arguments: Any) -> AIMessage:
    return AIMessage(text, tool_calls=[{"name": tool, "args": arguments, "id": tool}])


ORDERED = said("Done.", "delete_everything")
"""What a chat model says that an injected order reached."""


def after_a_call(status: str, *, step: int = 1, plan: Any = PLAN, **told: Any) -> list[Any]:
    """A conversation whose last turn called two tools, the first of which ended with a status."""
    turn = {"mode": "agent", "rung": "plan", "plan": plan, "step": step, **told}
    made = [{"name": "find_events", "args": {"query": name}, "id": name} for name in "ab"]
    return [
        HumanMessage(REQUEST),
        AIMessage("", tool_calls=made, response_metadata={"cogenesis": turn}),
        ToolMessage("no connection", tool_call_id="a", name="find_events", status=status),
        ToolMessage("nothing", tool_call_id="b", name="find_events"),
    ]


EACH: dict[str, Any] = {
    "steps": [
        PLAN["steps"][0],
        {"tool": "send_mail", "fill": {"to": "address", "text": "hello"}, "each": "guest in $1"},
    ],
    "answer": "say who was written to",
}


def mail(to: str) -> str:
    return call("send_mail", json.dumps({"to": to, "text": f"Dear {to}"}))


def sent_to(message: AIMessage) -> list[str]:
    return [call["args"]["to"] for call in message.tool_calls]
