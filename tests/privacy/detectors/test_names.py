from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.names import find_introduced_names, find_names
from cogenesis_langchain.privacy.detectors.spans import ValueKind


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Yesterday I met Ginevra Bellandi again.", "NAME", "Ginevra Bellandi"),
        ("Dear Mr. Kowalczyk,", "NAME", "Mr. Kowalczyk"),
        ("All the best,\nPhilippa", "NAME", "Philippa"),
        ("our cat Bishop is ill", "NAME", "Bishop"),
        ("He met Mr. Bishop and the Bishop.", "NAME", "Mr. Bishop"),
        ("Meine Nachbarin Frau Schröder war da.", "NAME", "Frau Schröder"),
        ("J'ai vu Mme Marchand hier.", "NAME", "Mme Marchand"),
        ("Ayer hablé con Nadia Haddad.", "NAME", "Nadia Haddad"),
        ("Ho visto Chiara Bellandi ieri.", "NAME", "Chiara Bellandi"),
        ("we met in Whitby", "PLACE", "Whitby"),
        ("a bid by Brightwater Logistics Ltd", "ORGANISATION", "Brightwater Logistics Ltd"),
        ("the University of Leeds wrote", "ORGANISATION", "University of Leeds"),
        ("работает в ООО «Ромашка» давно", "ORGANISATION", "ООО «Ромашка»"),
        ("she lives at Merikotkantie 6 B now", "ADDRESS", "Merikotkantie 6 B"),
        ("zsófia: hi\nbarty: hello\nzsófia: bye", "NAME", "zsófia"),
    ],
)
def test_names_places_and_organisations(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in detected(find_names, text)


@pytest.mark.parametrize(
    "text",
    [
        "The meeting on Monday was short and everyone was pleased.",
        "In May the roses bloom; in France the grass is cut.",
        "Excel and Python were used, said the English teacher.",
        "Am Montag war es im Garten sehr schön.",
        "La reunión fue corta.",
        "Le chat dort dans le jardin.",
        "Il gatto dorme.",
        "Check-up with us on Monday. Sign-off by noon.",
        "She sees a doctor. Follow-up is in May.",
        "I wrote to my cousin. Tomorrow we meet.",
        "Dear Madam Chief Inspector",
        "Seit Tagen fällt die Heizung aus und niemand kommt.",
        "Wir haben das Klavier der Familie gestimmt und die Saiten nicht gewechselt.",
        "Dans le jardin il y a un chat. Aan het werk is het niet goed.",
    ],
)
def test_everyday_sentences_hold_no_name(text: str) -> None:
    assert detected(find_names, text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Gisteren was de vergadering van het bestuur. Visser heeft de sleutel.", "Visser"),
        ("Wczoraj był u mnie i nie było go w domu. Kowalski przyszedł.", "Kowalski"),
        ("Eilen oli kokous ja se on ohi. Virtanen tuli.", "Virtanen"),
        ("Het is voor de deur van het huis. Groningen was mooi.", "Groningen"),
        ("Die Rechnung von Schneider und Koch kam nicht an.", "Schneider"),
        ("Das Treffen mit Wolf und Kaiser war nicht gut.", "Kaiser"),
    ],
)
def test_a_surname_that_word_lists_know_is_found(text: str, name: str) -> None:
    assert any(name in value.split() for _, value in detected(find_names, text))


def test_a_heading_is_no_part_of_the_firm_below_it() -> None:
    text = "Rechnung. Klavierstimmerei Feodora Quast. Wir haben das Klavier nicht gestimmt."
    assert not any("Rechnung" in value for _, value in detected(find_names, text))
    assert any("Msgr. Quast" in value for _, value in detected(find_names, "Msgr. Quast came."))


@pytest.mark.parametrize("name", ["Da-in", "Min-in", "Kim-on"])
def test_a_given_name_that_looks_like_a_phrasal_noun_is_found(name: str) -> None:
    assert ("NAME", name) in detected(find_names, f"Write a card for {name}.")


def test_a_name_known_from_one_place_counts_where_a_sentence_begins() -> None:
    assert detected(find_names, "Faith moved slowly.") == set()
    text = "We thanked Mrs. Faith. Faith moved slowly."
    assert any(span.start == text.index("Faith moved") for span in find_names(text))


def test_a_possessive_ending_is_no_part_of_the_name() -> None:
    assert ("NAME", "Zsófia") in detected(find_names, "that was Zsófia's idea")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Write to Dr. Nwosu about it.", "Dr. Nwosu"),
        ("Write to Mr. Bishop about the rent.", "Mr. Bishop"),
        ("Write to Miss Coach about the match.", "Miss Coach"),
        ("Write an e-mail to Dra. Cruz about my bill.", "Dra. Cruz"),
        ("Escribe un correo a la Dra. Flores, por favor.", "Dra. Flores"),
        ("Write to Miss. Young about the match.", "Miss. Young"),
        ("Write to Prof. Bishop about the exam.", "Prof. Bishop"),
        ("Thank my wife Anna for it.", "Anna"),
        ("Danke meiner Frau Katharina dafür.", "Frau Katharina"),
        ("Écris à Mme Marchand.", "Mme Marchand"),
    ],
)
def test_names_that_an_instruction_introduces(text: str, name: str) -> None:
    assert ("NAME", name) in detected(find_introduced_names, text)


@pytest.mark.parametrize(
    "text",
    [
        "Write about Marie Curie.",
        "Write a letter to my landlord in Paris.",
        "Explain Newton to my son.",
        "Write to the Chief Inspector of schools.",
        "Schreibe über Goethe.",
    ],
)
def test_names_that_are_not_introduced_stay(text: str) -> None:
    assert detected(find_introduced_names, text) == set()
