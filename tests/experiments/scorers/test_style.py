from __future__ import annotations

import pytest
from support.attempts import attempt, record

from experiments.scorers.style import (
    SCALES,
    STYLE_DISTANCE,
    style_distance,
    style_features,
)

TERSE = "Left at four. Rain. No queue at the border."


def test_the_features_of_a_letter_are_these() -> None:
    found = style_features("Dear Ana,\n\nI don't know (yet)! Is 4.5 fine?\n\nBest regards,\nTeo")
    one_in_twelve = pytest.approx(100 / 12)
    assert found == {
        "words a sentence": pytest.approx(12 / 5),
        "letters a word": pytest.approx(39 / 12),
        "contractions, of 100 words": one_in_twelve,
        "exclamation marks, of 100 words": one_in_twelve,
        "question marks, of 100 words": one_in_twelve,
        "commas, of 100 words": pytest.approx(200 / 12),
        "dashes, colons, semicolons and brackets, of 100 words": pytest.approx(200 / 12),
        "numbers in figures, of 100 words": one_in_twelve,
        "first person singular, of 100 words": one_in_twelve,
        "words a paragraph": pytest.approx(12 / 3),
        "begins with a greeting": 1.0,
        "ends with a closing formula": 1.0,
    }
    assert list(found) == list(SCALES)


def test_the_same_style_is_at_distance_zero() -> None:
    assert style_distance(TERSE, [TERSE, TERSE]) == 0.0


def test_the_distance_is_the_mean_of_the_differences_each_against_its_scale() -> None:
    # Alike but for exclamation marks: 4 of 8 words, against none and 2 of 8; scale 0.5.
    shouted, calm, lively = ("Go on! " * 4, "Go on. " * 4, "Go on! " * 2 + "Go on. " * 2)
    apart = 50.0 - (0.0 + 25.0) / 2
    assert style_distance(shouted, [calm, lively]) == pytest.approx(apart / (apart + 0.5) / 12)


def test_another_style_is_further_away_than_the_user_s_own() -> None:
    own = attempt("Back at six. Snow. Nobody at the gate.")
    other = attempt(
        "Dearest Lavinia!! I simply can't tell you how wonderful, how utterly marvellous, it would "
        "be — and I mean this — if those three nights could possibly find their way to me!"
    )
    near, far = (STYLE_DISTANCE.measure(record(), one) for one in (own, other))
    assert near is not None and far is not None
    assert near < 0.15 < 0.35 < far


@pytest.mark.parametrize("text", ["", " \n", "!?"])
def test_a_text_without_words_has_no_style(text: str) -> None:
    assert STYLE_DISTANCE.measure(record(), attempt(text)) is None


def test_style_does_not_apply_without_earlier_writings_or_without_a_text() -> None:
    assert STYLE_DISTANCE.measure(record(earlier_writings=[]), attempt(TERSE)) is None
    assert STYLE_DISTANCE.measure(record(), attempt(failure="x")) is None
