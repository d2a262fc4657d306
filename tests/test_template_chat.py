"""`ChatCoGenesis` with a template: the ladder, every way of calling, what the metadata tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from support.completing import COMPLETED, INSTRUCTION, LETTER, NOTES, WISHES
from support.scripted import OUTLINE, Documents, ScriptedLocal, ScriptedTokens
from support.token_models import Wishes, WordTokens

from cogenesis_langchain import ChatCoGenesis, MemoryLedger, private
from cogenesis_langchain.errors import LocalModelError
from cogenesis_langchain.models.base import LocalTextModel, LogProbs
from cogenesis_langchain.prompts import TEMPLATE_FAULTS

FORM = json.dumps(
    {
        "1": "Teodora Lindqvist",
        "2": "The heating failed on 3 March 2026. The plumber found a crack.",
        "3": "3 March 2026",
        "4": "Ada Zorn",
    }
)
PROSE = "Dear landlord,\nthe heating fails.\nPlease repair it."
FREELY = "Freely written."


class WithTokens(ScriptedTokens):
    """A local model whose tokens are at hand."""

    def __init__(self, model: WordTokens | None = None) -> None:
        self.model = model or Wishes(WISHES, [NOTES, LETTER])
        super().__init__(self.model, [FREELY])


def chat(
    local: LocalTextModel | None = None,
    *,
    answers: Sequence[str] = (LETTER,),
    notes: str = NOTES,
    **settings: object,
) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=FakeListChatModel(responses=list(answers)),
        local=local or WithTokens(),
        **{
            "ledger": MemoryLedger(),
            "retriever": Documents(texts=[notes] if notes else []),
            "temperature": 0.0,
            "max_tokens": 2000,
            **settings,
        },
    )


def told(message: AIMessage) -> dict[str, Any]:
    report = message.response_metadata["cogenesis"]
    assert isinstance(report, dict)
    return report


LOCALS = {"in place": WithTokens, "by a form": lambda: ScriptedLocal([FORM])}


@pytest.mark.parametrize("local", LOCALS)
async def test_every_way_of_calling_gives_the_same_text_and_the_same_report(local: str) -> None:
    def model() -> ChatCoGenesis:
        return chat(LOCALS[local]())

    whole = sum((c for c in model().stream(INSTRUCTION)), AIMessageChunk(content=""))
    pieces = [chunk async for chunk in model().astream(INSTRUCTION)]
    later = sum(pieces, AIMessageChunk(content=""))
    answers = [
        model().invoke(INSTRUCTION),
        whole,
        await model().ainvoke(INSTRUCTION),
        later,
        *model().batch([INSTRUCTION, INSTRUCTION]),
        *await model().abatch([INSTRUCTION]),
    ]
    assert [answer.text for answer in answers] == [COMPLETED] * 7
    assert len({repr(told(answer)) for answer in answers}) == 1
    assert len(pieces) > 3 and pieces[-1].chunk_position == "last"


@pytest.mark.parametrize("local", LOCALS)
def test_the_metadata_tells_what_became_of_the_template(local: str) -> None:
    report = told(chat(LOCALS[local]()).invoke(INSTRUCTION))
    assert (report["mode"], report["rung"], report["fallback_reason"]) == ("sketch", "template", "")
    assert report["sketch"] == LETTER
    assert report["left_out"] == report["missing"] == ()
    assert report["cloud_calls"] == 1 and report["tokens_shown"] == 0
    assert "".join(text for _, text in report["provenance"]) == COMPLETED
    assert ("local", "Teodora Lindqvist") in report["provenance"]
    assert {author for author, _ in report["provenance"]} == {"cloud", "local"}
    assert report["usage"]["local"]["output_tokens"] > 0


def test_the_metadata_lists_what_was_left_out_and_what_is_missing() -> None:
    wishes = WISHES | {"date of the repair": "Please have it repaired by 9 April 2031. This"}
    local = WithTokens(Wishes(wishes, [NOTES, LETTER]))
    detail = private("Say that a repair costs 240 EUR.")
    answer = chat(local).invoke([HumanMessage([INSTRUCTION, detail])])
    report = told(answer)
    assert "Please" not in answer.text
    assert report["left_out"][0] == "Please have it repaired by [date of the repair]."
    assert report["missing"] == ("Say that a repair costs 240 EUR.",)


def test_the_cloud_is_asked_for_a_template_and_sees_neither_notes_nor_text() -> None:
    ledger = MemoryLedger()
    chat(ledger=ledger).invoke(INSTRUCTION)
    (entry,) = ledger.entries
    payload = entry.payload.decode()
    assert INSTRUCTION in payload and "in brackets" in payload
    assert "Lindqvist" not in payload and "240" not in payload
    assert (entry.purpose, entry.verdict) == ("sketch", "clean")


def test_a_placeholder_in_the_template_is_the_users_own_words_again() -> None:
    letter = LETTER.replace("with my family", "[NAME_1] knows")
    answer = chat(answers=[letter]).invoke(f"{INSTRUCTION} Name Teodora Lindqvist.")
    assert "Teodora Lindqvist knows" in answer.text
    assert told(answer)["masked"] == {"NAME": 1}


def test_a_placeholder_that_was_never_sent_is_a_slot_and_not_in_the_text() -> None:
    letter = LETTER.replace("with my family", "with [NAME_7]")
    answer = chat(answers=[letter]).invoke(INSTRUCTION)
    assert "NAME_7" not in answer.text and "[" not in answer.text


# The ladder


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        (OUTLINE, "brackets"),
        (INSTRUCTION, "echo"),
        (PROSE, "brackets"),
        ("[a] [b] [c]", "brackets"),
        (LETTER.replace("my family", "evil.com"), "markup"),
    ],
    ids=["an outline", "the instruction", "prose", "only brackets", "a link"],
)
def test_no_usable_template_leads_to_the_outline(first: str, fault: str) -> None:
    local, ledger = WithTokens(), MemoryLedger()
    answer = chat(local, answers=[first, first, OUTLINE], ledger=ledger).invoke(INSTRUCTION)
    report = told(answer)
    assert answer.text == FREELY
    assert (report["rung"], report["cloud_calls"], len(ledger.entries)) == ("outline", 3, 3)
    assert report["fallback_reason"].startswith("SketchInvalid")
    said = TEMPLATE_FAULTS[fault].fill({})
    assert f"{said}; then {said}" in report["fallback_reason"]
    assert report["sketch"].splitlines()[9] == "10. point about topic 10"
    assert "topic 10" in local.prompts[0] and report["provenance"] == ()


@pytest.mark.parametrize(
    "answer", [INSTRUCTION, PROSE, "[a] [b] [c]", "", "No."], ids=lambda text: text[:12]
)
def test_neither_template_nor_outline_leads_to_the_local_model(answer: str) -> None:
    if not answer:
        answer = " "
    ledger = MemoryLedger()
    done = chat(answers=[answer], ledger=ledger).invoke(INSTRUCTION)
    report = told(done)
    assert (done.text, report["rung"]) == (FREELY, "local")
    assert report["cloud_calls"] == len(ledger.entries) <= 4
    if answer.strip():
        assert report["cloud_calls"] == 4
        assert report["fallback_reason"].count("SketchInvalid") == 2


def test_a_second_template_is_used_and_counted() -> None:
    ledger = MemoryLedger()
    answer = chat(answers=[PROSE, LETTER], ledger=ledger).invoke(INSTRUCTION)
    assert (answer.text, told(answer)["cloud_calls"], len(ledger.entries)) == (COMPLETED, 2, 2)
    assert "square brackets, and nothing else" in ledger.entries[1].payload.decode()


@pytest.mark.parametrize("window", [100, 500])
def test_a_template_beyond_the_window_becomes_the_outline_without_a_second_request(
    window: int,
) -> None:
    ledger = MemoryLedger()
    local = WithTokens(Wishes(WISHES, [NOTES, LETTER], window=window))
    answer = chat(local, ledger=ledger, max_tokens=50).invoke(INSTRUCTION)
    report = told(answer)
    assert (answer.text, report["rung"], len(ledger.entries)) == (FREELY, "outline", 1)
    assert report["sketch"].startswith("1. landlord's name\n2. Two sentences, what happened\n")
    assert report["fallback_reason"] == "the template does not fit the local model"


def test_an_unparsable_form_becomes_the_outline_without_a_second_request() -> None:
    ledger = MemoryLedger()
    local = ScriptedLocal([FREELY])
    answer = chat(local, ledger=ledger).invoke(INSTRUCTION)
    assert (answer.text, told(answer)["rung"], len(ledger.entries)) == (FREELY, "outline", 1)
    assert "date of the repair" in local.prompts[1]


def test_a_template_is_completed_with_the_notes_that_fit() -> None:
    local = WithTokens(Wishes(WISHES, [NOTES, LETTER], window=680))
    report = told(chat(local, max_tokens=50).invoke(INSTRUCTION))
    assert report["rung"] == "template" and report["context_left_out"] > 0


def test_notes_that_are_empty_are_no_error() -> None:
    answer = chat(notes="").invoke(INSTRUCTION)
    assert told(answer)["rung"] == "template"
    assert "I am writing to you about" in answer.text and "Lindqvist" not in answer.text


def test_with_a_private_request_no_template_is_asked_for() -> None:
    ledger = MemoryLedger()
    done = chat(ledger=ledger).invoke([HumanMessage([private("Write to my landlord.")])])
    assert (done.text, told(done)["rung"], ledger.entries) == (FREELY, "local", ())


# Ends


def test_a_text_at_its_bound_ends_with_length() -> None:
    answer = chat(max_tokens=20).invoke(INSTRUCTION)
    assert answer.response_metadata["finish_reason"] == "length"
    assert COMPLETED.startswith(answer.text) and answer.text != COMPLETED


@pytest.mark.parametrize("local", LOCALS)
@pytest.mark.parametrize("stop", ["With kind", "Lindqvist", "3 March", "help to all"])
def test_a_stop_string_ends_the_text_before_it(stop: str, local: str) -> None:
    answer = chat(LOCALS[local](), stop=[stop]).invoke(INSTRUCTION)
    assert answer.text == COMPLETED.partition(stop)[0]
    told_text = "".join(text for _, text in told(answer)["provenance"])
    assert told_text == answer.text


def test_a_caller_who_stops_reading_stops_the_model() -> None:
    local = WithTokens()
    stream = chat(local).stream(INSTRUCTION)
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert isinstance(local.model, Wishes)
    assert local.model.questions[-1] == "Next in the text: landlord's name."


@pytest.mark.parametrize("after", [0, 30])
def test_a_failure_of_the_local_model_reaches_the_caller_and_no_other_model(after: int) -> None:
    class Failing(Wishes):
        calls = 0

        def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
            self.calls += 1
            if self.calls > after:
                raise LocalModelError("it failed", remedy="none")
            return super().next_logprobs(ids)

    ledger = MemoryLedger()
    with pytest.raises(LocalModelError):
        chat(WithTokens(Failing(WISHES, [NOTES, LETTER])), ledger=ledger).invoke(INSTRUCTION)
    assert len(ledger.entries) == 1
