from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.combined import (
    find_spans,
    find_spans_in_instruction,
    parse_all_values,
)

LETTER = (
    "Dear Mr. Kowalczyk, I live at 27 Crabtree Lane, Leeds LS5 7AY. Since 14 March 2026 I owe "
    "$14,250 for my mother's dialysis; reach me at zofia@poczta.example, 5:45 pm, stall 212."
)


def test_every_family_is_searched() -> None:
    found = detected(find_spans, LETTER)
    assert found >= {
        ("NAME", "Mr. Kowalczyk"),
        ("ADDRESS", "27 Crabtree Lane, Leeds LS5 7AY"),
        ("DATE", "14 March 2026"),
        ("AMOUNT", "$14,250"),
        ("HEALTH", "dialysis"),
        ("EMAIL", "zofia@poczta.example"),
        ("TIME", "5:45 pm"),
        ("QUANTITY", "stall 212"),
    }


def test_spans_are_in_order_and_each_comes_once() -> None:
    spans = find_spans(LETTER)
    assert spans == sorted(set(spans))


def test_a_number_inside_a_shaped_value_is_not_counted_again() -> None:
    assert detected(find_spans, "on 14 March 2026") == {("DATE", "14 March 2026")}


def test_an_instruction_gives_away_only_what_is_certainly_private() -> None:
    text = (
        "Write to my wife Zsófia at zofia@poczta.example about the $14,253 from 14 March 2026, "
        "order no. A-7781204, in 3 paragraphs for $500 on Monday in Whitby."
    )
    found = detected(find_spans_in_instruction, text)
    assert {value for _, value in found} == {
        "zofia@poczta.example",
        "$14,253",
        "14 March 2026",
        "A-7781204",
        "Zsófia",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Write a letter to my landlord about the heating, in 200 words.",
        "Schreibe einen Brief an meine Versicherung über 100 Euro.",
        "Écris une lettre pour le 14 mars à mon propriétaire.",
        "Escribe un poema sobre Madrid en abril.",
    ],
)
def test_a_general_instruction_holds_nothing_private(text: str) -> None:
    assert find_spans_in_instruction(text) == []


def test_probing_reads_every_number_date_and_time() -> None:
    read = detected(parse_all_values, "In 3 days, on 14 March at 5 pm, for 20 people")
    assert {value for _, value in read} >= {"3 days", "14 March", "5 pm", "20 people"}
