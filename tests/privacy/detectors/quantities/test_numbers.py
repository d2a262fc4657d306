from __future__ import annotations

from decimal import Decimal

import pytest

from cogenesis_langchain.privacy.detectors.quantities.numbers import (
    Number,
    find_numbers,
    is_distinctive,
    is_small_or_year,
    values_of,
)


def only(text: str) -> Number:
    [figure] = find_numbers(text)
    return figure


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("14,200", {14200, Decimal("14.2")}),
        ("14200", {14200}),
        ("14 200", {14200}),
        ("14.200,00", {14200}),
        ("14,200.50", {Decimal("14200.5")}),
        ("€14.200", {14200}),
        ("14.2k", {14200}),
        ("14.2 million", {14_200_000}),
        ("2,5", {Decimal("2.5")}),
        ("12'400", {12400}),
        ("3,20,000", {320_000}),
        ("3 lakh", {300_000}),
        ("3万", {30_000}),
        ("1,5 Millionen", {1_500_000}),
        ("1,5 млн", {1_500_000}),
        ("fourteen thousand two hundred", {14200}),
    ],
)
def test_a_written_number_has_its_values(text: str, values: set[int | Decimal]) -> None:
    first = next(find_numbers(text))
    assert (first.start, first.end) == (0, len(text))
    assert values_of(first) == values


@pytest.mark.parametrize("text", ["no number", "one of two", "v1.2.3.4", "192.168.0.1"])
def test_what_is_no_figure(text: str) -> None:
    assert list(find_numbers(text)) == []


@pytest.mark.parametrize(
    ("text", "written", "unit"),
    [
        ("weighs 91.4 kg", "91.4 kg", "kg"),
        ("wiegt 91,4 Kilo", "91,4 Kilo", "kg"),
        ("30 ans", "30 ans", "year"),
        ("42歳", "42歳", "year"),
        ("12-hour shift", "12-hour", "hour"),
    ],
)
def test_a_unit_belongs_to_its_number(text: str, written: str, unit: str) -> None:
    figure = only(text)
    assert text[figure.start : figure.end] == written
    assert figure.unit == unit
    assert not figure.currency and not figure.bare


@pytest.mark.parametrize(
    ("text", "written"),
    [("pays $14,200 now", "$14,200"), ("zahlt 940 Euro", "940 Euro"), ("8500元整", "8500元")],
)
def test_a_currency_belongs_to_its_number(text: str, written: str) -> None:
    figure = only(text)
    assert text[figure.start : figure.end] == written
    assert figure.currency and figure.unit is None


def test_an_ordinal_is_seen() -> None:
    assert only("the 19th").ordinal
    assert not only("19 then").ordinal


def test_small_numbers_and_years() -> None:
    assert all(is_small_or_year(Decimal(value)) for value in (0, 3, 12, 1900, 2026))
    assert not any(is_small_or_year(Decimal(value)) for value in (13, 1899, 2100, "2.5"))


def test_telling_numbers_are_neither_small_nor_round_nor_common() -> None:
    assert all(is_distinctive(Decimal(value)) for value in (31, 212, 2917, 14253, "91.4", "3.75"))
    assert not any(
        is_distinctive(Decimal(value))
        for value in (3, 24, 50, 150, 365, 500, 1024, 2000, 2026, 10_000, 100_000, "2.5")
    )
