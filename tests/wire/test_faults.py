"""Faults of the cloud model: each costs bounded time, and the local model still answers."""

from __future__ import annotations

import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.releases import permit
from support.thorough import THOROUGH

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import CloudTimeout, LocalModelError
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
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
SPARE = 10.0
"""Seconds that everything but the cloud model may take on a busy machine."""


def echo_in_headers() -> Behaviour:
    """Answer with an error that repeats the request in its headers and body."""

    def behave(exchange: Any) -> None:
        headers = {"X-Echo": exchange.request.body.hex()[:900], "Retry-After": "soon"}
        exchange.answer(503, exchange.request.body, headers)

    return behave


# The fault, the kind of error that the metadata names, and how many requests leave.
FAULTS: dict[str, tuple[Behaviour, str, int]] = {
    "times out": (behaviours.stall(), "CloudTimeout", 1),
    "drips": (behaviours.drip(pause=0.1), "CloudTimeout", 1),
    "drips its head": (behaviours.drip(pause=0.1, include_headers=True), "CloudTimeout", 1),
    "interim responses": (behaviours.interim(pause=0.1), "CloudTimeout", 1),
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
    "prose": (behaviours.chat("Dear landlord,\nthe heating fails."), "SketchInvalid", 4),
    "an answer of 5 MB": (behaviours.chat("1. a point\n" * 500_000), "SketchInvalid", 4),
}


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


@pytest.fixture(scope="module", autouse=True)
def _ready() -> None:
    """Compile the detectors before the tests, which measure time."""
    with EgressRecorder() as recorder:
        model(recorder).invoke(INSTRUCTION)


@pytest.fixture(autouse=True)
def _quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogenesis_langchain.models.cloud.cloud_model._FIRST_PAUSE", 0.01)


def model(
    cloud: EgressRecorder, local: object = None, *, timeout: float = TIMEOUT
) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")),
        local=local or FakeLocal("The finished text."),
        retriever=FixedContext(texts=[CANARIES.document]),
        ledger=MemoryLedger(),
        timeout=timeout,
        max_retries=1,
    )


def test_the_tokens_of_answers_of_no_use_are_counted(cloud: EgressRecorder) -> None:
    cloud.play(behaviours.chat("Dear landlord,\nthe heating fails."))  # 10 and 5 tokens
    report = model(cloud).invoke(INSTRUCTION).response_metadata["cogenesis"]
    assert report["cloud_calls"] == 4
    assert report["usage"]["cloud"] == {"input_tokens": 40, "output_tokens": 20}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_the_local_model_answers_in_time_after_a_fault(cloud: EgressRecorder, fault: str) -> None:
    behaviour, kind, requests = FAULTS[fault]
    cloud.play(behaviour)
    # On a busy machine half a second can pass before an answer that comes at once is read.
    timeout = TIMEOUT if kind == "CloudTimeout" else SPARE
    started = time.monotonic()
    answer = model(cloud, timeout=timeout).invoke(INSTRUCTION)
    assert time.monotonic() - started < TIMEOUT + SPARE
    report = answer.response_metadata["cogenesis"]
    assert answer.text == "The finished text. "
    assert (report["mode"], report["rung"], report["sketch"]) == ("sketch", "local", "")
    assert report["fallback_reason"].startswith(kind)
    assert report["cloud_calls"] == len(cloud.requests) == requests
    assert not find_leaks(repr(answer).encode(), CANARIES.values)
    assert_no_private_value(cloud, [CANARIES.document], values=CANARIES.values)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        behaviours.stall(),
        behaviours.drip(pause=0.02),
        behaviours.drip(pause=0.02, include_headers=True),
        behaviours.interim(pause=0.02),
    ],
    ids=["stalls", "drips", "drips its head", "interim responses"],
)
def test_a_fault_leaves_no_thread_and_no_socket(cloud: EgressRecorder, fault: Behaviour) -> None:
    asked = CloudModel(
        ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")), timeout=0.2
    )
    cloud.play(fault)
    prompt, permission = permit()
    for _ in range(250 if THOROUGH else 3):
        with pytest.raises(CloudTimeout):
            asked.generate(prompt, permission)
    until = time.monotonic() + SPARE
    while time.monotonic() < until and calls_in_progress():
        time.sleep(0.02)
    assert calls_in_progress() == 0
    assert connections_to(cloud) == 0


def connections_to(server: EgressRecorder) -> int:
    """Sockets of this process whose other end is the server and which are not closed here."""
    peer = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    gc.collect()
    found = 0
    for one in gc.get_objects():
        # Not isinstance: it would ask deprecated objects of other packages for their class.
        if issubclass(type(one), socket.socket) and one.fileno() >= 0:
            with suppress(OSError):
                found += one.getpeername() == peer
    return found


def calls_in_progress() -> int:
    return sum(thread.name == "cloud-call" for thread in threading.enumerate())


USAGES: list[object] = [
    {"prompt_tokens": "12", "completion_tokens": None},
    {"prompt_tokens": [1], "completion_tokens": {}},
    {"prompt_tokens": -3, "completion_tokens": 2.5},
    {"prompt_tokens": True, "completion_tokens": 10**400},
    {"prompt_tokens_details": "none"},
    ["a list"],
    "a text",
    7,
]


@pytest.mark.parametrize("usage", USAGES, ids=repr)
@pytest.mark.parametrize("content", [behaviours.TEMPLATE, 7, ["a"], {"type": "text"}, None])
def test_odd_types_in_an_answer_do_not_reach_the_caller(
    cloud: EgressRecorder, usage: object, content: object
) -> None:
    message = {"role": "assistant", "content": content}
    answer = {"choices": [{"index": 0, "message": message}], "usage": usage, "model": 7}
    cloud.play(behaviours.junk(json.dumps(answer).encode(), "application/json"))
    done = model(cloud).invoke(INSTRUCTION)
    assert done.text == "The finished text. "
    assert done.usage_metadata is not None and done.usage_metadata["total_tokens"] >= 0


@pytest.mark.slow
@pytest.mark.parametrize("style", CALL_STYLES)
def test_a_silent_cloud_delays_no_call_style_beyond_its_timeout(
    cloud: EgressRecorder, style: str
) -> None:
    cloud.play(behaviours.stall())
    waiting = model(cloud)
    started = time.monotonic()
    assert "finished" in repr(CALL_STYLES[style](waiting, INSTRUCTION, None))
    assert time.monotonic() - started < TIMEOUT + SPARE


def test_an_unreachable_cloud_costs_no_time() -> None:
    with EgressRecorder() as gone:
        absent = model(gone)
    started = time.monotonic()
    report = absent.invoke(INSTRUCTION).response_metadata["cogenesis"]
    assert time.monotonic() - started < SPARE
    assert report["rung"] == "local" and report["fallback_reason"].startswith("CloudUnavailable")
    assert (report["cloud_calls"], report["cloud_bytes"]) == (0, 0)


def test_a_redirect_to_another_host_is_an_error_and_not_followed(cloud: EgressRecorder) -> None:
    with EgressRecorder() as third_party:
        for code in (301, 302, 303, 307, 308):
            cloud.play(behaviours.redirect(f"{third_party.base_url}/chat/completions", code))
            report = model(cloud).invoke(INSTRUCTION).response_metadata["cogenesis"]
            assert report["rung"] == "local" and str(code) in report["fallback_reason"]
        assert third_party.requests == ()


def test_the_second_attempt_carries_the_same_bytes(cloud: EgressRecorder) -> None:
    cloud.play(behaviours.status(502), behaviours.chat())
    form = FakeLocal('{"1": "Anna"}')
    report = model(cloud, form).invoke(INSTRUCTION).response_metadata["cogenesis"]
    first, second = cloud.requests
    assert report["rung"] == "template" and report["cloud_calls"] == 2
    assert first.head + first.body == second.head + second.body


@pytest.mark.parametrize("style", CALL_STYLES)
@pytest.mark.parametrize("after", [0, 1])
def test_a_prompt_is_sent_nowhere_after_the_local_model_failed(
    cloud: EgressRecorder, style: str, after: int
) -> None:
    class Failing(FakeLocal):
        def stream(self, messages: Any, options: Any) -> Any:
            if not after:
                raise LocalModelError("it failed at once", remedy="none")
            return super().stream(messages, options)

    broken = model(cloud, Failing(error=LocalModelError("it broke off", remedy="none")))
    with pytest.raises(LocalModelError):
        CALL_STYLES[style](broken, INSTRUCTION, None)
    assert len(cloud.requests) == 1
    assert_no_private_value(cloud, [CANARIES.document], values=CANARIES.values)


def test_closing_the_stream_stops_the_local_model(cloud: EgressRecorder) -> None:
    stopped: list[bool] = []

    class Watched(FakeLocal):
        def _chunks(self, answer: str) -> Any:
            try:
                yield from super()._chunks(answer)
            finally:
                stopped.append(True)

    stream = model(cloud, Watched("one two three four")).stream(INSTRUCTION)
    next(stream)
    assert stopped == [True]  # the form, which is no form
    del stream
    assert stopped == [True, True]
