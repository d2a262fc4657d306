from __future__ import annotations

from collections.abc import Sequence

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from cogenesis_langchain.errors import InstructionError
from cogenesis_langchain.privacy.instruction import (
    InstructionRule,
    Request,
    private,
    public,
    split_request,
)

TASK = "Write a letter to my landlord."
NOTE = "I am Zimlor Quovex."


def split(
    *messages: BaseMessage, rule: InstructionRule = "last_human", max_public_words: int = 150
) -> Request:
    return split_request(messages, rule=rule, max_public_words=max_public_words)


def candidate(request: Request) -> str | None:
    return None if request.candidate is None else request.candidate.reveal()


def test_the_last_human_message_is_the_candidate_and_the_rest_is_private() -> None:
    request = split(
        SystemMessage("You know Zimlor."),
        HumanMessage("An earlier question."),
        AIMessage("An earlier answer."),
        HumanMessage(TASK),
        AIMessage("", tool_calls=[{"name": "look", "args": {"who": "Zimlor"}, "id": "1"}]),
        ToolMessage("Found Quovex.", tool_call_id="1", name="look"),
    )
    assert candidate(request) == TASK
    assert [turn.role for turn in request.turns] == ["system", "user", "assistant"]
    assert [text.reveal() for text in request.results] == [
        'Called look({"who": "Zimlor"})',
        "Result of look: Found Quovex.",
    ]
    assert request.withheld.reveal() == ""


def test_blocks_marked_private_never_count() -> None:
    request = split(HumanMessage([private(NOTE), {"type": "text", "text": TASK}, private("More.")]))
    assert candidate(request) == TASK
    assert request.withheld.reveal() == f"{NOTE}\nMore."
    assert [note.reveal() for note in request.notes] == [NOTE]
    assert request.task.reveal() == f"{TASK}\nMore."
    assert request.bare_task.reveal() == TASK
    assert [detail.reveal() for detail in request.details] == ["More."]
    assert request.whole.reveal() == f"{NOTE}\n{TASK}\nMore."


def test_with_the_rule_marked_only_public_blocks_count() -> None:
    request = split(
        HumanMessage([public(TASK), {"type": "text", "text": "My own words."}, private(NOTE)]),
        rule="marked",
    )
    assert candidate(request) == TASK
    assert request.withheld.reveal() == f"My own words.\n{NOTE}"
    assert request.task.reveal() == f"{TASK}\nMy own words.\n{NOTE}"
    assert request.bare_task.reveal() == f"{TASK}\nMy own words."
    unmarked = split(HumanMessage(TASK), rule="marked")
    assert candidate(unmarked) is None and unmarked.reason


def test_a_callable_supplies_the_candidate() -> None:
    def first_line(messages: Sequence[BaseMessage]) -> str:
        return messages[-1].text.splitlines()[0]

    request = split(HumanMessage(f"{TASK}\n{NOTE}"), rule=first_line)
    assert candidate(request) == TASK
    assert request.withheld.reveal().strip() == NOTE
    assert candidate(split(HumanMessage(TASK), rule=lambda messages: None)) is None


def test_a_long_message_is_a_document() -> None:
    request = split(HumanMessage("word " * 151))
    assert candidate(request) is None
    assert "151 words" in request.reason and "word word" in request.withheld.reveal()
    assert candidate(split(HumanMessage("word " * 150))) is not None


def test_a_message_with_private_blocks_only_has_no_candidate() -> None:
    request = split(HumanMessage([private(TASK)]))
    assert candidate(request) is None and request.reason
    assert request.task.reveal() == request.bare_task.reveal() == TASK
    assert not request.notes and not request.details


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [SystemMessage("x")],
        [HumanMessage("")],
        [HumanMessage(" \n\t")],
        [HumanMessage([{"type": "image_url", "image_url": {"url": "http://x.test"}}])],
        [ChatMessage(content="x", role="critic"), HumanMessage(TASK)],
    ],
)
def test_requests_without_a_usable_instruction_are_refused(messages: list[BaseMessage]) -> None:
    with pytest.raises(InstructionError) as caught:
        split(*messages)
    assert caught.value.remedy


def test_private_parts_are_not_printed() -> None:
    request = split(SystemMessage(NOTE), HumanMessage([private(NOTE), public(TASK)]))
    assert "Zimlor" not in repr(request) and "landlord" not in repr(request)


def test_an_earlier_turn_equal_to_the_candidate_is_recognised() -> None:
    request = split(
        SystemMessage(TASK),
        HumanMessage(f" {TASK}\n"),
        HumanMessage([{"type": "text", "text": TASK}]),
        HumanMessage(f"{TASK} {NOTE}"),
        HumanMessage([private(TASK)]),
        AIMessage(TASK),
        HumanMessage(TASK),
    )
    assert [turn.repeated for turn in request.turns] == [False, True, True, False, False, False]
