from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.quantities.counts import find_counts, parse_all_counts
from cogenesis_langchain.privacy.detectors.quantities.numbers import find_numbers


def canonical(text: str) -> frozenset[str]:
    return frozenset(mark for found in find_counts(text) for mark in found.canonical_forms)


def probes(text: str) -> frozenset[str]:
    found = parse_all_counts(text, list(find_numbers(text)))
    return frozenset(mark for value in found for mark in value.lookup_forms)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("we lost 31 ewes", "31 ewes"),
        ("she sells cloth at stall 212", "stall 212"),
        ("born in the 33rd week", "33rd week"),
        ("it is number 2,917 in the book", "2,917"),
        ("Ana, 47, is a nurse", "47"),
        ("on the 19th, as agreed", "the 19th"),
        ("nous avons 31 brebis", "31 brebis"),
        ("wir haben 31 Schafe", "31 Schafe"),
        ("tenemos 31 ovejas", "31 ovejas"),
    ],
)
def test_numbers_that_say_something(text: str, value: str) -> None:
    assert ("QUANTITY", value) in detected(find_counts, text)


@pytest.mark.parametrize(
    "text",
    [
        "three points and 10 minutes",
        "an essay of 2,000 words from 2024",
        "the top 5 of 100",
        "version A-17 of model X200",
        "in 3 Absätzen und 10 Minuten",
        "Donne 5 idées en 100 mots.",
    ],
)
def test_everyday_numbers_say_nothing(text: str) -> None:
    assert detected(find_counts, text) == set()


def test_a_count_is_found_again_whatever_its_plural() -> None:
    assert probes("Describe 1 ewe and 31 ewe") & canonical("we lost 31 ewes")
    assert not probes("Describe 32 ewes") & canonical("we lost 31 ewes")


def test_a_round_count_needs_its_noun() -> None:
    assert probes("about 40 ewes") & canonical("we lost 40 ewes")
    assert not probes("about 40 points") & canonical("we lost 40 ewes")
    assert probes("about 31 points") & canonical("we lost 31 ewes"), "31 says something alone"
