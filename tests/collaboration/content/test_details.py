from __future__ import annotations

import pytest

from cogenesis_langchain.collaboration.content.details import (
    is_fragment,
    is_own_statement,
    is_told,
    recites,
)

TURBINES = "2026-02-02 Survey men on the mountain, 14 turbines proposed, 178 metres to the tip"
EWES = "2026-02-06 Gate on the Sruhan lane left open by a white jeep, 31 ewes on the road at dark"
ORDER = "Give the height of all, the bog burst at Meenacarn this month, and the ewes on the road."


@pytest.mark.parametrize(
    ("detail", "text", "note", "told"),
    [
        ("Pay by 10 March.", "I expect the sum by March 10.", "", True),
        ("Pay by 10 March.", "I expect the sum by 11 March.", "", False),
        ("the ewes on the road", "The ewes stood on the Sruhan road.", EWES, False),
        ("the ewes on the road", "Then 31 ewes stood on the road.", EWES, True),
        ("the number and height of the turbines", "There are 14 turbines.", TURBINES, False),
        ("the number and height of the turbines", "14 turbines, 178 metres.", TURBINES, True),
        ("Pay by 10 March.", "I paid 100 euros on 110 March.", "", False),
        ("Thank Meenacarn for the rain.", "I thank Meenacarn.", EWES, True),
    ],
)
def test_a_detail_without_facts_asks_for_most_numbers_of_the_note_about_it(
    detail: str, text: str, note: str, told: bool
) -> None:
    assert is_told(detail, text, [note] if note else []) is told


@pytest.mark.parametrize(
    ("sentence", "recited"),
    [
        ("Give the bog burst.", True),
        ("The bog burst at Meenacarn this month, and the ewes on the road in 2003.", True),
        ("The ewes on the road were 31.", False),
        ("Give me a call.", False),
        ("", False),
    ],
)
def test_a_sentence_that_recites_an_order_is_no_sentence_of_the_text(
    sentence: str, recited: bool
) -> None:
    assert recites(sentence, ORDER) is recited


@pytest.mark.parametrize(
    ("sentence", "clause", "fragment"),
    [
        ("How many kilometres.", "How many kilometres.", True),
        ("Snezhana, four years.", "Snezhana, four years", True),
        ("It snowed all day.", "It snowed all day", False),
        ("They came in 2 kilometres.", "How many kilometres.", False),
        ("No more ewes in the kitchen.", "No more ewes in the kitchen.", False),
        ("", "How many", False),
        ("?!", "...", True),
    ],
)
def test_a_few_words_of_the_request_are_no_sentence(
    sentence: str, clause: str, fragment: bool
) -> None:
    assert is_fragment(sentence, clause) is fragment


@pytest.mark.parametrize(
    ("clause", "own"),
    [
        ("I want a repair by 2 March", True),
        ("we meet at Kamppi", True),
        ("I want it soon", False),
        ("I want the letter to be under 100 words", False),
        ("I know that I've told you", False),
        ("Say that I come on 2 March", False),
        ("it costs 240 euros", False),
    ],
)
def test_a_statement_of_the_user_with_a_fact_can_stand_as_it_is(clause: str, own: bool) -> None:
    assert is_own_statement(clause) is own
