"""Blanks in texts, and when brackets may have another use."""

from __future__ import annotations

import pytest

from cogenesis_langchain.collaboration.blanks import has_place_for_brackets, leftover_placeholders


@pytest.mark.parametrize(
    ("text", "blanks"),
    [
        ("Dear [Name], see you on [date].", 2),
        ("Yours, ____", 1),
        ("Dear Mrs Obi, bring 2 [3] of them.", 0),
        ("a _ b __ c", 0),
    ],
)
def test_blanks_are_counted(text: str, blanks: int) -> None:
    assert leftover_placeholders(text) == blanks


@pytest.mark.parametrize(
    "told", ["Return a JSON object.", "see `x`", "{'a': 1}", "as in [3]", "Two Python scripts"]
)
def test_a_request_for_a_notation_leaves_room_for_brackets(told: str) -> None:
    assert has_place_for_brackets(["Write to my landlord.", told])


def test_letters_have_no_use_for_brackets() -> None:
    assert not has_place_for_brackets(["Write to my landlord.", "Encoded, (in) description; 3 < 4"])
