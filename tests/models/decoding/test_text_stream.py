from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cogenesis_langchain.models.decoding.text_stream import TextStream


def test_a_character_split_over_tokens_comes_out_whole() -> None:
    stream = TextStream()
    assert [stream.feed(piece) for piece in (b"caf", b"\xc3", b"\xa9!")] == ["caf", "", "é!"]


def test_an_unfinished_character_becomes_a_replacement_character() -> None:
    stream = TextStream()
    assert stream.feed(b"\xf0\x9f") == ""
    assert stream.close() == "\ufffd"


def test_a_stop_string_over_several_tokens_ends_the_text_before_it() -> None:
    stream = TextStream(["END"])
    assert [stream.feed(piece) for piece in (b"one E", b"N", b"D two")] == ["one ", "", ""]
    assert stream.stopped
    assert stream.feed(b"more") == "" == stream.close()


def test_a_partial_stop_string_is_released() -> None:
    stream = TextStream(["END"])
    assert stream.feed(b"one EN") == "one "
    assert stream.feed(b"TER") == "ENTER"


def test_the_earliest_of_several_stop_strings_ends_the_text() -> None:
    stream = TextStream(["two", "one"])
    assert stream.feed(b"zero one two") == "zero "


def test_held_back_text_is_released_at_the_end() -> None:
    stream = TextStream(["END"])
    stream.feed(b"the E")
    assert stream.close() == "E"


@given(st.text(alphabet="abE", max_size=30), st.lists(st.integers(1, 4), max_size=30))
def test_the_text_does_not_depend_on_token_boundaries(text: str, cuts: list[int]) -> None:
    stream = TextStream(["abE", "Eb"])
    whole, rest = "", text.encode()
    for cut in [*cuts, len(rest)]:
        whole += stream.feed(rest[:cut])
        rest = rest[cut:]
    stops = [at for stop in ("abE", "Eb") if (at := text.find(stop)) >= 0]
    expected = text[: min(stops)] if stops else text
    assert whole + stream.close() == expected
