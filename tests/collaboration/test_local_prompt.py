"""The local model's prompt: what stands in it, in which order, and what stays the same."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.collaboration.local_prompt import LocalPrompt
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage, needs_example
from cogenesis_langchain.models.files.entries import file_needs_example
from cogenesis_langchain.privacy.messages.instruction import split_request
from cogenesis_langchain.privacy.messages.marks import private, public
from cogenesis_langchain.privacy.text import BORDER_SEAL, PrivateText, PublicText
from cogenesis_langchain.prompts import FILL_EXAMPLE
from cogenesis_langchain.sketch.outline import Outline
from cogenesis_langchain.testing import FakeLocal

NOTES = "\n".join(f"2026-01-{day:02d} Choir rehearsal number {day}" for day in range(10, 18))
HEATING = "2026-01-20 Boiler failed again, 12 degrees in the kitchen"
TASK = "Write to my landlord about the boiler."
DETAIL = "Ask him to come on Friday."
SKETCH = Outline(("Greet him", "What failed"))
EXAMPLE = FILL_EXAMPLE["text"].fill({})


def prompt(
    *messages: BaseMessage, context: Sequence[str] = (), shows_example: bool = False
) -> LocalPrompt:
    request = split_request(messages, rule="last_human", max_public_words=150)
    texts = [PrivateText(text) for text in context]
    return LocalPrompt(request, texts, shows_example=shows_example)


def texts(messages: Sequence[PrivateMessage]) -> list[str]:
    return [message.text.reveal() for message in messages]


def stand_in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_notes_task_and_what_to_say_stand_in_this_order() -> None:
    message = HumanMessage([private("A note."), public(TASK), private(DETAIL)])
    made = prompt(message, context=[NOTES, HEATING])
    told = (NOTES, HEATING, "A note.", TASK, DETAIL)
    alone, outlined = (texts(made.complete(sketch))[-1] for sketch in (None, SKETCH))
    assert stand_in_order(alone, *told, f"- {DETAIL}", f"- {HEATING}")
    assert stand_in_order(outlined, *told, f"1. Greet him: {DETAIL}", f"2. What failed: {HEATING}")


def test_what_is_forbidden_is_an_order_in_the_task_and_no_content() -> None:
    secret = "2026-01-22 Boiler off all night, bad for the angina"
    message = HumanMessage([public(TASK), private(f"{DETAIL} Nothing about my angina.")])
    made = prompt(message, context=[NOTES, HEATING, secret])
    for sketch in (None, SKETCH):
        whole = texts(made.complete(sketch))[-1]
        known, _, listed = whole.partition("Nothing about my angina.")
        assert secret in known, "the local model may read it, to keep it out"
        assert DETAIL in listed and "angina" not in listed
    allowed = prompt(
        HumanMessage([public(TASK), private("Tell him of my angina.")]), context=[secret]
    )
    assert f"- {secret}" in texts(allowed.complete(None))[-1], (
        "control: what is asked for is listed"
    )


def test_what_is_known_early_is_the_beginning_of_the_whole() -> None:
    made = prompt(HumanMessage(TASK), context=[NOTES, HEATING])
    for whole in (texts(made.complete(SKETCH)), texts(made.complete(None))):
        early = texts(made.beginning())
        assert whole[:-1] == early[:-1]
        assert whole[-1].startswith(early[-1])
        assert early[-1].endswith(f"{TASK}\n\n")


def test_a_request_by_itself_is_preceded_by_an_example_if_the_model_needs_one() -> None:
    made = prompt(HumanMessage(TASK), shows_example=True)
    for messages in (
        made.complete(None), made.complete(SKETCH), made.without_context(),
        made.of_public(PublicText(TASK, seal=BORDER_SEAL)),
    ):  # fmt: skip
        assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
        assert texts(messages)[2] == EXAMPLE
    assert EXAMPLE not in texts(prompt(HumanMessage(TASK)).complete(None))


class Small(FakeLocal):
    needs_example = True


@pytest.mark.parametrize("local", [FakeLocal(), Small()], ids=["any model", "a small one"])
def test_the_chat_model_asks_the_local_model_whether_it_needs_one(local: FakeLocal) -> None:
    model = ChatCoGenesis(
        cloud=ChatOpenAI(model="cloud", base_url="http://127.0.0.1:9", api_key=SecretStr("key")),
        local=local,
        ledger=MemoryLedger(),
        instruction=lambda messages: None,
        on_fallback="silent",
    )
    model.invoke(TASK)
    assert any(EXAMPLE in asked for asked in local.prompts) == isinstance(local, Small)


def test_only_the_models_of_the_catalog_need_an_example() -> None:
    assert file_needs_example("qwen2.5-coder-0.5b-instruct")
    assert file_needs_example("/models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")
    assert file_needs_example("qwen2.5-coder-1.5b-instruct")
    assert not file_needs_example("/models/llama.gguf")
    assert not needs_example(FakeLocal("A text."))


def test_a_conversation_takes_the_place_of_the_example() -> None:
    before = SystemMessage("Be brief."), HumanMessage("Who are you?"), AIMessage("Your writer.")
    messages = texts(prompt(*before, HumanMessage(TASK), shows_example=True).complete(None))
    assert messages[0].endswith("Be brief.")
    assert messages[1:3] == ["Who are you?", "Your writer."]
    assert EXAMPLE not in messages


def test_brackets_are_excluded_unless_the_request_has_a_use_for_them() -> None:
    def excluded(*messages: BaseMessage, context: Sequence[str] = ()) -> str:
        return prompt(*messages, context=context).without_blanks(GenerationOptions()).excluded

    assert excluded(HumanMessage(TASK), context=[NOTES]) == "["
    assert excluded(HumanMessage(TASK), context=["See [3]."]) == ""
    assert excluded(SystemMessage("Answer in JSON."), HumanMessage(TASK)) == ""


def test_the_task_alone_holds_nothing_private() -> None:
    before = SystemMessage("Zimlor speaks."), HumanMessage("Quovex."), AIMessage("Yes, Quovex.")
    message = HumanMessage([private("Wexlo."), public(TASK), private(DETAIL)])
    said = "\n".join(texts(prompt(*before, message, context=[NOTES]).without_context()))
    assert TASK in said
    assert not any(text in said for text in ("Zimlor", "Quovex", "Wexlo", DETAIL, "rehearsal"))
