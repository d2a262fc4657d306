"""A cloud model as an agent's brain: it sees placeholders, the tools see the real values."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from cogenesis_langchain import MemoryLedger, PrivateAgentMiddleware, open_cloud

EVENTS = {"dentist": "Check-up with Dr Felix Obi, 14 May, 10:30, practice@obi.example"}
QUESTIONS = (
    "When do I see my dentist, Dr Felix Obi? Look it up.",
    "And what is the address of the practice?",
)


@tool
def find_event(subject: str) -> str:
    """Find an event in the calendar by a word of it, such as "dentist"."""
    found = (event for key, event in EVENTS.items() if key in subject.lower() or subject in event)
    return next(found, "no event")


def main() -> None:
    """Ask two questions in one thread, then print what was said and what was sent."""
    ledger = MemoryLedger()
    with open_cloud() as cloud:  # uses OPENAI_API_KEY or OPENAI_BASE_URL, else a local stand-in
        agent: Any = create_agent(
            cloud,
            [find_event],
            middleware=[PrivateAgentMiddleware(ledger=ledger)],
            checkpointer=InMemorySaver(),  # a value keeps its placeholder for the whole thread
        )
        for question in QUESTIONS:
            config = {"configurable": {"thread_id": "health"}}
            state = agent.invoke({"messages": [HumanMessage(question)]}, config)
    for message in state["messages"]:
        message.pretty_print()
    for entry in ledger.entries:
        print(f"\nsent to {entry.endpoint}:\n{entry.payload.decode()}")
        assert b"Obi" not in entry.payload and b"14 May" not in entry.payload


if __name__ == "__main__":
    main()
