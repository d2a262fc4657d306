from __future__ import annotations

from decimal import Decimal

import pytest

from cogenesis_langchain.privacy.detectors.quantities.number_words import find_number_words


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("about thirteen of them", "thirteen", "13"),
        ("forty-two people", "forty-two", "42"),
        ("a hundred and seven", "a hundred and seven", "107"),
        ("fourteen thousand two hundred", "fourteen thousand two hundred", "14200"),
        ("Three Million", "Three Million", "3000000"),
        ("two point five litres", "two point five", "2.5"),
        ("twenty-nine point zero five", "twenty-nine point zero five", "29.05"),
        ("two million three thousand and one", "two million three thousand and one", "2003001"),
    ],
)
def test_numbers_in_words(text: str, written: str, value: str) -> None:
    [(start, end, found)] = find_number_words(text)
    assert text[start:end] == written
    assert found == Decimal(value)


@pytest.mark.parametrize(
    "text", ["one or two", "twelve", "no one", "often", "the point is two", "hundreds", "dreizehn"]
)
def test_small_numbers_and_other_words(text: str) -> None:
    assert list(find_number_words(text)) == []
