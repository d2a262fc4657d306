from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.spans import ValueKind
from cogenesis_langchain.privacy.detectors.terms import find_terms


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("she has type 2 diabetes", "HEALTH", "type 2 diabetes"),
        ("he takes apixaban daily", "HEALTH", "apixaban"),
        ("my son has selective mutism", "HEALTH", "selective mutism"),
        ("she was given Zortrexin 40 mg", "HEALTH", "Zortrexin"),
        ("his migraines came back", "HEALTH", "migraines"),
        ("mein Vater hat Demenz", "HEALTH", "Demenz"),
        ("ma mère a un cancer", "HEALTH", "cancer"),
        ("mi hermano tiene epilepsia", "HEALTH", "epilepsia"),
        ("mia madre soffre di schizofrenia", "HEALTH", "schizofrenia"),
        ("у моей мамы диабет", "HEALTH", "диабет"),
        ("我妈妈有糖尿病", "HEALTH", "糖尿病"),
        ("her divorce in spring", "TERM", "divorce"),
        ("meine Scheidung im Mai", "TERM", "Scheidung"),
        ("su divorcio fue largo", "TERM", "divorcio"),
        ("his wheelchair is broken", "TERM", "wheelchair"),
        ("my gambling debts grow", "MONEY", "gambling debts"),
        ("seine Privatinsolvenz läuft", "MONEY", "Privatinsolvenz"),
        ("ma pension alimentaire", "MONEY", "pension alimentaire"),
    ],
)
def test_terms_of_somebody(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in detected(find_terms, text)


@pytest.mark.parametrize(
    "text",
    [
        "Diabetes is a disease in which the level of sugar is too high.",
        "Bankruptcy law differs between countries.",
        "Diabetes und Demenz nehmen weltweit zu.",
        "Le cancer est une maladie.",
        "she has a valid passport and likes opera",
        "my garden needs water",
    ],
)
def test_terms_of_nobody_and_everyday_words(text: str) -> None:
    assert detected(find_terms, text) == set()


def test_each_paragraph_is_judged_on_its_own() -> None:
    text = "Dementia affects memory.\n\nMy aunt sleeps badly."
    assert detected(find_terms, text) == set()
    assert ("HEALTH", "Dementia") in detected(find_terms, text.replace("\n\n", " "))
