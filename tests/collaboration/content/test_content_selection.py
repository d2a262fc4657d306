"""The list of what a text has to say: which details, which notes, in which order."""

from __future__ import annotations

import pytest

from cogenesis_langchain.collaboration.content.content_selection import notes_about, select_content

LOG = (
    "2026-01-10 Boiler failed again, 12 degrees in the kitchen",
    "2026-01-11 Called Mr Abara, no answer",
    "2026-01-12 Bought a heater for 49 euros",
    "2026-01-13 Choir rehearsal moved to the crypt",
)
PROFILE = ("Writes short sentences.", "Rents from Mr Abara since 2019.", "Sings alto.")
NOTES = ("\n".join(PROFILE), "\n".join(LOG))


def test_the_sentences_of_the_details_come_first_and_the_notes_after_them() -> None:
    details = ["He owes me 49 euros. Friday suits me!\n", "No lawyers"]
    task = "Write to my landlord about the boiler.\n" + "\n".join(details)
    assert select_content(NOTES, task, details) == [
        "He owes me 49 euros.",
        "Friday suits me!",
        "No lawyers",
        LOG[0],
        LOG[2],
    ]


def test_a_document_among_the_details_is_no_list_of_what_to_say() -> None:
    document = "The crypt is cold. " * 30
    assert select_content(NOTES, f"Summarise.\n{document}", [document]) == [LOG[3]]


def test_lines_that_share_telling_words_with_the_task_come_in_their_order() -> None:
    task = "Write to Mr Abara that the boiler failed."
    assert notes_about(task, NOTES, most=3) == [PROFILE[1], LOG[0], LOG[1]]


def test_rare_words_weigh_more_than_repeated_ones() -> None:
    notes = ("\n".join(f"rehearsal number {day}" for day in range(1, 7)) + "\ncrypt",)
    assert notes_about("The rehearsal in the crypt", notes, most=1) == ["crypt"]


def test_other_forms_of_a_word_count() -> None:
    assert notes_about("Tell the singers about rehearsals.", NOTES, most=2) == [LOG[3]]


def test_one_telling_form_of_a_word_is_enough() -> None:
    notes = (
        "2026-02-18 Offer letter: 9,500 euros a year for the road\nA hip replaced in the year",
    )
    assert notes_about("what I was offered for the road", notes, most=1) == [
        "2026-02-18 Offer letter: 9,500 euros a year for the road"
    ]


def test_of_lines_that_share_equally_telling_words_the_one_with_more_others_comes() -> None:
    notes = ("A sheep farmer with 212 ewes\nGate left open, 31 ewes on the road",)
    assert notes_about("the ewes on the road", notes, most=1) == [
        "Gate left open, 31 ewes on the road"
    ]


def test_everyday_words_and_other_subjects_choose_nothing() -> None:
    assert notes_about("Please write about this and that for me.", NOTES) == []
    assert notes_about("Write to Mr Abara.", ()) == []


def test_a_long_paragraph_is_taken_apart_into_sentences() -> None:
    paragraph = "The crypt is cold. " + "We sang on all the same. " * 10 + "The organ is silent!"
    assert notes_about("The organ", (*NOTES, paragraph)) == ["The organ is silent!"]


@pytest.mark.parametrize("copies", [1, 5])
def test_a_line_that_is_repeated_is_shown_once(copies: int) -> None:
    assert notes_about("The crypt", NOTES * copies) == [LOG[3]]
