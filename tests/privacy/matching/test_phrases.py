"""Copied phrases are private if they carry information."""

from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.matching.value_set import ValueSet


def hidden(phrase: str) -> list[str]:
    """What is hidden in an instruction that has the same phrase as a private text."""
    known = ValueSet.from_texts([f"yesterday they said {phrase} twice"], detectors=())
    text = f"well, {phrase} please"
    return [text[hit.start : hit.end] for hit in known.find(text)]


@pytest.mark.parametrize(
    "phrase",
    [
        "write a short letter to my",
        "make it shorter but friendlier",
        "please draft an email to the",
        "write a formal complaint letter to",
        "please let me know if you",
        "thank you very much for your",
        "could you make this a bit more polite",
    ],
)
def test_everyday_phrases_are_no_secret(phrase: str) -> None:
    assert hidden(phrase) == []


@pytest.mark.parametrize(
    "phrase",
    [
        "put the ladder behind the shed",
        "his debt to the chess club",
        "hand him the brass key",
        "she lost the baby in the spring",
        "the surgeon said that it will",
    ],
)
def test_distinctive_phrases_are_hidden(phrase: str) -> None:
    assert hidden(phrase) == [phrase]


def test_a_long_copied_passage_of_common_words_is_hidden() -> None:
    phrase = "she told him that he had to go and that her mother would come to live with us soon"
    assert hidden(phrase) == [phrase]
