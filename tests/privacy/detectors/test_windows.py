"""Windows of bounded length."""

from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.combined import find_spans
from cogenesis_langchain.privacy.detectors.windows import windows

FILLER = "The committee met and talked about the roof. "


def test_a_short_text_is_one_window() -> None:
    assert list(windows("a short text")) == [(0, "a short text")]
    assert list(windows("")) == [(0, "")]


@pytest.mark.parametrize("text", ["x" * 9_001, FILLER * 300, "\n\n" * 5_000, "症" * 7_000])
def test_windows_cover_a_text_and_are_bounded(text: str) -> None:
    end = 0
    for start, piece in windows(text):
        assert start <= end and text[start : start + len(piece)] == piece and len(piece) <= 2_200
        end = start + len(piece)
    assert end == len(text)


@pytest.mark.parametrize("repeats", range(36, 50))
def test_a_value_is_found_wherever_a_window_ends(repeats: int) -> None:
    text = FILLER * repeats + "Write to anna.keller@example.org today. " + FILLER * repeats
    found = {text[span.start : span.end] for span in find_spans(text)}
    assert "anna.keller@example.org" in found
