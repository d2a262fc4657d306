from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.lexicons.words import (
    LANGUAGES,
    is_compound,
    is_everyday,
    is_known_name,
    is_rare,
    is_surname,
    languages_of,
    zipf,
)


@pytest.mark.parametrize("name", ["Anna", "zsófia", "Giovanni", "Amara", "Katharina"])
def test_given_names_of_many_countries(name: str) -> None:
    assert is_known_name(name)
    assert not is_everyday(name)


@pytest.mark.parametrize("word", ["the", "landlord", "heating", "Kowalczyk", "und"])
def test_words_that_are_no_given_names(word: str) -> None:
    assert not is_known_name(word)


def test_surnames() -> None:
    assert is_surname("Kowalczyk")
    assert not is_surname("landlord")
    assert not is_surname("The")


def test_everyday_words_belong_to_a_language() -> None:
    assert is_everyday("garden")
    assert not is_everyday("Garten")
    assert is_everyday("Garten", "de")
    assert is_everyday("jardin", "en", "fr")


def test_common_words_are_more_common() -> None:
    assert zipf("the", "en") > zipf("landlord", "en") > 3
    assert zipf("xqzzt", *LANGUAGES) == 0
    assert zipf("Haus", "de") == zipf("haus", "en", "de")


def test_rare_words() -> None:
    assert is_rare("xqzzt")
    assert not is_rare("landlord")
    assert not is_rare("Garten", "de")


def test_compounds_of_two_everyday_words() -> None:
    assert is_compound("deckhands")
    assert not is_compound("xqzzthands")
    assert not is_compound("the")


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("I went to the garden and it was fine.", ("en",)),
        ("Ich war im Garten und es war schön.", ("en", "de")),
        ("Je suis dans le jardin avec les enfants.", ("en", "fr")),
        ("Estoy en el jardín con los niños.", ("en", "es")),
        ("Я был в саду.", ("en", "ru", "uk")),
        ("Ήμουν στον κήπο και ήταν ωραία.", ("en", "el")),
    ],
)
def test_languages_of_a_text(text: str, languages: tuple[str, ...]) -> None:
    assert languages_of(text) == languages
