from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cogenesis_langchain.models.local.text_stream import TextStream


def test_a_character_split_over_tokens_comes_out_whole() -> None:
    stream = TextStream()
    assert [stream.feed(piece) for piece in (b"caf", b"\xc3", b"\xa9!")] == ["caf", "", "é!"]


def test_an_unfinished_character_is_shown_as_such_at_the_end() -> None:
    stream = TextStream()
    assert stream.feed(b"\xf0\x9f") == ""
    assert stream.close() == "\ufffd"


def test_a_stop_string_over_several_tokens_ends_the_text_before_it() -> None:
    stream = TextStream(["END"])
    assert [stream.feed(piece) for piece in (b"one E", b"N", b"D two")] == ["one ", "", ""]
    assert stream.stopped
    assert stream.feed(b"more") == "" == stream.close()


def test_what_only_looked_like_a_stop_string_is_given_back() -> None:
    stream = TextStream(["END"])
    assert stream.feed(b"one EN") == "one "
    assert stream.feed(b"TER") == "ENTER"


def test_the_first_of_several_stop_strings_counts() -> None:
    stream = TextStream(["two", "one"])
    assert stream.feed(b"zero one two") == "zero "


def test_what_is_held_back_at_the_end_is_given_back() -> None:
    stream = TextStream(["END"])
    stream.feed(b"the E")
    assert stream.close() == "E"


@given(st.text(alphabet="abE", max_size=30), st.lists(st.integers(1, 4), max_size=30))
def test_any_cut_into_tokens_gives_the_same_text(text: str, cuts: list[int]) -> None:
    stream = TextStream(["abE", "Eb"])
    whole, rest = "", text.encode()
    for cut in [*cuts, len(rest)]:
        whole += stream.feed(rest[:cut])
        rest = rest[cut:]
    stops = [at for stop in ("abE", "Eb") if (at := text.find(stop)) >= 0]
    expected = text[: min(stops)] if stops else text
    assert whole + stream.close() == expected
