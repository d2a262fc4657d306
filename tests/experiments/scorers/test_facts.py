from __future__ import annotations

import pytest
from support.attempts import attempt, record

from experiments.scorers.facts import (
    INVENTED_VALUES,
    LEFTOVER_PLACEHOLDERS,
    REQUIRED_FACTS,
    invented_values,
)


def test_required_facts_count_in_any_accepted_form() -> None:
    both = attempt("On march 14 they owed me €38 and it is March still.")
    assert REQUIRED_FACTS.measure(record(), both) == 1.0
    assert REQUIRED_FACTS.measure(record(), attempt("38 EUROS are missing.")) == 0.5


def test_a_fact_inside_a_longer_number_or_missing_is_not_present() -> None:
    text = "On 114 March and on March 141 they owed me 238 euros, or €38.50."
    assert REQUIRED_FACTS.measure(record(), attempt(text)) == 0.0
    assert REQUIRED_FACTS.measure(record(), attempt("")) == 0.0


@pytest.mark.parametrize("text", ["on the 14th of March", "2026-03-14", "March 14th, 2026"])
def test_a_date_counts_in_any_spelling(text: str) -> None:
    assert REQUIRED_FACTS.measure(record(), attempt(f"It was {text}.")) == 0.5
    assert REQUIRED_FACTS.measure(record(), attempt(f"It was {text}.".replace("14", "15"))) == 0.0


def test_facts_do_not_apply_without_a_text_or_without_facts() -> None:
    assert REQUIRED_FACTS.measure(record(), attempt(failure="CloudTimeout: no answer")) is None
    assert REQUIRED_FACTS.measure(record(required_facts=[]), attempt("Hello.")) is None


def test_left_over_placeholders_are_counted() -> None:
    text = "Dear [name], I write on [date]. Yours, ____"
    assert LEFTOVER_PLACEHOLDERS.measure(record(), attempt(text)) == 3
    assert LEFTOVER_PLACEHOLDERS.measure(record(), attempt("Dear Lavinia, see [1].")) == 0


@pytest.mark.parametrize(
    "text",
    [
        "On 14 March 2026 I left at 4:20 am.",
        "March 14th, 22.4 t, 38 euros, plate CJ 27 VTD.",
        "Dear Mrs Chirilă, Teodor Vlasceanu of CARPATRANS writes from Zaragoza.",
        "Write to teo@carpatrans.ro.",
        "1. Three nights\n2. The sum of €38\n4. Thanks",
        "3 allowances are missing.",
        "I remain on the road.",
        "",
    ],
)
def test_what_was_told_is_not_invented(text: str) -> None:
    assert INVENTED_VALUES.measure(record(), attempt(text)) == 0


@pytest.mark.parametrize(
    ("text", "invented"),
    {
        "I left on 15 March.": {"15 march"},
        "I left at 05:20 from Zaragoza.": {"05:20"},
        "They owe me 39 euros, I say 39 euros.": {"39 euros"},
        "Dear Mrs Popescu, this is Teodor Vlăsceanu.": {"mrs popescu"},
        "Teodor Ionescu took load 812.": {"teodor ionescu", "812"},
        "Write to teo@gmail.com.": {"teo@gmail.com"},
        "Fourteen thousand two hundred was paid.": {"fourteen thousand two hundred"},
    }.items(),
)
def test_what_nobody_told_is_invented(text: str, invented: set[str]) -> None:
    assert invented_values(record(), text) == invented


def test_a_failed_attempt_has_no_invented_values_to_count() -> None:
    assert INVENTED_VALUES.measure(record(), attempt(failure="x")) is None
    assert INVENTED_VALUES.measure(record(), attempt("On 1 May and 2 May.")) == 2
