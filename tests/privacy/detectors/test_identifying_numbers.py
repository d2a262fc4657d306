from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.identifying_numbers import find_identifying_numbers
from cogenesis_langchain.privacy.detectors.spans import ValueKind


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("charged to 4111-1111-1111-1111", "CARD", "4111-1111-1111-1111"),
        ("the Visa ending in 9917", "CARD", "9917"),
        ("die Karte endet auf 9917", "CARD", "9917"),
        ("to DE89 3704 0044 0532 0130 00 by noon", "ACCOUNT", "DE89 3704 0044 0532 0130 00"),
        ("account number 12345678 please", "ACCOUNT", "12345678"),
        ("Konto 12345678 bei der Bank", "ACCOUNT", "12345678"),
        ("SSN 536-22-8741", "ID", "536-22-8741"),
        ("mi DNI es 12345678Z", "ID", "12345678Z"),
        ("NI number QQ 12 34 56 C, no: AB 12 34 56 C", "ID", "AB 12 34 56 C"),
        ("CPF 529.982.247-25", "ID", "529.982.247-25"),
        ("身份证11010519491231002X号", "ID", "11010519491231002X"),
        ("PESEL 44051401359", "ID", "44051401359"),
        ("reach me on +49 170 1234567", "PHONE", "+49 170 1234567"),
        ("her cell is (415) 555-0132", "PHONE", "(415) 555-0132"),
        ("appelle le 06 12 34 56 78 ce soir", "PHONE", "06 12 34 56 78"),
        ("电话 13800138000", "PHONE", "13800138000"),
    ],
)
def test_numbers_with_a_meaning(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in detected(find_identifying_numbers, text)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("charged to 4111-1111-1111-1112", "CARD", "4111-1111-1111-1112"),
        ("to DE88 3704 0044 0532 0130 00", "ACCOUNT", "DE88 3704 0044 0532 0130 00"),
        ("12345678A is no DNI", "ID", "12345678A"),
        ("000-12-3456 is no SSN", "ID", "000-12-3456"),
        ("CPF 529.982.247-26", "ID", "529.982.247-26"),
    ],
)
def test_a_wrong_checksum_does_not_count(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) not in detected(find_identifying_numbers, text)


@pytest.mark.parametrize(
    "text",
    [
        "between 1990 and 2026",
        "chapter 12, page 1045",
        "in 1.234.567 cases",
        "Seite 123456 von 200000",
    ],
)
def test_plain_numbers_are_left_alone(text: str) -> None:
    assert detected(find_identifying_numbers, text) == set()


def test_a_word_announces_a_telephone_number() -> None:
    assert ("PHONE", "555 0132") in detected(find_identifying_numbers, "call me on 555 0132")
    assert detected(find_identifying_numbers, "we had 555 0132 of them") == set()
