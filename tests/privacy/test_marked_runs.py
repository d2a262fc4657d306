"""Tokens that are private by themselves: how they are joined, and what the view shows of them."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.views.disclosure import Part
from cogenesis_langchain.privacy.views.marked_runs import Run, Unit, marked_runs, without
from cogenesis_langchain.privacy.views.public_view import GrowingView

NOTE = "My dentist is Anna Keller. I owe 512 euros."
VALUES = ValueSet.from_texts([NOTE])


def view() -> GrowingView:
    return GrowingView(VALUES, Placeholders(), [NOTE])


def rendered(parts: list[Part], tokens: list[bytes]) -> str:
    return b"".join(
        part.encode() if isinstance(part, str) else b"".join(tokens[part.start : part.stop])
        for part in parts
    ).decode(errors="replace")


def shown(marked: str) -> list[str]:
    """The views of a text and of its beginnings; marked tokens begin with ``*``."""
    pieces = re.findall(r"\*? ?\w+|\*?[^\w]", marked)
    tokens = [piece.removeprefix("*").encode() for piece in pieces]
    marks = [piece.startswith("*") for piece in pieces]
    one, found = view(), list[str]()
    for count in range(len(tokens) + 1):
        parts = one.after(tokens[:count], marks[:count])
        found += [] if parts is None else [rendered(list(parts), tokens)]
    return found


def test_marked_words_stand_as_one_placeholder() -> None:
    assert shown("the* old* grey house")[-1] == "the [TEXT_1] house"
    assert shown("the* old, big* grey house")[-1] == "the [TEXT_1], big [TEXT_2] house"


def test_a_run_goes_on_to_the_end_of_its_word_and_over_marked_signs() -> None:
    pieces = [b"her", b" elder", b"flower", b"s", b",", b" too"]
    marks = [False, True, False, False, True, False]
    assert rendered(list(view().after(pieces, marks) or []), pieces) == "her [TEXT_1] too"
    marks[1] = False
    assert rendered(list(view().after(pieces, marks) or []), pieces) == "her elderflowers, too"


def test_a_value_inside_of_a_run_keeps_its_own_placeholder() -> None:
    assert shown("by* kind Anna Keller is")[-1] == "by [TEXT_1] [NAME_1] is"
    assert shown("by* kind* Anna* Keller* here is")[-1] == "by [TEXT_1][NAME_1][TEXT_2] is"


def test_equal_runs_have_unequal_placeholders() -> None:
    assert shown("a* blue car and a* blue bus")[-1] == "a [TEXT_1] car and a [TEXT_2] bus"


def test_runs_without_a_part_that_is_masked_anyway() -> None:
    runs = [Run(0, 10, continues=True), Run(12, 14)]
    assert without(runs, [(3, 5), (9, 13)]) == [Run(0, 3, True), Run(5, 9), Run(13, 14)]
    assert without(runs, []) == runs
    assert without([Run(2, 4)], [(0, 9)]) == []


def test_a_run_continues_over_a_border() -> None:
    units = [Unit(0, 3, is_marked=True), Unit(3, 4, is_marked=False)]
    assert marked_runs("abc.", units, in_run=True) == ([Run(0, 3, continues=True)], False)
    assert marked_runs("abc.", units[:1], in_run=False) == ([Run(0, 3)], True)


WORDS = [b" red", b" blue", b"ish", b" Anna", b" Keller", b" 512", b".", b" and", b"\xc3", b"\xa4"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.booleans()), max_size=12), st.data())
def test_no_marked_word_is_shown_and_nothing_is_taken_back(
    pieces: list[tuple[bytes, bool]], data: st.DataObject
) -> None:
    tokens, marks = [token for token, _ in pieces], [mark for _, mark in pieces]
    one, before = view(), ""
    for count in range(len(tokens) + 1):
        parts = one.after(tokens[:count], marks[:count])
        if parts is None:
            continue
        now = rendered(list(parts), tokens)
        assert now.startswith(before)
        before = now
        for part in parts:
            if not isinstance(part, str):
                named = (i for i in part if marks[i] and tokens[i].strip().isalnum())
                assert not list(named)
    again = data.draw(st.integers(0, len(tokens)))
    used = one.after(tokens[:again], marks[:again])
    assert used == view().after(tokens[:again], marks[:again]), "whatever was written before"
