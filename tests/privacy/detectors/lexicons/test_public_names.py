from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.lexicons.public_names import is_public


@pytest.mark.parametrize(
    "word",
    ["May", "Monday", "France", "Deutschland", "España", "English", "Christmas", "Excel", "Dec."],
)
def test_names_that_belong_to_everybody(word: str) -> None:
    assert is_public(word)


@pytest.mark.parametrize("word", ["Zsófia", "Kowalczyk", "Whitby", "Brightwater", "landlord"])
def test_names_that_belong_to_somebody(word: str) -> None:
    assert not is_public(word)
