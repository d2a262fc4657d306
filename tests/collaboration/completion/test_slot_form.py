from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from support.completing import COMPLETED, GREEDY, LETTER, NOTES, Completed, task
from support.scripted import ScriptedLocal

from cogenesis_langchain.collaboration.completion.completer import Completion
from cogenesis_langchain.collaboration.completion.settled_text import Span
from cogenesis_langchain.collaboration.completion.slot_form import SlotForm
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalChunk,
    PrivateMessage,
    Usage,
)

VALUES: dict[str, object] = {
    "1": "Teodora Lindqvist",
    "2": "The heating failed on 3 March 2026. The plumber found a crack.",
    "3": "3 March 2026",
    "4": "Ada Zorn",
}
REQUEST = "Please have it repaired by"


def fill(
    answer: object, *, text: str = LETTER, notes: str = NOTES, details: str = ""
) -> Completed | None:
    """Complete a letter by a form; None if it cannot be completed."""
    said = answer if isinstance(answer, str) else json.dumps(answer)
    form = SlotForm(ScriptedLocal([said[:20], said[20:]]))
    *spans, completion = form.stream(task(text, notes, details), GREEDY)
    assert isinstance(completion, Completion)
    if not spans:
        assert completion.spans == () and completion.usage.output_tokens > 0
        return None
    return Completed([span for span in spans if isinstance(span, Span)], completion)


def filled(**changed: object) -> Completed:
    values = VALUES | {key.removeprefix("slot"): value for key, value in changed.items()}
    done = fill(values)
    assert done is not None
    return done


def test_a_form_completes_a_template() -> None:
    done = filled()
    assert done.text == COMPLETED
    assert "".join(span.text for span in done.completion.spans) == COMPLETED
    assert done.completion.left_out == done.completion.missing == ()
    assert done.completion.usage == Usage(100, 2) and done.completion.finish_reason == "stop"


def test_a_sentence_of_the_prompts_example_is_left_out_of_a_form() -> None:
    copied = "I am away for [One sentence: where I am going and why]"
    text = LETTER.replace("With kind regards", f"{copied}\n\nWith kind regards")
    values = {**VALUES, "4": "I am going to the plumber.", "5": VALUES["4"]}
    done = fill(values, text=text)
    assert done is not None and done.text == COMPLETED
    assert done.completion.left_out == (copied,)


def test_the_model_is_asked_once_with_numbered_gaps() -> None:
    local = ScriptedLocal([json.dumps(VALUES)])
    list(SlotForm(local).stream(task(LETTER), GREEDY))
    (prompt,) = local.prompts
    assert "Dear (1)," in prompt and "family. (2)" in prompt and "3: date of the repair" in prompt
    assert NOTES in prompt and "[" not in prompt


def test_strings_that_end_the_text_do_not_end_the_form() -> None:
    local = ScriptedLocal([json.dumps(VALUES)])
    list(SlotForm(local).stream(task(LETTER), replace(GREEDY, stop=("}",))))
    assert local.options[0].stop == ()


@pytest.mark.parametrize(
    "answer",
    ["", "I cannot do that.", "[1, 2]", "{1: name}", '{"1": "Teodora', "null", '"text"', "{}{}"],
)
def test_an_answer_that_is_no_form_completes_nothing(answer: str) -> None:
    assert fill(answer) is None


@pytest.mark.parametrize(
    "around", ["{}", "```json\n{}\n```", "Here it is:\n{}", "{}\nAnything else?"]
)
def test_a_form_is_found_among_other_words(around: str) -> None:
    done = fill(around.replace("{}", json.dumps(VALUES)))
    assert done is not None and done.text == COMPLETED


@pytest.mark.parametrize("value", [None, "", "  ", 3, True, ["3 March 2026"], {"a": "b"}])
def test_a_gap_without_words_is_left_out_with_its_sentence(value: object) -> None:
    done = filled(slot3=value)
    assert REQUEST not in done.text and "This would be" not in done.text
    assert done.completion.left_out[0] == "Please have it repaired by [date of the repair]."


def test_a_form_without_any_value_leaves_the_words_of_the_cloud() -> None:
    done = fill({})
    assert done is not None and {span.author for span in done.spans} == {"cloud"}
    assert done.text.startswith("I am writing to you about")


@pytest.mark.parametrize(
    "value",
    [
        "4 March 2026",
        "Bartholomew Quist",
        "[date]",
        "<b>3 March</b>",
        "____",
        "{date}",
        "date of the repair",
        "999",
    ],
)
def test_a_value_that_the_notes_do_not_hold_is_left_out(value: str) -> None:
    assert REQUEST not in filled(slot3=value).text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("by 3 March 2026", "repaired by 3 March 2026."),
        ("repaired by 3 March 2026", "repaired by 3 March 2026."),
        ("3 March 2026.", "repaired by 3 March 2026."),
        ("3 March 2026,", "repaired by 3 March 2026."),
        ("  3   March\n2026 ", "repaired by 3 March 2026."),
    ],
)
def test_no_words_are_doubled_at_the_joints(value: str, said: str) -> None:
    assert said in filled(slot3=value).text


def test_words_that_follow_a_gap_are_not_doubled() -> None:
    text = LETTER.replace("by [date of the repair].", "by [date of the repair] at the latest.")
    done = fill(VALUES | {"3": "3 March 2026 at the latest"}, text=text)
    assert done is not None and "by 3 March 2026 at the latest." in done.text


def test_no_sentence_comes_twice() -> None:
    twice = LETTER.replace("Please", "[One sentence: what happened then] Please")
    fact = "The plumber found a crack inside the boiler."
    done = fill({"1": "Teodora Lindqvist", "2": fact, "3": fact, "5": "Ada Zorn"}, text=twice)
    assert done is not None and done.text.count("crack") == 1


def test_a_detail_that_the_text_does_not_tell_is_missing() -> None:
    details = "Say that a repair costs 240 EUR. Say that the plumber found a crack."
    done = fill(VALUES, details=details)
    assert done is not None
    assert done.completion.missing == ("Say that a repair costs 240 EUR.",)


def test_a_failure_of_the_model_is_not_swallowed() -> None:
    class Failing(ScriptedLocal):
        def stream(
            self, messages: Sequence[PrivateMessage], options: GenerationOptions
        ) -> Iterator[LocalChunk]:
            raise RuntimeError("it failed")

    with pytest.raises(RuntimeError, match="it failed"):
        list(SlotForm(Failing()).stream(task(LETTER), GREEDY))


def test_a_number_in_the_form_is_a_value() -> None:
    assert "repaired by 2026." in filled(slot3=2026).text
