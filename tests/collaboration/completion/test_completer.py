from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.completing import (
    COMPLETED,
    GREEDY,
    LETTER,
    NOTES,
    WISHES,
    complete,
    task,
    wishing,
)
from support.token_models import RandomTokens, Wishes

from cogenesis_langchain.collaboration.completion.completer import Completion, TemplateCompleter
from cogenesis_langchain.collaboration.completion.settled_text import Span
from cogenesis_langchain.sketch.template import Part, Slot, SlotKind, Template, Words

NAME = "Dear [landlord's name],"


def test_a_template_is_completed_in_place() -> None:
    done = complete(wishing(), task(LETTER))
    assert done.text == COMPLETED
    assert "".join(span.text for span in done.completion.spans) == done.text
    assert done.completion.left_out == () and done.completion.missing == ()
    assert done.completion.finish_reason == "stop"
    assert done.completion.usage.input_tokens > done.completion.usage.output_tokens > 0


def test_the_reader_does_not_sign_the_letter() -> None:
    reader = "Teodora Lindqvist"
    for name in (reader, f"Ms {reader}"):
        done = complete(wishing(name, me=[name, "Ada Zorn"]), task(LETTER))
        assert done.text.endswith("\n\nAda Zorn")
    assert done.text.endswith("\n\nAda Zorn") and f"Dear {reader}," in done.text
    family = NOTES.replace("Ada Zorn", "Ada Lindqvist")
    done = complete(wishing(family, me="Ada Lindqvist"), task(LETTER, family))
    assert done.text.endswith("\n\nAda Lindqvist"), "a name in common is none of the reader's"
    namesake = NOTES.replace("Ada Zorn", "Teodora Zorn")
    done = complete(wishing(namesake, me="Teodora Zorn"), task(LETTER, namesake))
    assert done.text.endswith("\n\nTeodora Zorn")


@pytest.mark.parametrize("other", ["The Zorn Foundation", "And Sister Immaculate", "Mr Endo"])
def test_a_firm_or_somebody_else_does_not_sign_a_letter(other: str) -> None:
    done = complete(wishing(other, me=[other, "Ada Zorn"]), task(LETTER, f"{NOTES} {other} pays."))
    assert done.text.endswith("\n\nAda Zorn")


def test_records_found_for_the_request_and_lines_about_it_are_its_subject() -> None:
    notes = "The plumber is Bo Quist.\nThe heating is cold."
    assert task(LETTER, notes).subject == [notes.replace("\n", " "), "The heating is cold."]
    assert task(LETTER, notes + " so" * 60).subject == ["The heating is cold."]


def test_a_sentence_that_the_template_repeats_is_completed_once() -> None:
    said = "Please have it repaired by [date of the repair]."
    assert said in LETTER
    looping = LETTER.replace(said, " ".join([said] * 12))
    done = complete(wishing(), task(looping))
    assert done.text == COMPLETED
    assert done.completion.left_out == (said,) * 11
    twice = complete(wishing(), task(LETTER.replace(said, f"{said} {said}")))
    assert twice.text.count("repaired by 3 March") == 2, "a text may say something twice"


def test_words_are_told_apart_by_author() -> None:
    spans = complete(wishing(), task(LETTER)).spans
    assert [span.text for span in spans if span.author == "local"] == [
        "Teodora Lindqvist",
        " The heating failed on 3 March 2026. The plumber found a crack.",
        "3 March 2026",
        "\n\nAda Zorn",
    ]


def test_the_model_is_asked_once_a_unit_and_sees_no_bracket_of_the_template() -> None:
    model = wishing()
    complete(model, task(LETTER))
    assert [question.partition(":")[2].strip(" \x03") for question in model.questions] == [
        "landlord's name.",
        "what happened.",
        "date of the repair.",
        "my name.",
    ]
    assert not {"[", "]"} & set("".join(model.prompts))
    first, *_, last = model.prompts
    assert "I am writing to you" not in first and "With kind regards" in last


def test_greedy_is_deterministic() -> None:
    assert complete(wishing(), task(LETTER)) == complete(wishing(), task(LETTER))


def test_sampling_is_repeatable_with_a_seed_and_names_are_never_sampled() -> None:
    facts = ["The plumber found a crack.", "The heating failed.", "A repair costs 240 EUR."]
    name = ["Dear Teodora Lindqvist,\n\nI", "Dear Ada Zorn,\n\nI"]
    model = Wishes(WISHES | {"what happened": facts, "landlord's name": name}, [NOTES], gap=0.2)

    def text(seed: int) -> str:
        return complete(model, task(LETTER), replace(GREEDY, temperature=1.0, seed=seed)).text

    texts = {text(seed) for seed in range(12)}
    assert text(3) == text(3) and len(texts) > 1
    assert all(one.startswith("Dear Teodora Lindqvist,") for one in texts)


# Left out


@pytest.mark.parametrize(
    "unfillable",
    [
        "Please have it repaired by 9 April 2031. This",
        "Please have it repaired by Bartholomew. This",
        "Please have it repaired by [date]. This",
        "Please have it repaired by date of the repair. This",
    ],
    ids=["an invented date", "an invented name", "a blank", "the description"],
)
def test_a_sentence_that_cannot_be_filled_goes_with_the_one_that_refers_back_to_it(
    unfillable: str,
) -> None:
    done = complete(wishing(date=unfillable), task(LETTER))
    assert done.text == COMPLETED.replace(
        "Please have it repaired by 3 March 2026. This would be a great help to all of us here."
        "\n\n",
        "",
    )
    assert done.completion.left_out == (
        "Please have it repaired by [date of the repair].",
        "This would be a great help to all of us here.",
    )


def test_a_sentence_that_refers_back_stays_after_a_kept_one_and_in_a_new_paragraph() -> None:
    apart = LETTER.replace(" This would", "\n\nThis would")
    unfillable = "Please have it repaired by Bartholomew."
    assert "This would be a great help" in complete(wishing(date=unfillable), task(apart)).text


@pytest.mark.parametrize("heading", ["My request", "What I ask for:", "1) Dates"])
def test_a_heading_with_nothing_under_it_goes(heading: str) -> None:
    text = LETTER.replace("Please have", f"{heading}\n\nPlease have").replace(
        " This would be a great help to all of us here.", ""
    )
    kept = complete(wishing(), task(text))
    assert f"\n\n{heading}\n\nPlease have it repaired by 3 March 2026." in kept.text
    gone = complete(wishing(date="Please have it repaired by Bartholomew."), task(text))
    assert "Please" not in gone.text and "crack.\n\nWith kind regards" in gone.text
    assert heading not in gone.text


@pytest.mark.parametrize("item", ["[date of the repair]", "a plumber of my own choice"])
def test_headings_and_items_without_a_full_stop_are_all_kept(item: str) -> None:
    opening = f"A letter about the heating\n\nThe matter\n\nMy points:\n- a new boiler\n- {item}\n"
    wish = "- 3 March 2026\n- a visit"
    text = f"{opening}- a visit of yours\n\n{LETTER}"
    done = complete(
        wishing(date=["Please have it repaired by 3 March 2026. This", wish]), task(text)
    )
    filled = opening.replace("[date of the repair]", "3 March 2026")
    assert done.text.startswith(f"{filled}- a visit of yours\n\nDear Teodora")


def test_a_title_stays_although_the_first_paragraph_is_left_out() -> None:
    text = f"On the heating\n\nIt broke on [date of the failure].\n\n{LETTER}"
    done = complete(wishing(), task(text))
    assert done.text.startswith("On the heating\n\nDear Teodora Lindqvist,")


def test_words_of_the_template_with_a_number_of_their_own_are_left_out() -> None:
    text = LETTER.replace("With kind", "The law allows 28 days for this.\n\nWith kind")
    done = complete(wishing(), task(text))
    assert "28" not in done.text and done.completion.left_out == (
        "The law allows 28 days for this.",
    )


@pytest.mark.parametrize(
    "facts",
    [
        "The plumber found a crack inside the boiler. The plumber found a crack inside the boiler.",
        "The plumber found a crack inside the boiler. A crack inside the boiler the plumber found.",
    ],
)
def test_no_sentence_comes_twice(facts: str) -> None:
    done = complete(wishing(facts=facts), task(LETTER))
    assert done.text.count("crack") == 1


def test_a_sentence_that_the_next_one_begins_with_is_said_once() -> None:
    once = "The heating failed on 3 March 2026"
    longer = f"{once} and the plumber found a crack."
    done = complete(wishing(facts=f"{once}. {longer}"), task(LETTER))
    assert done.text.count(once) == 1 and f" {longer}" in done.text


def test_a_sentence_of_the_template_is_not_said_again_in_a_slot() -> None:
    facts = "I am writing to you about the heating in the flat that I rent. The heating failed."
    done = complete(wishing(facts=facts), task(LETTER))
    assert done.text.count("I am writing") == 1 and "family. The heating failed." in done.text


def test_a_slot_that_never_ends_leaves_its_sentence_out_and_the_text_goes_on() -> None:
    text = LETTER.replace("by [date of the repair]", "with [the parts, as a noun phrase]")
    endless = "Please have it repaired with " + " and ".join(["heating boiler crack"] * 40)
    model = Wishes({"the parts": endless, **WISHES}, [NOTES, text])
    done = complete(model, task(text))
    assert "Please" not in done.text and done.text.endswith("With kind regards,\n\nAda Zorn")


# Bounds


@pytest.mark.parametrize("most", [1, 10, 30])
def test_the_text_ends_at_its_bound_with_whole_sentences(most: int) -> None:
    done = complete(wishing(), task(LETTER), replace(GREEDY, max_tokens=most))
    assert done.completion.finish_reason == "length"
    assert COMPLETED.startswith(done.text) and done.text != COMPLETED
    assert done.text.endswith((",", "."))


def test_a_caller_who_stops_reading_stops_the_model() -> None:
    model = wishing()
    pieces = TemplateCompleter(model, model.without_wishes()).stream(task(LETTER), GREEDY)
    assert isinstance(next(pieces), Span)
    asked = len(model.questions)
    pieces.close()  # type: ignore[attr-defined]  # it is a generator
    assert asked == len(model.questions) == 1


def test_sentences_come_as_soon_as_they_are_settled() -> None:
    model = wishing()
    seen: list[tuple[str, int]] = []
    for piece in TemplateCompleter(model, model.without_wishes()).stream(task(LETTER), GREEDY):
        if isinstance(piece, Span):
            seen.append((piece.text, len(model.questions)))
    assert seen[0] == ("Dear ", 1) and ("Teodora Lindqvist", 1) in seen
    assert [asked for text, asked in seen if text.startswith("\n\nI am writing")] == [1]


# Notes


def test_without_notes_only_the_cloud_speaks() -> None:
    done = complete(wishing(), task(LETTER, notes=""))
    assert {span.author for span in done.spans} <= {"cloud"}
    assert "Lindqvist" not in done.text and "I am writing to you about" in done.text
    assert NAME in done.completion.left_out


def test_notes_that_fill_nothing_leave_every_slot_out() -> None:
    done = complete(wishing(), task(LETTER, notes="Bees like heather. A hive has one queen."))
    left = "\n".join(done.completion.left_out)
    assert all(slot in left for slot in ("landlord's name", "date of the repair", "my name"))
    assert not {"Lindqvist", "March", "Zorn"} & set(done.text.replace(".", " ").split())


def test_a_template_of_slots_alone_that_nothing_fills_is_no_text_at_all() -> None:
    sketch = Template((Slot("my name", "name"), Words("\n"), Slot("the date", "value")))
    done = complete(wishing(), task(sketch, notes="Bees like heather."))
    assert done.spans == [] and len(done.completion.left_out) == 2


def test_a_template_in_another_language_than_the_notes() -> None:
    text = (
        "Sehr geehrte Frau [Nachname der Vermieterin],\n\nich schreibe Ihnen wegen der Heizung in "
        "der Wohnung, die ich mit meiner Familie bewohne. [Was genau geschehen ist und seit wann]"
        "\n\nMit freundlichen Grüßen"
    )
    wishes = {
        "Nachname": "Sehr geehrte Frau Lindqvist,\n\nich",
        "geschehen": "Die Heizung ist seit dem 3. März 2026 kaputt.",
    }
    done = complete(Wishes(wishes, [NOTES, text]), task(text))
    assert done.text.startswith("Sehr geehrte Frau Lindqvist,\n\nich schreibe Ihnen")
    assert done.text.endswith("Mit freundlichen Grüßen")
    assert not {"[", "]"} & set(done.text)


# Any template, any model

KINDS: tuple[SlotKind, ...] = ("name", "value", "phrase", "sentences")
VOCABULARY = [
    "Dear",
    "the",
    "heating",
    "failed",
    "and",
    "a",
    "crack",
    "was",
    "found",
    "on",
    "3",
    "March",
    "by",
    "Teodora",
    "Lindqvist",
    "with",
    "240",
    "EUR",
    "of",
    "my",
    "own",
    ",",
    ".",
    "!",
    "?",
    ":",
    "I",
    "am",
    "Ada",
    "so",
    "that",
    "it",
    "is",
    "cold",
    "here",
]
sentences = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=8).map(" ".join)
ends = st.sampled_from([" ", ". ", ".\n", ",\n\n", ": ", " (", ") ", "\n- ", "! "])
runs = st.lists(st.tuples(sentences, ends), min_size=1, max_size=3).map(
    lambda pairs: "".join(text + end for text, end in pairs)
)


@st.composite
def templates(draw: st.DrawFn) -> Template:
    parts: list[Part] = []
    for _ in range(draw(st.integers(1, 3))):
        parts.append(Words(draw(runs)))
        kind = draw(st.sampled_from(KINDS))
        slot = Slot(draw(sentences), kind, draw(st.integers(1, 2)) if kind == "sentences" else 0)
        parts.append(slot)
    return Template(tuple(parts))


@settings(deadline=None, max_examples=min(60, settings().max_examples))
@given(sketch=templates(), seed=st.integers(0, 2**31), details=st.sampled_from(["", "Say it."]))
def test_literals_come_byte_for_byte_and_in_order(
    sketch: Template, seed: int, details: str
) -> None:
    model = RandomTokens([" " + " ".join(VOCABULARY)], seed)
    asked = task(sketch, details=details)
    done = complete(model, asked)
    assert done.completion.spans == tuple(done.spans)
    assert complete(RandomTokens([" " + " ".join(VOCABULARY)], seed), asked).text == done.text
    # Without white space, what the cloud wrote is its words without those of the sentences left
    # out, in order.
    whole = bare("".join(part.text for part in sketch.parts if isinstance(part, Words)))
    said, place = bare(done.by_cloud), 0
    for span in done.spans:
        if span.author == "cloud":
            place = whole.find(bare(span.text), place)
            assert place >= 0, (span, sketch)
            place += len(bare(span.text))
    if not done.completion.left_out:
        assert whole.startswith(said)  # a heading at the end may be missing
    own = "".join(span.text for span in done.spans if span.author == "local")
    assert not set("[]{}<>_*#`|") & set(own)
    assert isinstance(done.completion, Completion)


def bare(text: str) -> str:
    return "".join(text.split())
