from __future__ import annotations

from collections.abc import Callable

import pytest

from cogenesis_langchain.privacy.matching.normalisation import collapse_spacing, normalisations


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("Q u i s t", "Quist"),
        ("to  Q u i s t   H a l l !", "to Quist Hall!"),
        ("on 1 3 / 0 1 / 1 9 5 0.", "on 13/01/1950."),
        ("**1 9 8 2 - 0 3 - 2 6**", "**1982-03-26**"),
        ("Q \u200b u\u200b i s\u00ad t", "Quist"),
        ("+49 \xa0\t 30 \xa0 20", "+49 30 20"),
        ("Q\nu\ni\ns\nt", "Quist"),
        ("Q   u   i   s   t", "Quist"),
    ],
)
def test_spelled_out_words_are_joined(text: str, usual: str) -> None:
    assert collapse_spacing(text) == usual


@pytest.mark.parametrize(
    "text",
    [
        "Write a note to my aunt.",
        "I am a b-sides fan",
        "a b",
        "line one\nline two",
        "naïve 日本語",
        "",
    ],
)
def test_normal_text_is_not_changed(text: str) -> None:
    assert collapse_spacing(text) == text


@pytest.mark.parametrize(
    "name", ["Νίκος Παπαδόπουλος", "Γιώργος", "Олег Кузнецов", "İlker Çağlayan", "Günther Straße"]
)
@pytest.mark.parametrize("cased", [str.upper, str.lower, str.casefold, str.title, str.swapcase])
def test_all_cases_of_a_name_normalise_alike(name: str, cased: Callable[[str], str]) -> None:
    assert set(normalisations(name)) & set(normalisations(cased(name)))
