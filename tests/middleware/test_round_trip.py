"""The public view of a conversation, undone, is the conversation.

By default a few generated conversations;
``pytest tests/middleware --hypothesis-profile=thorough`` generates a thousand for each test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from support.thorough import THOROUGH

from cogenesis_langchain import MemoryLedger
from cogenesis_langchain.middleware.conversation_view import PublicView
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.values import detect
from cogenesis_langchain.testing import Canaries, make_canaries

CONVERSATIONS = 1000 if THOROUGH else 25
WORLDS = [make_canaries(seed) for seed in range(5)]
FORMS = (
    "Write to {name} that {amount} were paid.",
    "{name}'s mail is <{email}>; call {phone}.",
    "Result: {iban}, {amount}",
    "| {name} | {email} |\n| {phone} | {iban} |",
    "The weather is fine.",
    "[NAME_1] and [NAME_2] are no names: {name}",
    "«{name}» – {amount}… {email}",
    "",
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Some sentences about one to three of the people."""
    people = draw(st.lists(st.sampled_from(WORLDS), min_size=1, max_size=3))
    return "\n".join(draw(st.sampled_from(FORMS)).format(**asdict(one)) for one in people)


@st.composite
def conversations(draw: st.DrawFn) -> list[AnyMessage]:
    """A system message, a request, and some calls of tools with their results."""
    messages: list[AnyMessage] = [SystemMessage(draw(texts())), HumanMessage(draw(texts()))]
    for number in range(draw(st.integers(0, 4))):
        arguments = {"to": draw(texts()), "all": [draw(texts()), number], "urgent": True}
        call = {"name": "send_mail", "args": arguments, "id": f"call-{number}"}
        messages.append(AIMessage(draw(texts()), tool_calls=[call]))
        messages.append(ToolMessage(draw(texts()), tool_call_id=f"call-{number}"))
    return messages


def view_of(messages: Sequence[AnyMessage]) -> tuple[PublicView, Placeholders]:
    placeholders = Placeholders()
    view = PublicView(Border(ledger=MemoryLedger()), (), detect, placeholders)
    view.learn(messages)
    return view, placeholders


def values_of(world: Canaries) -> list[str]:
    return [world.name, world.email, world.phone, world.iban, world.amount]


@settings(max_examples=CONVERSATIONS, deadline=None)
@given(conversations())
def test_what_the_cloud_model_repeats_is_restored(messages: list[AnyMessage]) -> None:
    view, _ = view_of(messages)
    shown = [view.message(message) for message in messages]
    assert not any(value in str(shown) for world in WORLDS for value in values_of(world))
    for original, public in zip(messages, shown, strict=True):
        assert view.restored(AIMessage(public.text)).text == original.text
        if isinstance(original, AIMessage):
            assert isinstance(public, AIMessage)
            [call] = view.restored(public).tool_calls
            assert call["args"] == original.tool_calls[0]["args"]


def test_control_without_values_nothing_is_hidden() -> None:
    view = PublicView(Border(ledger=MemoryLedger()), (), detect, Placeholders())
    assert WORLDS[0].name in view.message(HumanMessage(f"to {WORLDS[0].name}")).text
