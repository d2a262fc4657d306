from __future__ import annotations

import pytest

from cogenesis_langchain.collaboration.content.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("I ask my lawyer Dr. Haas. He knows.", ["I ask my lawyer Dr. Haas. ", "He knows."]),
        ("See J. Lund at St. Hedwig, No. 4! Now.", ["See J. Lund at St. Hedwig, No. 4! ", "Now."]),
        ("It costs 9.53 euros.\nPay … now?", ["It costs 9.53 euros.\n", "Pay … ", "now?"]),
        ("晴れた。雨だ。", ["晴れた。", "雨だ。"]),
        ("", []),
    ],
)
def test_a_point_after_a_title_or_an_initial_ends_no_sentence(
    text: str, sentences: list[str]
) -> None:
    assert split_sentences(text) == sentences
