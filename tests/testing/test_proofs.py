from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from urllib.parse import quote_plus

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from stdnum import iban
from support.spellings import SPELLINGS

from cogenesis_langchain.models.base import GenerationOptions, LocalTextModel, PrivateMessage
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.testing import (
    CALL_STYLES,
    EgressRecorder,
    FakeLocal,
    FixedContext,
    assert_no_private_value,
    assert_non_interference,
    make_canaries,
)
from cogenesis_langchain.testing.search import find_leaks, rare_words

SECRET = "Zímlor Quovex-14"
NOTE = "My name is Zimlor Quovex and I owe 4,311.20 EUR."


def send(recorder: EgressRecorder, body: str, path: str = "/x") -> None:
    with urllib.request.urlopen(recorder.url + path, data=body.encode()) as answer:
        answer.read()


# Searching


@pytest.mark.parametrize(
    "leak",
    [
        SECRET,
        SECRET.upper(),
        "zimlor quovex 14",
        "Zim\u200blor\nQuo-\nvex14",
        "Z i m l o r Q u o v e x 1 4",
        json.dumps(SECRET),
        quote_plus(SECRET),
        SECRET[::-1],
        SECRET.encode().hex(),
        SECRET.encode("utf-16-le").decode("latin-1"),
        *(base64.b64encode(b"x" * extra + SECRET.encode()).decode() for extra in range(3)),
    ],
)
def test_a_string_is_found_in_every_encoding(leak: str) -> None:
    raw = leak.encode("latin-1") if "\x00" in leak else leak.encode()
    assert find_leaks(b"before " + raw + b" after", [SECRET])


def test_an_absent_string_is_not_found() -> None:
    assert not find_leaks(b"before Zimlor and Quovex after 14", [SECRET])
    assert not find_leaks(b"", [SECRET])


def test_rare_words_exclude_everyday_words() -> None:
    assert rare_words("The password of Zimlorqua is hunter1337, ask the neighbour.") == {
        "Zimlorqua",
        "hunter1337",
    }


# Canaries


def test_canaries_are_recognised_as_private() -> None:
    canaries = make_canaries(5)
    assert canaries == make_canaries(5) != make_canaries()
    assert iban.is_valid(canaries.iban)
    values = ValueSet.from_texts([canaries.document])
    for value in (canaries.name, canaries.email, canaries.phone, canaries.iban, canaries.amount):
        assert values.find(f"Write about {value} today.")
    assert all(value in canaries.document for value in canaries.values)


# No private value


@pytest.mark.parametrize(
    "leak", ["Dear Zimlor", "QUOVEX", "I owe 4311.2 EUR", "Wm1sb3Igwm1sb3I zimlor"]
)
def test_a_leak_is_reported_without_the_value(leak: str) -> None:
    with EgressRecorder() as recorder:
        send(recorder, "nothing here")
        send(recorder, leak)
        with pytest.raises(
            AssertionError, match=r"request 2 of 2 .* contains private values"
        ) as caught:
            assert_no_private_value(recorder, [NOTE])
    assert "imlor" not in str(caught.value) and "4311" not in str(caught.value)


def test_a_leak_in_the_url_is_reported_without_the_value() -> None:
    with EgressRecorder() as recorder:
        send(recorder, "", "/search?q=Zimlor")
        with pytest.raises(AssertionError, match="/search\\)") as caught:
            assert_no_private_value(recorder, [Document(NOTE)])
    assert "Zimlor" not in str(caught.value)


def test_given_values_are_searched_for() -> None:
    with EgressRecorder() as recorder:
        send(recorder, "the word is swordfish")
        assert_no_private_value(recorder, [NOTE])
        with pytest.raises(AssertionError):
            assert_no_private_value(recorder, [NOTE], values=["swordfish"])


def test_no_request_is_a_failure_unless_expected() -> None:
    with EgressRecorder() as recorder:
        with pytest.raises(AssertionError, match="no request arrived"):
            assert_no_private_value(recorder, [NOTE])
        assert_no_private_value(recorder, [NOTE], expect_requests=False)


# Non-interference


def test_equal_requests_pass_and_different_ones_fail() -> None:
    def send_often(times: int) -> None:
        for _ in range(times):
            send(recorder, "same")

    with EgressRecorder() as recorder:
        assert_non_interference(lambda note: send(recorder, "same"), ["a", "b"], recorder=recorder)
        with pytest.raises(
            AssertionError, match=r"contexts\[1\] .* body of request 1 .* byte 5 on"
        ) as caught:
            assert_non_interference(
                lambda note: send(recorder, f"note {note}"), ["Zim", "Lor"], recorder=recorder
            )
        assert "Zim" not in str(caught.value)
        with pytest.raises(AssertionError, match="head of request 1"):
            assert_non_interference(
                lambda note: send(recorder, "same", f"/{note}"), ["Zim", "Lor"], recorder=recorder
            )
        with pytest.raises(AssertionError, match="2 requests instead of 1"):
            assert_non_interference(send_often, [1, 2], recorder=recorder)


def test_comparing_without_requests_fails() -> None:
    with EgressRecorder() as recorder:
        with pytest.raises(AssertionError, match="no request arrived"):
            assert_non_interference(lambda note: None, ["a", "b"], recorder=recorder)
        with pytest.raises(ValueError, match="at least two contexts"):
            assert_non_interference(lambda note: None, ["a"], recorder=recorder)


# Fakes and call styles


def test_the_fakes_satisfy_their_interfaces() -> None:
    local = FakeLocal("You said: {prompt}", error=None)
    assert isinstance(local, LocalTextModel)
    prompt = [PrivateMessage("user", PrivateText("hello"))]
    chunks = list(local.stream(prompt, GenerationOptions()))
    assert "".join(chunk.text for chunk in chunks) == "You said: hello "
    assert chunks[-1].finish_reason == "stop" and local.prompts == ("hello",)
    retriever = FixedContext(texts=[NOTE])
    assert [document.page_content for document in retriever.invoke("x")] == [NOTE]
    assert "Zimlor" not in repr(retriever)


def test_a_fake_raises_its_error_after_the_first_word() -> None:
    stream = FakeLocal("one two", error=OSError()).stream([], GenerationOptions())
    assert next(stream).text == "one "
    with pytest.raises(OSError):
        next(stream)


@pytest.mark.parametrize("style", CALL_STYLES)
def test_every_call_style_consumes_the_whole_output(style: str) -> None:
    asked: list[str] = []

    def note(given: str) -> str:
        asked.append(given)
        return given.upper()

    assert "HELLO" in repr(CALL_STYLES[style](RunnableLambda(note), "hello", None))
    assert asked == ["hello"]


@pytest.mark.parametrize("secret", ["Quovexter", "Zübeyde Ilgaz", "1957-11-23", "KX-448291"])
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_the_search_knows_every_spelling_that_the_guard_knows(
    spell: Callable[[str], str], secret: str
) -> None:
    spelled = f"Write to {spell(secret)} today."
    assert find_leaks(spelled.encode(), [secret])
    assert find_leaks(json.dumps({"input": spelled}).encode(), [secret])
    assert not find_leaks(f"Write to {spell('Brambleton')} today.".encode(), [secret])
