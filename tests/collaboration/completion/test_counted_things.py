"""A number goes with the things that it counts in the sources."""

from __future__ import annotations

import pytest

from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules

NOTES = """2026-02-06 Gate left open by a white jeep, 31 ewes on the road at dark.
Tarrick proposes fourteen turbines of 178 metres. Ten nights on the road, 6 were paid, since 2003.
Rent: 9,500 euros a year. Cat number 7; kept for 41 years. The meeting is on 3 March 2026."""
RULES = CopyRules([NOTES])


@pytest.mark.parametrize(
    "text",
    [
        "31 ewes",
        "31 of them",
        "31 and more",
        "14 turbines",
        "fourteen turbines",
        "178 metres",
        "10 nights",
        "6 nights",
        "9,500 euros",
        "9500 euros",
        "41 years",
        "in 2003 everything burst",
        "3 March",
        "on 3 March everything ends",
    ],
)
def test_a_number_keeps_its_company(text: str) -> None:
    assert RULES.admits_all("I say ", text)


@pytest.mark.parametrize(
    "text",
    [
        "31 turbines",
        "14 years",
        "178 nights",
        "fourteen nights",
        "6 ewes",
        "9,500 metres",
        "7 days",
    ],
)
def test_a_number_that_counts_something_else_is_refused(text: str) -> None:
    assert not RULES.admits_all("I say ", text)


def test_a_number_of_the_sources_in_words_counts_as_in_figures() -> None:
    rules = CopyRules(["We have twelve rooms and 4 Katzen im Haus und auf dem Dach."])
    assert rules.admits_all("", "We have 12 rooms")
    assert not rules.admits_all("", "We have 12 Katzen")
