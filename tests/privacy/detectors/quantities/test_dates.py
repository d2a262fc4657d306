from __future__ import annotations

import pytest
from support.detected import detected, one

from cogenesis_langchain.privacy.detectors.quantities.dates import find_dates, find_times


@pytest.mark.parametrize(
    ("text", "value", "mark"),
    [
        ("on 14 March 2026 we", "14 March 2026", "date 2026-3-14"),
        ("since March 14th, 2026", "March 14th, 2026", "date 2026-3-14"),
        ("on the twenty-first of May", "the twenty-first of May", "date 5-21"),
        ("am 3. Dezember 2025", "3. Dezember 2025", "date 2025-12-3"),
        ("le 8 février 2026", "8 février 2026", "date 2026-2-8"),
        ("el 21 de mayo de 2026", "21 de mayo de 2026", "date 2026-5-21"),
        ("il 2 giugno 1987", "2 giugno 1987", "date 1987-6-2"),
        ("em 7 de setembro", "7 de setembro", "date 9-7"),
        ("uciekł 8 stycznia", "8 stycznia", "date 1-8"),
        ("родился 5 мая 1990 года", "5 мая 1990 года", "date 1990-5-5"),
        ("2026年3月14日", "2026年3月14日", "date 2026-3-14"),
        ("2026년 3월 14일", "2026년 3월 14일", "date 2026-3-14"),
        ("on 2026-03-14", "2026-03-14", "date 2026-3-14"),
        ("in June 2019", "June 2019", "month 2019-6"),
        ("card valid to 09/27", "09/27", "month 2027-9"),
        ("on Thursday 12", "Thursday 12", "of-month 12"),
    ],
)
def test_dates_have_a_value(text: str, value: str, mark: str) -> None:
    found = [date for date in find_dates(text) if text[date.start : date.end] == value]
    assert found, detected(find_dates, text)
    assert any(mark in date.canonical_forms for date in found)
    assert {date.kind for date in found} == {"DATE"}


@pytest.mark.parametrize(
    "text",
    [
        "They may march in the spring.",
        "Chapter 14, verse 3, in 2024",
        "the ratio is 3/4 or 14%",
        "Er kommt im Mai.",
        "en mars, peut-être",
        "on Thursday at noon",
        "blood pressure 120/80 mmHg",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert detected(find_dates, text) == set()


@pytest.mark.parametrize(
    "other", ["March 14th, 2026", "14/03/2026", "03/14/2026", "2026-03-14", "14. März 2026"]
)
def test_spellings_of_one_day_are_filed_alike(other: str) -> None:
    assert one(find_dates, other).canonical_forms & one(find_dates, "14 March 2026").canonical_forms


def test_an_ambiguous_numeric_date_is_both_days() -> None:
    canonical = one(find_dates, "04/05/2026").canonical_forms
    assert {"date 2026-4-5", "date 2026-5-4"} <= canonical


def test_a_day_without_its_year_probes_for_any_year_and_another_year_does_not() -> None:
    stored = one(find_dates, "14 March 2026").canonical_forms
    assert one(find_dates, "14 March").lookup_forms & stored
    assert not one(find_dates, "14 March 2025").lookup_forms & stored
    assert not one(find_dates, "15 March").lookup_forms & stored


def test_a_range_holds_both_days() -> None:
    canonical = one(find_dates, "from 18 to 22 April").canonical_forms
    assert {"date 4-18", "date 4-22"} <= canonical


@pytest.mark.parametrize(
    ("text", "value", "hours"),
    [
        ("at 5:45 pm", "5:45 pm", {"17:45"}),
        ("at 17:45 sharp", "17:45", {"17:45"}),
        ("at 5:45 sharp", "5:45", {"5:45", "17:45"}),
        ("um 8:30 Uhr", "8:30 Uhr", {"8:30", "20:30"}),
        ("à 14h30 demain", "14h30", {"14:30"}),
        ("at 12 am", "12 am", {"0:00"}),
        ("at half past nine", "half past nine", {"9:30", "21:30"}),
        ("at quarter to one", "quarter to one", {"0:45", "12:45"}),
        ("nine in the morning", "nine in the morning", {"9:00"}),
        ("seven o'clock", "seven o'clock", {"7:00", "19:00"}),
    ],
)
def test_times_have_a_value(text: str, value: str, hours: set[str]) -> None:
    found = one(find_times, text)
    assert text[found.start : found.end] == value
    assert found.kind == "TIME"
    assert found.canonical_forms == {f"time {hour}" for hour in hours}


@pytest.mark.parametrize(
    "text",
    ["a 16:9 screen", "25:10 is no time", "version 2.10.3", "half past caring", "in 5 hours"],
)
def test_what_is_no_time(text: str) -> None:
    assert detected(find_times, text) == set()
