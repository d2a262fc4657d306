"""An agent: the cloud plans over public tools, the local model fills in values and calls them."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from cogenesis_langchain import ChatCoGenesis, LlamaCppModel, MemoryLedger, open_cloud

EVENTS = {
    "dentist": "Check-up with Dr Felix Obi, 14 May, 10:30",
    "rehearsal": "Tarn Valley Sinfonia, 14 May, 9:00 to 12:00",
}
CONTACTS = {"dentist": "Dr Felix Obi, practice@obi.example", "mother": "+44 7700 900118"}
OUTBOX: list[dict[str, str]] = []


@tool
def find_event(subject: str) -> str:
    """Find an event in the calendar by its subject, such as "dentist"."""
    return next((event for key, event in EVENTS.items() if key in subject.lower()), "no event")


@tool
def find_contact(person: str) -> str:
    """Find the address of a person by role, such as "dentist"."""
    return next((who for key, who in CONTACTS.items() if key in person.lower()), "no contact")


@tool
def send_mail(to: str, text: str) -> str:
    """Send a mail."""
    OUTBOX.append({"to": to, "text": text})
    return "sent"


def main() -> None:
    """Run one task, then print the plan, the steps and what was sent to the cloud."""
    ledger = MemoryLedger()
    with open_cloud() as cloud:  # uses OPENAI_API_KEY or OPENAI_BASE_URL, else a local stand-in
        model = ChatCoGenesis(
            cloud=cloud,
            local=LlamaCppModel(),
            ledger=ledger,
            temperature=0.0,
            max_tokens=160,
            max_steps=6,
            on_fallback="silent",  # the small stand-in does not always plan; see the rung below
        )
        agent: Any = create_agent(model, [find_event, find_contact, send_mail])
        request = (
            "Look up when I see my dentist, and write the dentist a mail that I have to move it."
        )
        state = agent.invoke({"messages": [HumanMessage(request)]})
    for message in state["messages"]:
        message.pretty_print()
        if told := message.response_metadata.get("cogenesis"):
            print(f"({told['rung']}, step {told['step']}) {told['fallback_reason']}")
    for mail in OUTBOX:
        print(f"\nin the outbox, to {mail['to']}: {mail['text']}")
    for entry in ledger.entries:
        print(f"\nsent to {entry.endpoint}: {len(entry.payload)} bytes for a {entry.purpose}")
        assert b"Obi" not in entry.payload and b"14 May" not in entry.payload


if __name__ == "__main__":
    main()
