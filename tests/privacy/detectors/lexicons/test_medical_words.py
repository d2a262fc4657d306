from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.lexicons.medical_words import is_medical


@pytest.mark.parametrize(
    "word",
    [
        "dengue",
        "mutism",
        "Schizophrenia",
        "schizofrenia",
        "schizophrénie",
        "Schizophrenie",
        "listeria",
    ],
)
def test_words_of_illnesses_in_many_languages(word: str) -> None:
    assert is_medical(word)


@pytest.mark.parametrize(
    "word", ["mushroom", "posture", "petit", "Haus", "jardin", "flu", "Anna", "table", "landlord"]
)
def test_everyday_words_short_words_and_names(word: str) -> None:
    assert not is_medical(word)
