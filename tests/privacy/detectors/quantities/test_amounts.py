from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.quantities.amounts import find_amounts, parse_all_amounts
from cogenesis_langchain.privacy.detectors.quantities.numbers import find_numbers
from cogenesis_langchain.privacy.detectors.quantities.parsed_value import ParsedValue
from cogenesis_langchain.privacy.detectors.spans import ValueKind


def canonical(text: str) -> frozenset[str]:
    return frozenset(mark for found in find_amounts(text) for mark in found.canonical_forms)


def probes(text: str) -> frozenset[str]:
    found = parse_all_amounts(text, list(find_numbers(text)))
    return frozenset(mark for value in found for mark in value.lookup_forms)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("she owes $14,200 now", "AMOUNT", "$14,200"),
        ("er zahlt 48.900 Euro", "AMOUNT", "48.900 Euro"),
        ("un loyer de 940 €", "AMOUNT", "940 €"),
        ("cuesta 1.250 euros", "AMOUNT", "1.250 euros"),
        ("stipendio di 2.300 euro", "AMOUNT", "2.300 euro"),
        ("рента 45 000 руб.", "AMOUNT", "45 000 руб."),
        ("月薪8500元", "AMOUNT", "8500元"),
        ("she earns £31 an hour", "AMOUNT", "£31 an hour"),
        ("er verdient 31 Euro pro Stunde", "AMOUNT", "31 Euro pro Stunde"),
        ("weighs 91.4 kg", "QUANTITY", "91.4 kg"),
        ("wiegt 91,4 kg", "QUANTITY", "91,4 kg"),
        ("she is 30 years old", "QUANTITY", "30 years old"),
        ("sie ist 31 Jahre alt", "QUANTITY", "31 Jahre alt"),
        ("aged 30 and well", "QUANTITY", "aged 30"),
        ("blood pressure 152/94 mmHg", "QUANTITY", "152/94 mmHg"),
        ("ran it in 3:42:17", "QUANTITY", "3:42:17"),
        ("a bed of 140 x 200", "QUANTITY", "140 x 200"),
        ("he is 6 ft 2", "QUANTITY", "6 ft 2"),
    ],
)
def test_sums_and_quantities(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in detected(find_amounts, text)


@pytest.mark.parametrize(
    "text",
    [
        "Finish it in 3 days or within 45 minutes.",
        "In 10 Tagen, in 30 Minuten, in 2 Wochen.",
        "Dans 15 jours, en 20 minutes.",
        "Give it 100% or at least 50 percent.",
        "Write 200 words about the 12 months of a year.",
    ],
)
def test_round_durations_and_percentages_are_left_out(text: str) -> None:
    assert detected(find_amounts, text) == set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("€48,900", "48.900 Euro"),
        ("$14,200", "14.2k dollars"),
        ("91.4 kg", "91,4 kilos"),
        ("£3,000", "three thousand pounds"),
    ],
)
def test_spellings_of_one_sum_are_filed_alike(one: str, other: str) -> None:
    assert canonical(one) & canonical(other)


def test_different_sums_are_filed_apart() -> None:
    assert not canonical("$14,200") & canonical("$14,300")
    assert not canonical("90 kg") & canonical("90 miles")


def test_a_bare_number_probes_for_a_telling_sum() -> None:
    assert probes("pay 14,250 by Friday") & canonical("$14,250")
    assert not probes("pay 14,250 by Friday") & canonical("$14,260")


def test_a_round_sum_needs_its_currency() -> None:
    assert not probes("write 100 words") & canonical("she owes $100")
    assert probes("she owes 100 dollars") & canonical("she owes $100")


def test_ordinals_are_no_amounts() -> None:
    numbers: list[ParsedValue] = list(parse_all_amounts("the 19th", list(find_numbers("the 19th"))))
    assert numbers == []
