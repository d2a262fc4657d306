"""The local model's prompt: what stands in it, in which order, and what stays the same."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.privacy.instruction import private, public, split_request
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.prompts import FILL_EXAMPLE
from cogenesis_langchain.sketch.fill import FillPrompt
from cogenesis_langchain.sketch.outline import Sketch

NOTES = "\n".join(f"2026-01-{day:02d} Choir rehearsal number {day}" for day in range(10, 18))
HEATING = "2026-01-20 Boiler failed again, 12 degrees in the kitchen"
TASK = "Write to my landlord about the boiler."
DETAIL = "Ask him to come on Friday."
SKETCH = Sketch(("Greet him", "What failed"))
EXAMPLE = FILL_EXAMPLE["text"].fill({})


def prompt(*messages: BaseMessage, context: Sequence[str] = ()) -> FillPrompt:
    request = split_request(messages, rule="last_human", max_public_words=150)
    return FillPrompt(request, [PrivateText(text) for text in context])


def texts(messages: Sequence[PrivateMessage]) -> list[str]:
    return [message.text.reveal() for message in messages]


def stand_in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_notes_task_details_highlights_and_outline_stand_in_this_order() -> None:
    message = HumanMessage([private("A note."), public(TASK), private(DETAIL)])
    last = texts(prompt(message, context=[NOTES, HEATING]).complete(SKETCH))[-1]
    assert stand_in_order(last, NOTES, HEATING, "A note.", TASK, DETAIL, f"- {HEATING}", "1. Greet")


def test_what_is_known_early_is_the_beginning_of_the_whole() -> None:
    made = prompt(HumanMessage(TASK), context=[NOTES, HEATING])
    for whole in (texts(made.complete(SKETCH)), texts(made.complete(None))):
        early = texts(made.beginning())
        assert whole[:-1] == early[:-1]
        assert whole[-1].startswith(early[-1])
        assert f"- {HEATING}" in early[-1]


def test_a_request_by_itself_is_preceded_by_an_example() -> None:
    messages = prompt(HumanMessage(TASK)).complete(None)
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert texts(messages)[2] == EXAMPLE


def test_a_conversation_takes_the_place_of_the_example() -> None:
    before = SystemMessage("Be brief."), HumanMessage("Who are you?"), AIMessage("Your writer.")
    messages = texts(prompt(*before, HumanMessage(TASK)).complete(None))
    assert messages[0].endswith("Be brief.")
    assert messages[1:3] == ["Who are you?", "Your writer."]
    assert EXAMPLE not in messages


def test_the_task_alone_holds_nothing_private() -> None:
    before = SystemMessage("Zimlor speaks."), HumanMessage("Quovex."), AIMessage("Yes, Quovex.")
    message = HumanMessage([private("Wexlo."), public(TASK), private(DETAIL)])
    said = "\n".join(texts(prompt(*before, message, context=[NOTES]).without_context()))
    assert TASK in said
    assert not any(text in said for text in ("Zimlor", "Quovex", "Wexlo", DETAIL, "rehearsal"))
