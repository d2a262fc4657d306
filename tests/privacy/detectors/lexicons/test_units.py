from __future__ import annotations

from decimal import Decimal

import pytest

from cogenesis_langchain.privacy.detectors.lexicons.units import UNIT, is_round, unit_of


def unit(after_number: str) -> str | None:
    match = UNIT.match(after_number)
    return unit_of(match) if match else None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (" kg", "kg"), ("kilos", "kg"), (" Kilograms", "kg"), (" кг", "kg"), (" m", "m"),
        (" metres", "m"), (" mm", "mm"), (" square metres", "sqm"), (" years old", "year"),
        (" Jahre", "year"), (" ans", "year"), (" años", "year"), ("歳です", "year"),
        (" лет", "year"),
        (" Wochen", "week"), (" semaines", "week"), ("-hour", "hour"), ("%", "%"),
        (" Prozent", "%"), (" mmol/l", "concentration"), ("°C", "°C"),
    ],
)  # fmt: skip
def test_spellings_of_a_unit_have_one_name(written: str, name: str) -> None:
    assert unit(written) == name


@pytest.mark.parametrize("written", [" kgb", " words", " my", " men", "", " landlords"])
def test_what_is_no_unit(written: str) -> None:
    assert unit(written) is None


def values(*numbers: int | str) -> frozenset[Decimal]:
    return frozenset(map(Decimal, numbers))


def test_round_durations_and_percentages() -> None:
    assert is_round(values(3), "day")
    assert is_round(values(45), "minute")
    assert is_round(values(35), "%")
    assert not is_round(values(37), "day")
    assert not is_round(values("12.5"), "%")
    assert not is_round(values(50), "kg"), "a weight is never round"
