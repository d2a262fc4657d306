from __future__ import annotations

from support.completing import LETTER, template

from cogenesis_langchain.collaboration.completion.questions import Questions
from cogenesis_langchain.collaboration.completion.units import split_units

NOTES = ["My landlord is Teodora Lindqvist.", "The plumber is Bo Quist.", "My name is Ada Zorn."]


def questions_about(details: list[str]) -> list[str]:
    """The question before each unit with a slot, in the order of the letter."""
    units = split_units(template(LETTER))
    questions = Questions.of(units, details, NOTES)
    return [questions.about(number, unit) for number, unit in enumerate(units) if unit.slots]


def test_a_slot_of_a_name_is_asked_with_the_details_that_name_somebody() -> None:
    salutation, *_, signature = questions_about(["It is cold.", "To Teodora Lindqvist, today."])
    assert "The user asks: To Teodora Lindqvist, today." in salutation
    assert "It is cold" not in salutation
    assert "The user asks" not in signature, "one's own name stands in the notes"


def test_without_a_name_in_the_request_the_notes_have_to_say_it() -> None:
    salutation, *_ = questions_about(["It is cold."])
    assert "The user asks" not in salutation and "Teodora Lindqvist" in salutation
