from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.lexicons.months import month_numbers


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("march", 3), ("sept", 9), ("dec", 12), ("märz", 3), ("jänner", 1), ("février", 2),
        ("mayo", 5), ("giugno", 6), ("setembro", 9), ("stycznia", 1), ("styczeń", 1), ("мая", 5),
        ("ağustos", 8), ("elokuu", 8),
    ],
)  # fmt: skip
def test_names_of_months(name: str, month: int) -> None:
    assert month_numbers()[name] == {month}


@pytest.mark.parametrize("word", ["March", "monday", "pro", "spring", "2", "set."])
def test_other_words(word: str) -> None:
    assert word not in month_numbers()


def test_all_months_are_there() -> None:
    assert set().union(*month_numbers().values()) == set(range(1, 13))
