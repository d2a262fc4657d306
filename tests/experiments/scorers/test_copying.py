from __future__ import annotations

import pytest
from support.attempts import attempt, record

from experiments.scorers.form import COPIED_FROM_NOTES


def copied(text: str) -> float | None:
    return COPIED_FROM_NOTES.measure(record(), attempt(text))


def test_words_in_runs_of_eight_that_stand_in_the_notes_are_copied() -> None:
    pasted = "I write to say: LEFT at 04:20, with 22.4 t for Zaragoza - 38 euros a night"
    # "04:20" counts as two words: 13 of the 17 stand so in the log.
    assert copied(pasted) == pytest.approx(13 / 17)


def test_seven_words_in_a_row_are_not() -> None:
    assert copied("Write to payroll about 3 missing night") == 0.0
    assert copied("Please: write to payroll about 3 missing night allowances") == pytest.approx(
        8 / 9
    )


def test_a_run_over_the_border_of_two_notes_is_none() -> None:
    assert copied("No queue at the border. Arrived at nine. Dry. Two") == 0.0
    assert copied("Arrived at nine. Dry. Two hours for customs.") == 1.0


def test_an_empty_or_failed_attempt_has_none() -> None:
    assert copied("") is None
    assert COPIED_FROM_NOTES.measure(record(), attempt(failure="x")) is None
