"""A cloud that fails in every way: bounded time, the ladder, an answer all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import LocalModelError
from cogenesis_langchain.testing import (
    CALL_STYLES,
    EgressRecorder,
    FakeLocal,
    FixedContext,
    assert_no_private_value,
    behaviours,
    make_canaries,
)
from cogenesis_langchain.testing.behaviours import Behaviour
from cogenesis_langchain.testing.search import find_leaks

INSTRUCTION = "Write a short letter to my landlord about the broken heating."
CANARIES = make_canaries(11)
TIMEOUT = 0.5
SPARE = 2.5
"""Seconds for everything but the cloud model, on a busy machine."""


def echo_in_headers() -> Behaviour:
    """An error whose every part repeats what was sent."""

    def behave(exchange: Any) -> None:
        headers = {"X-Echo": exchange.request.body.hex()[:900], "Retry-After": "soon"}
        exchange.answer(503, exchange.request.body, headers)

    return behave


# The fault, the kind of error that the metadata names, and how many requests leave.
FAULTS: dict[str, tuple[Behaviour, str, int]] = {
    "times out": (behaviours.stall(), "CloudTimeout", 1),
    "drips": (behaviours.drip(pause=0.1), "CloudTimeout", 1),
    "drips its head": (behaviours.drip(pause=0.1, include_headers=True), "CloudTimeout", 1),
    "closes half-way": (behaviours.truncated(), "CloudUnavailable", 2),
    "closes at once": (behaviours.hang_up(), "CloudUnavailable", 2),
    "429": (behaviours.status(429), "CloudRateLimited", 2),
    "429, wait an hour": (behaviours.status(429, retry_after="3600"), "CloudRateLimited", 1),
    "429, wait until a date": (
        behaviours.status(429, retry_after="Wed, 21 Oct 2099 07:28:00 GMT"),
        "CloudRateLimited",
        2,
    ),
    "500": (behaviours.status(500), "CloudUnavailable", 2),
    "503 with an echo": (echo_in_headers(), "CloudUnavailable", 2),
    "401": (behaviours.status(401), "CloudRefused", 1),
    "400 with an echo": (behaviours.echo(400), "CloudRefused", 1),
    "junk": (behaviours.junk(), "CloudAnswerInvalid", 1),
    "JSON junk": (behaviours.junk(b'{"choices": [{}]}', "application/json"), "CloudAnswer", 1),
    "an empty answer": (behaviours.chat(""), "CloudAnswerInvalid", 1),
    "50 MB": (behaviours.huge(), "CloudAnswerInvalid", 1),
    "prose": (behaviours.chat("Dear landlord,\nthe heating fails."), "SketchInvalid", 2),
    "an answer of 5 MB": (behaviours.chat("1. a point\n" * 500_000), "SketchInvalid", 2),
}


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


@pytest.fixture(scope="module", autouse=True)
def _ready() -> None:
    """The detectors compile at the first request, which is not what is timed here."""
    with EgressRecorder() as recorder:
        model(recorder).invoke(INSTRUCTION)


@pytest.fixture(autouse=True)
def _quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogenesis_langchain.models.cloud.chat._FIRST_PAUSE", 0.01)


def model(cloud: EgressRecorder, local: object = None) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")),
        local=local or FakeLocal("The finished text."),
        retriever=FixedContext(texts=[CANARIES.document]),
        ledger=MemoryLedger(),
        timeout=TIMEOUT,
        max_retries=1,
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_the_local_answer_comes_in_time_and_says_why(cloud: EgressRecorder, fault: str) -> None:
    behaviour, kind, requests = FAULTS[fault]
    cloud.play(behaviour)
    started = time.monotonic()
    answer = model(cloud).invoke(INSTRUCTION)
    assert time.monotonic() - started < TIMEOUT + SPARE
    told = answer.response_metadata["cogenesis"]
    assert answer.text == "The finished text. "
    assert (told["mode"], told["rung"], told["sketch"]) == ("sketch", "local", ())
    assert told["fallback_reason"].startswith(kind)
    assert told["cloud_calls"] == len(cloud.requests) == requests
    assert not find_leaks(repr(answer).encode(), CANARIES.values)
    assert_no_private_value(cloud, [CANARIES.document], values=CANARIES.values)


@pytest.mark.parametrize("way", CALL_STYLES)
def test_a_silent_cloud_delays_no_way_of_calling_beyond_its_time(
    cloud: EgressRecorder, way: str
) -> None:
    cloud.play(behaviours.stall())
    waiting = model(cloud)
    started = time.monotonic()
    assert "finished" in repr(CALL_STYLES[way](waiting, INSTRUCTION, None))
    assert time.monotonic() - started < TIMEOUT + SPARE


def test_a_cloud_that_is_not_there_costs_no_time() -> None:
    with EgressRecorder() as gone:
        absent = model(gone)
    started = time.monotonic()
    told = absent.invoke(INSTRUCTION).response_metadata["cogenesis"]
    assert time.monotonic() - started < SPARE
    assert told["rung"] == "local" and told["fallback_reason"].startswith("CloudUnavailable")


def test_a_redirect_to_another_host_is_an_error_and_not_followed(cloud: EgressRecorder) -> None:
    with EgressRecorder() as elsewhere:
        for code in (301, 302, 303, 307, 308):
            cloud.play(behaviours.redirect(f"{elsewhere.base_url}/chat/completions", code))
            told = model(cloud).invoke(INSTRUCTION).response_metadata["cogenesis"]
            assert told["rung"] == "local" and str(code) in told["fallback_reason"]
        assert elsewhere.requests == ()


def test_the_second_attempt_carries_the_same_bytes(cloud: EgressRecorder) -> None:
    cloud.play(behaviours.status(502), behaviours.chat())
    told = model(cloud).invoke(INSTRUCTION).response_metadata["cogenesis"]
    first, second = cloud.requests
    assert told["rung"] == "sketch" and told["cloud_calls"] == 2
    assert first.head + first.body == second.head + second.body


@pytest.mark.parametrize("way", CALL_STYLES)
@pytest.mark.parametrize("after", [0, 1])
def test_a_failing_local_model_sends_its_prompt_to_nobody(
    cloud: EgressRecorder, way: str, after: int
) -> None:
    class Failing(FakeLocal):
        def stream(self, messages: Any, options: Any) -> Any:
            if not after:
                raise LocalModelError("it failed at once", remedy="none")
            return super().stream(messages, options)

    broken = model(cloud, Failing(error=LocalModelError("it broke off", remedy="none")))
    with pytest.raises(LocalModelError):
        CALL_STYLES[way](broken, INSTRUCTION, None)
    assert len(cloud.requests) == 1
    assert_no_private_value(cloud, [CANARIES.document], values=CANARIES.values)


def test_a_caller_who_stops_reading_stops_the_local_model(cloud: EgressRecorder) -> None:
    stopped: list[bool] = []

    class Watched(FakeLocal):
        def _chunks(self, answer: str) -> Any:
            try:
                yield from super()._chunks(answer)
            finally:
                stopped.append(True)

    stream = model(cloud, Watched("one two three four")).stream(INSTRUCTION)
    next(stream)
    del stream
    assert stopped == [True]
