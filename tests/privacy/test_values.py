from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.spans import ValueKind
from cogenesis_langchain.privacy.values import PrivateValue, detect, find_private_values


def found(text: str) -> set[tuple[str, str]]:
    return {(value.kind, value.text) for value in detect(text)}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to zofia.k@poczta.pl today", "EMAIL", "zofia.k@poczta.pl"),
        ("see https://files.oak.example/x?k=7 please", "URL", "https://files.oak.example/x?k=7"),
        ("login from 203.0.113.9 failed", "IP", "203.0.113.9"),
        ("peer 2001:db8::8a2e:370:7334 is down", "IP", "2001:db8::8a2e:370:7334"),
        ("reach me on +49 170 1234567", "PHONE", "+49 170 1234567"),
        ("her cell is (415) 555-0132", "PHONE", "(415) 555-0132"),
        ("charged to 4111-1111-1111-1111", "CARD", "4111-1111-1111-1111"),
        ("the Visa ending in 9917", "CARD", "9917"),
        ("send it to DE89 3704 0044 0532 0130 00.", "ACCOUNT", "DE89 3704 0044 0532 0130 00"),
        ("my DNI is 12345678Z", "ID", "12345678Z"),
        ("SSN 536-22-8741 on file", "ID", "536-22-8741"),
        ("ticket AB-12345 is open", "ID", "AB-12345"),
        ("order no. 7781204", "ID", "7781204"),
        ("flight LO 3924 leaves", "ID", "LO 3924"),
        ("at 27 Crabtree Lane, Leeds LS5 7AY", "ADDRESS", "27 Crabtree Lane, Leeds LS5 7AY"),
        ("wohnhaft Lindenstraße 14, 50674 Köln", "ADDRESS", "Lindenstraße 14, 50674 Köln"),
        ("le 8 février 2026 à Tours", "DATE", "8 février 2026"),
        ("am 3. Dezember 2025", "DATE", "3. Dezember 2025"),
        ("el 21 de mayo de 2026", "DATE", "21 de mayo de 2026"),
        ("since March 14th, 2024", "DATE", "March 14th, 2024"),
        ("on 2026-05-19 we", "DATE", "2026-05-19"),
        ("call at 5:45 pm", "TIME", "5:45 pm"),
        ("um 8:30 Uhr", "TIME", "8:30 Uhr"),
        ("I owe $14,200 in all", "AMOUNT", "$14,200"),
        ("that is 48.900 Euro", "AMOUNT", "48.900 Euro"),
        ("about three thousand pounds", "AMOUNT", "three thousand pounds"),
        ("weighs 91.4 kg now", "QUANTITY", "91.4 kg"),
        ("she is 42 years old", "QUANTITY", "42 years old"),
        ("I am 5'4 and 9st 6", "QUANTITY", "9st 6"),
        ("the mould covers 60 by 40 centimetres", "QUANTITY", "60 by 40"),
        ("he said twenty-nine point five", "QUANTITY", "twenty-nine point five"),
        ("we lost 31 ewes", "QUANTITY", "31 ewes"),
        ("she sells cloth at stall 212", "QUANTITY", "stall 212"),
        ("born in the 33rd week", "QUANTITY", "33rd week"),
        ("it is number 2,917 in the book", "QUANTITY", "2,917"),
        ("Ana, 47, is a nurse", "QUANTITY", "47"),
        ("a group owes 85,000 shillings", "AMOUNT", "85,000 shillings"),
        ("costs 45 triệu đồng", "AMOUNT", "45 triệu đồng"),
        ("Ksh 4,120 is due", "AMOUNT", "Ksh 4,120"),
        ("from 18 to 22 April", "DATE", "18 to 22 April"),
        ("uciekł 8 stycznia", "DATE", "8 stycznia"),
        ("write to @nocturnal.kiln", "ID", "@nocturnal.kiln"),
        ("known as bia_da_bainha there", "ID", "bia_da_bainha"),
        ("plate LSD 392 XK", "ID", "LSD 392 XK"),
        ("she has seat 31F", "ID", "seat 31F"),
        ("my wife Zsófia agrees", "NAME", "Zsófia"),
        ("Dear Mr. Kowalczyk,", "NAME", "Mr. Kowalczyk"),
        ("Best,\nPhilippa", "NAME", "Philippa"),
        ("Name: Ginevra Bellandi", "NAME", "Ginevra Bellandi"),
        ("姓名：王小明", "NAME", "王小明"),
        ("we met in Whitby", "PLACE", "Whitby"),
        ("a bid by Brightwater Logistics Ltd", "ORGANISATION", "Brightwater Logistics Ltd"),
        ("she has type 2 diabetes", "HEALTH", "type 2 diabetes"),
        ("he takes apixaban daily", "HEALTH", "apixaban"),
        ("she had dengue", "HEALTH", "dengue"),
        ("my son has selective mutism", "HEALTH", "selective mutism"),
        ("mia madre soffre, schizofrenia", "HEALTH", "schizofrenia"),
        ("her divorce in spring", "TERM", "divorce"),
        ("my gambling debts grow", "MONEY", "gambling debts"),
    ],
)  # fmt: skip
def test_private_values_are_found(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The meeting on Monday was short and everyone was pleased with the plan.",
        "In May the roses bloom, and in June the grass is cut twice a week.",
        "Write a 200-word essay in 3 days and list the top 10 reasons.",
        "Give me 20 ideas, 150 words each, in the style of the 2020s, within 30 minutes.",
        "Version 2.0 of Python came before Excel, said the English teacher.",
        "Diabetes is a disease in which the level of sugar is too high.",
    ],
)
def test_everyday_words_are_not_private(text: str) -> None:
    assert not found(text)


def test_a_card_number_counts_by_its_checksum() -> None:
    assert ("CARD", "4111 1111 1111 1111") in found("paid with 4111 1111 1111 1111")
    assert not any(kind == "CARD" for kind, _ in found("paid with 4111 1111 1111 1112"))


def test_a_value_does_not_print_its_text() -> None:
    assert "Zsófia" not in repr(PrivateValue("NAME", "Zsófia"))


def test_any_callable_is_a_detector() -> None:
    def projects(text: str) -> list[PrivateValue]:
        return [PrivateValue("TERM", word) for word in text.split() if word.startswith("x-")]

    text = "the x-falcon budget goes to anna@keller.de"
    assert {value.text for value in detect(text, [projects])} == {"x-falcon"}
    both = {value.text for value in detect(text, [find_private_values, projects])}
    assert both >= {"x-falcon", "anna@keller.de"}
