from __future__ import annotations

import pytest
from support.completing import LETTER, template

from cogenesis_langchain.collaboration.completion.questions import Questions, is_told
from cogenesis_langchain.collaboration.completion.units import split_units

NOTES = ["My landlord is Teodora Lindqvist.", "The plumber is Bo Quist.", "My name is Ada Zorn."]


def questions_about(details: list[str]) -> list[str]:
    """The question before each unit with a slot, in the order of the letter."""
    units = split_units(template(LETTER))
    questions = Questions.of(units, details, NOTES)
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


EWES = "2026-02-06 Gate on the Sruhan lane left open by a white jeep, 31 ewes on the road at dark"


@pytest.mark.parametrize(
    ("detail", "text", "note", "told"),
    [
        ("Pay by 10 March.", "I expect the sum by March 10.", "", True),
        ("Pay by 10 March.", "I expect the sum by 11 March.", "", False),
        ("the ewes on the road", "The ewes stood on the Sruhan road.", EWES, False),
        ("the ewes on the road", "Then 31 ewes stood on the road.", EWES, True),
        ("Thank Meenacarn for the rain.", "I thank Meenacarn.", EWES, True),
    ],
)
def test_a_detail_without_facts_asks_for_a_number_of_the_note_about_it(
    detail: str, text: str, note: str, told: bool
) -> None:
    assert is_told(detail, text, [note] if note else []) is told
