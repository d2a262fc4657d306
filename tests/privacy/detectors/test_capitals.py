from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.capitals import TokenisedText


def runs(text: str, *languages: str) -> list[str]:
    reader = TokenisedText(text, languages or ("en",))
    return [text[run[0].start : run[-1].end] for run in reader.runs()]


@pytest.mark.parametrize(
    ("text", "languages", "expected"),
    [
        ("she met Ginevra Bellandi there", (), ["Ginevra Bellandi"]),
        ("she met Dr. Nwosu there", (), ["Dr. Nwosu"]),
        ("thanks to Mr. and Mrs. Kowalczyk", (), ["Mr. and Mrs. Kowalczyk"]),
        ("a bid by Brightwater Logistics, Ltd today", (), ["Brightwater Logistics, Ltd"]),
        ("painted by Ruben de Vos in oil", (), ["Ruben de Vos"]),
        ("signed by J. P. Morrow himself", (), ["J. P. Morrow"]),
        ("wir trafen Katarina von Plessen gestern", ("en", "de"), ["Katarina von Plessen"]),
        ("hablé con Nadia Haddad ayer", ("en", "es"), ["Nadia Haddad"]),
        ("on a vu Anne-Laure hier", ("en", "fr"), ["Anne-Laure"]),
        ("с Ольгой Петровой вчера", ("en", "ru"), ["Ольгой Петровой"]),
    ],
)
def test_capitalised_words_in_a_row(
    text: str, languages: tuple[str, ...], expected: list[str]
) -> None:
    assert runs(text, *languages) == expected


@pytest.mark.parametrize(
    "text",
    [
        "nothing here has a capital",
        "Dear all",
        "we need it ASAP, said the NHS",
        "in May or on Monday",
    ],
)
def test_greetings_abbreviations_and_public_words_are_no_runs(text: str) -> None:
    assert runs(text) == []


def test_two_people_are_two_runs() -> None:
    assert runs("he called Dr. Nwosu, Dr. Haddad") == ["Dr. Nwosu", "Dr. Haddad"]


def test_the_first_word_of_a_sentence_opens_it() -> None:
    reader = TokenisedText("It rained. Amara left at 9. Dr. Okafor stayed.", ("en",))
    opens = {token.text for token in reader.tokens if token.opens}
    assert opens == {"It", "Amara", "Dr"}


def test_a_word_after_a_colon_is_labelled() -> None:
    reader = TokenisedText("he said: Amara left", ("en",))
    assert [token.text for token in reader.tokens if token.labelled] == ["Amara"]


def test_neighbours_of_a_word() -> None:
    reader = TokenisedText("the cat sat? Then it left", ("en",))
    the, cat, sat, then, *_ = reader.tokens
    assert reader.before(the) is None
    assert reader.before(cat) == the
    assert reader.before(then) is None, "another sentence"
    assert reader.after(sat) == then
    assert reader.after(reader.tokens[-1]) is None


def test_particles_count_as_part_of_a_capitalised_word() -> None:
    [token] = TokenisedText("al-Harthi", ("en",)).tokens
    assert token.capital
    [token] = TokenisedText("twenty-one", ("en",)).tokens
    assert not token.capital
