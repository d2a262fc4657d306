"""Words that gain too much by the context: how they are joined, and what the view shows of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.views.disclosure import Part
from cogenesis_langchain.privacy.views.public_view import GrowingView
from cogenesis_langchain.privacy.views.word_gains import Run, without

NOTE = "My dentist is Anna Keller. I owe 512 euros."
VALUES = ValueSet.from_texts([NOTE])
MOST = 3.0


def view() -> GrowingView:
    return GrowingView(VALUES, Placeholders(), [NOTE], most=MOST)


def rendered(parts: Sequence[Part], tokens: Sequence[bytes]) -> str:
    return b"".join(
        part.encode() if isinstance(part, str) else b"".join(tokens[part.start : part.stop])
        for part in parts
    ).decode(errors="replace")


def shown(*tokens: str | tuple[str, float]) -> str:
    """The last view of a text; a token alone gains nothing."""
    pairs = [(one, 0.0) if isinstance(one, str) else one for one in (*tokens, " end")]
    written, gains = [text.encode() for text, _ in pairs], [gain for _, gain in pairs]
    parts = view().after(written, gains)
    assert parts is not None
    return rendered(parts, written).removesuffix(" end")


def test_words_in_a_row_stand_as_one_placeholder() -> None:
    assert shown("the", (" old", 4.0), (" grey", 4.0), " house") == "the [TEXT_1] house"
    masked = shown("the", (" old", 4.0), ",", " big", (" grey", 4.0), " house")
    assert masked == "the [TEXT_1] big [TEXT_2] house"


def test_equal_words_have_unequal_placeholders() -> None:
    assert shown("a", (" blue", 4.0), " car", (" blue", 4.0)) == "a [TEXT_1] car [TEXT_2]"


@pytest.mark.parametrize(
    "pieces",
    [
        [(" gas", 4.0), "tritis"],
        [(" gas", 1.6), ("tri", 1.6), "tis"],
        [(" gas", 2.9), ("tritis", 0.2)],
        [(" ", 2.0), ("4", 0.9), ("8", 0.9), "7"],
        [(" psori", 4.0), "-", "atic"],
        [(" don", 4.0), "'", "t"],
        [(" ज", 4.0), "ि", "गर"],
        [(" Se", 4.0), "\u0301", "villa"],
        [(" gas", 4.0), "\u200b", "tritis"],
        [(" gas", 4.0), "", "tritis"],
        [(" snake", 4.0), "_", "case"],
        [(" 🤰", 4.0)],
        [("\n", 2.0), ("Knee", 2.0)],
    ],
)
def test_a_word_counts_as_a_whole_however_it_is_cut(pieces: list[str | tuple[str, float]]) -> None:
    masked = shown("It is", *pieces, " so")
    assert masked.replace("[", " [").split() == ["It", "is", "[TEXT_1]", "so"]


def test_a_word_of_small_gains_is_shown_and_the_context_may_speak_against_it() -> None:
    assert (
        shown("It", (" is", 1.0), ("n't", 0.9), (" so", -9.0), (" far", 2.9)) == "It isn't so far"
    )
    assert shown("It", (" is", 1.6), ("n't", 1.6)) == "It [TEXT_1]"


def test_in_scripts_without_spaces_each_token_is_a_word() -> None:
    assert shown("我", ("膝", 4.0), "很", "痛") == "我[TEXT_1]很痛"
    assert shown("ฉัน", ("ปว", 4.0), "ด", "มาก") == "ฉัน[TEXT_1]ดมาก"


def test_a_word_that_may_still_gain_too_much_is_held_back() -> None:
    written = [b"I have", b" under", b"stand", b"ing", b" now"]
    gains = [0.0, 0.2, 0.9, 2.5, 0.0]
    seen = [view().after(written[:count], gains[:count]) for count in range(1, 6)]
    texts = [None if parts is None else rendered(parts, written) for parts in seen]
    assert texts == [
        "I have",
        "I have under",
        None,
        "I have under[TEXT_1]",
        "I have under[TEXT_1] now",
    ]


def test_a_gain_that_is_no_number_or_unknown_is_too_much() -> None:
    assert shown("It", (" hurts", math.inf)) == "It [TEXT_1]"
    assert shown("It", (" hurts", math.nan)) == "It [TEXT_1]"


def test_a_value_inside_of_a_run_keeps_its_own_placeholder() -> None:
    assert shown("by", (" kind", 4.0), " Anna", " Keller") == "by [TEXT_1] [NAME_1]"
    run = [(" kind", 4.0), (" Anna", 4.0), (" Keller", 4.0), (" here", 4.0)]
    assert shown("by", *run, " is") == "by [TEXT_1][NAME_1][TEXT_2] is"


def test_what_stands_in_a_token_beside_a_value_is_not_shown() -> None:
    text = "x Anna Keller-divorced"
    tokens = [b"To", b" Anna Keller-divorced", b" now"]
    assert rendered(view().after(tokens, [0.0] * 3) or [], tokens) == "To [NAME_1] now"
    plain = GrowingView(VALUES, Placeholders(), [NOTE])
    assert "divorced" in rendered(plain.after(tokens) or [], tokens), text


def test_the_same_bytes_with_another_gain_are_another_text() -> None:
    one, tokens = view(), [b"the", b" knee", b" is"]
    assert rendered(one.after(tokens, [0, 0, 0]) or [], tokens) == "the knee is"
    assert rendered(one.after(tokens, [0, 9, 0]) or [], tokens) == "the [TEXT_1] is"


def test_runs_without_a_part_that_is_masked_anyway() -> None:
    runs = [Run(0, 10, continues=True), Run(12, 14)]
    assert without(runs, [(3, 5), (9, 13)]) == [Run(0, 3, True), Run(5, 9), Run(13, 14)]
    assert without(runs, []) == runs
    assert without([Run(2, 4)], [(0, 9)]) == []


PIECES = [b" red", b" blue", b"ish", b" Anna", b" Keller", b" 512", b".", b" and", b"\xc3", b"\xa4",
          b" ", b"\n", "病".encode()]  # fmt: skip
GAINS = st.sampled_from([0.0, 0.0, 0.9, 2.0, 5.0, -2.0])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), GAINS), max_size=14), st.data())
def test_no_word_that_gains_too_much_is_shown_and_nothing_is_taken_back(
    pieces: list[tuple[bytes, float]], data: st.DataObject
) -> None:
    tokens, gains = [token for token, _ in pieces], [gain for _, gain in pieces]
    one, before = view(), ""
    for count in range(len(tokens) + 1):
        parts = one.after(tokens[:count], gains[:count])
        if parts is None:
            continue
        now = rendered(parts, tokens)
        assert now.startswith(before)
        before = now
        places = [place for part in parts if not isinstance(part, str) for place in part]
        assert all(gains[place] <= MOST for place in places)
        for word in words(tokens, places):
            assert sum(max(gains[place], 0.0) for place in word) <= MOST
    again = data.draw(st.integers(0, len(tokens)))
    used = one.after(tokens[:again], gains[:again])
    fresh = view().after(tokens[:again], gains[:again])
    assert used == fresh, "whatever was written before"


def words(tokens: Sequence[bytes], places: Sequence[int]) -> list[list[int]]:
    """The shown tokens by the words of the text."""
    found: dict[int, list[int]] = {}
    word = 0
    for place, token in enumerate(tokens):
        if token[:1].isspace() or token[:1] == "病".encode()[:1]:
            word = place
        if place in places:
            found.setdefault(word, []).append(place)
    return list(found.values())


def test_a_reader_sees_no_value_at_an_open_end() -> None:
    """A value that may go on is masked for the reader, and nothing of it is settled."""
    note = "I was born on 14 March 1961 in Whitby."
    tokens = [b"On", b" 14", b" March", b" at", b" noon"]
    one = GrowingView(ValueSet.from_texts([note]), Placeholders(), [note], most=MOST)
    for count in range(3, len(tokens) + 1):
        parts, known = one.provisional(tokens[:count])
        text = rendered(parts, tokens)
        assert known == count and "March" not in text and text.startswith("On")
    before = one.after(tokens[:1])
    fresh = GrowingView(ValueSet.from_texts([note]), Placeholders(), [note], most=MOST)
    assert before == fresh.after(tokens[:1])
    assert one.after([*tokens, b" we"]) == fresh.after([*tokens, b" we"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), GAINS), max_size=12), st.data())
def test_what_a_reader_sees_depends_on_the_text_alone(
    pieces: list[tuple[bytes, float]], data: st.DataObject
) -> None:
    """Rejected drafts leave nothing behind."""
    tokens, gains = [token for token, _ in pieces], [gain for _, gain in pieces]
    used = view()
    used.provisional(tokens, gains)
    for _ in range(2):
        count = data.draw(st.integers(0, len(tokens)))
        seen = used.provisional(tokens[:count], gains[:count])
        fresh = view().provisional(tokens[:count], gains[:count])
        assert (list(seen[0]), seen[1]) == (list(fresh[0]), fresh[1])
