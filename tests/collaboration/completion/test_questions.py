from __future__ import annotations

from collections.abc import Sequence

from support.completing import LETTER, template

from cogenesis_langchain.collaboration.completion.questions import Questions
from cogenesis_langchain.collaboration.completion.units import Unit, split_units
from cogenesis_langchain.sketch.template import Slot, Words

NOTES = ["My landlord is Teodora Lindqvist.", "The plumber is Bo Quist.", "My name is Ada Zorn."]


def questions_about(details: list[str], subject: Sequence[str] = ()) -> list[str]:
    """The question before each unit with a slot, in the order of the letter."""
    units = split_units(template(LETTER))
    questions = Questions.of(units, details, NOTES, subject)
    return [questions.about(number, unit) for number, unit in enumerate(units) if unit.slots]


def test_a_slot_of_a_name_is_asked_with_the_details_that_name_somebody() -> None:
    details = ["It is cold this January.", "To Teodora Lindqvist, today."]
    salutation, *_, signature = questions_about(details)
    assert "The user asks: To Teodora Lindqvist, today." in salutation
    assert "It is cold" not in salutation
    assert "The user asks" not in signature, "one's own name stands in the notes"


def test_without_a_name_in_the_request_the_notes_have_to_say_it() -> None:
    salutation, *_ = questions_about(["It is cold."])
    assert "The user asks" not in salutation and "Teodora Lindqvist" in salutation


def test_without_details_sentences_are_asked_with_the_notes_about_the_instruction() -> None:
    subject = ["Boiler out again, 13 degrees in the kitchen."]
    salutation, facts, date, signature = questions_about([], subject)
    assert subject[0] in facts
    assert all(subject[0] not in question for question in (salutation, date, signature))
    assert subject[0] not in questions_about(["Mention the damp cellar."], subject)[1]


def test_the_words_of_a_salutation_ask_for_no_notes() -> None:
    unit = Unit((Words("Dear "), Slot("landlord's name", "name"), Words(",")))
    asked = Questions.of([unit], [], ["Dear Ada Zorn,", "The landlord is away."], ()).about(0, unit)
    assert "The landlord is away." in asked and "Ada Zorn" not in asked


EWES = "2026-02-06 Gate on the Sruhan lane left open by a white jeep, 31 ewes on the road at dark"


def test_a_slot_of_a_value_is_asked_with_the_details_where_none_belongs_to_it() -> None:
    details = ["Mention the damp cellar.", "It has to be done by 10 March."]
    _, facts, date, signature = questions_about(details)
    assert "by 10 March" in date, "the slot says 'date of the repair'; the detail shares no word"
    assert "damp cellar" in facts and "damp cellar" not in signature
    many = questions_about([f"{detail} {n}" for n in range(4) for detail in details])
    assert "The user asks" not in many[2], "a long request is not repeated before each value"


def test_a_detail_can_be_asked_for_in_the_words_of_its_note() -> None:
    units = split_units(template(LETTER))
    details = [
        "Give the ewes on the road, the quartz of all things.",
        "No more ewes in the kitchen.",
    ]
    questions = Questions.of(units, details, ["Born on 4 May\n" + EWES], ())
    asked = questions.about_note_of("Give the ewes on the road")
    assert "Gate on the Sruhan lane" in asked and "2026-02-06" not in asked
    assert questions.about_note_of("the quartz of all things.") == "", "no note knows of it"
    assert questions.about_note_of(details[1]) == "", "a statement says all itself"
    addressed = Questions.of(units, ["To the ewes on the road."], [EWES], ())
    assert addressed.about_note_of("To the ewes on the road.") == ""
    assert questions.is_told(details[1], "There are no ewes in my kitchen.")
