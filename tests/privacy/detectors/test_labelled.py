from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.labelled import find_form_values, find_labelled
from cogenesis_langchain.privacy.detectors.spans import ValueKind


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Name: anna keller", "NAME", "anna keller"),
        ("Patient: Mr. J. Okafor\nWard: 4", "NAME", "Mr. J. Okafor"),
        ("* **Tenant**: lena brandt", "NAME", "lena brandt"),
        ("Vorname: Katharina", "NAME", "Katharina"),
        ("Nom complet: Élodie Marchand", "NAME", "Élodie Marchand"),
        ("Nazwisko: Kowalczyk", "NAME", "Kowalczyk"),
        ("Имя: ольга", "NAME", "ольга"),
        ("姓名：王小明", "NAME", "王小明"),
        ("氏名：田中花子", "NAME", "田中花子"),
        ("이름: 김민수", "NAME", "김민수"),
        ("الاسم: نادية حداد", "NAME", "نادية حداد"),
        ("City: whitby", "PLACE", "whitby"),
        ("Wohnort: Köln", "PLACE", "Köln"),
        ("Employer: Brightwater Logistics", "ORGANISATION", "Brightwater Logistics"),
        ("Krankenkasse: Nordlicht BKK", "ORGANISATION", "Nordlicht BKK"),
        ("Address: 4 the old mill", "ADDRESS", "4 the old mill"),
        ("Allergies: penicillin, nuts and latex", "HEALTH", "penicillin"),
        ("Allergies: penicillin, nuts and latex", "HEALTH", "latex"),
        ("Login: kiln4471", "ID", "kiln4471"),
    ],
)
def test_values_after_a_label(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in detected(find_labelled, text)


@pytest.mark.parametrize(
    "text",
    [
        "Name: n/a",
        "Allergies: none",
        "Diagnose: keine",
        "Nom: ",
        "The name of the rose is a novel.",
        "Three things matter: time, money, luck.",
        "Subject: heating",
    ],
)
def test_empty_values_and_other_labels_are_left_out(text: str) -> None:
    assert detected(find_labelled, text) == set()


def test_a_label_inside_a_sentence_does_not_count() -> None:
    assert detected(find_labelled, "call it by its name: rose") == set()
    assert detected(find_labelled, "It is known, name: rose") == {("NAME", "rose")}


def test_lines_of_a_form_in_a_script_without_capitals() -> None:
    form = "编号：甲七\n备注：左膝\nRoom: 12"
    assert detected(find_form_values, form) == {("TERM", "甲七"), ("TERM", "左膝")}


@pytest.mark.parametrize("text", ["Room: twelve", "Größe: mittel", "一句话，没有标签。"])
def test_lines_that_are_no_such_form(text: str) -> None:
    assert detected(find_form_values, text) == set()
