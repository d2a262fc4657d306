"""What is private in an instruction by itself: the default, and strict."""

from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText


def leaves(instruction: str, *, strict: bool) -> str:
    border = Border(ledger=MemoryLedger(), strict=strict)
    return str(border.release(PrivateText(instruction), ValueSet(), Placeholders()).text)


@pytest.mark.parametrize(
    ("instruction", "hidden"),
    [
        ("Write to the school: my cousin Ngozi Okafor is ill.", ["Okafor"]),
        ("I was diagnosed with Crohn's disease in Leeds, write to work.", ["Crohn", "Leeds"]),
        ("Ask Thornfield Dental for a date, my wife is pregnant.", ["Thornfield", "pregnant"]),
        ("Explain to my boss that I am an atheist and a striker.", ["atheist"]),
        ("Schreibe, dass ich geschieden bin und in Husum wohne.", ["geschieden", "Husum"]),
        ("Écris à ma sœur que je suis lesbienne.", ["lesbienne"]),
    ],
)
def test_strict_hides_what_no_document_knows(instruction: str, hidden: list[str]) -> None:
    assert all(word not in leaves(instruction, strict=True) for word in hidden)
    assert any(word in leaves(instruction, strict=False) for word in hidden)


@pytest.mark.parametrize(
    "instruction",
    [
        "Write a short letter to my landlord about the heating.",
        "Explain diabetes in simple words.",
        "Formuliere eine Einladung zum Sommerfest der Firma.",
        "Redacta una carta breve y amable.",
        "Summarise the second paragraph in English, please.",
    ],
)
def test_strict_leaves_general_instructions_as_they_are(instruction: str) -> None:
    assert leaves(instruction, strict=True) == instruction
