"""The notes beside the task: which lines, in which order, and when none."""

from __future__ import annotations

import pytest

from cogenesis_langchain.sketch.highlights import highlights

LOG = (
    "2026-01-10 Boiler failed again, 12 degrees in the kitchen",
    "2026-01-11 Called Mr Abara, no answer",
    "2026-01-12 Bought a heater for 49 euros",
    "2026-01-13 Choir rehearsal moved to the crypt",
)
PROFILE = ("Writes short sentences.", "Rents from Mr Abara since 2019.", "Sings alto.")
NOTES = ("\n".join(PROFILE), "\n".join(LOG))


def test_lines_that_share_telling_words_with_the_task_come_in_their_order() -> None:
    task = "Write to Mr Abara that the boiler failed."
    assert highlights(NOTES, task, most=3) == [PROFILE[1], LOG[0], LOG[1]]


def test_rare_words_weigh_more_than_repeated_ones() -> None:
    notes = ("\n".join(f"rehearsal number {day}" for day in range(1, 7)) + "\ncrypt",)
    assert highlights(notes, "The rehearsal in the crypt", most=1) == ["crypt"]


def test_other_forms_of_a_word_count() -> None:
    assert highlights(NOTES, "Tell the singers about rehearsals.", most=2) == [LOG[3]]


def test_everyday_words_and_other_subjects_choose_nothing() -> None:
    assert highlights(NOTES, "Please write about this and that for me.", most=2) == []


def test_notes_that_are_few_are_not_repeated() -> None:
    assert highlights(LOG, "Write to Mr Abara.", most=len(LOG)) == []
    assert highlights((), "Write to Mr Abara.") == []


def test_a_long_paragraph_is_taken_apart_into_sentences() -> None:
    paragraph = "The crypt is cold. " + "We sang on all the same. " * 10 + "The organ is silent!"
    assert highlights((*NOTES, paragraph), "The organ", most=2) == ["The organ is silent!"]


@pytest.mark.parametrize("copies", [2, 5])
def test_a_line_that_is_repeated_is_shown_once(copies: int) -> None:
    assert highlights(NOTES * copies, "The crypt", most=3) == [LOG[3]]
