from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.scoring_servers import serving

from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.results import Traffic
from cogenesis_langchain.evaluation.tap import Tap
from cogenesis_langchain.testing.behaviours import chat, hang_up, junk, status
from cogenesis_langchain.testing.recorder import EgressRecorder

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Dear Ms Zimlor"}]}
SECRETS = ("Thobra Zimlor", "Zimlor", "812 euros")


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


def post(tap: Tap, body: object, *, lane: str = "a", path: str = "/chat/completions") -> Any:
    url = f"{tap.base_url(lane, 'cloud')}{path}"
    return httpx.post(url, json=body, headers={"Authorization": "Bearer k"}, trust_env=False)


def test_requests_and_answers_pass_unchanged(cloud: EgressRecorder) -> None:
    with Tap({"cloud": cloud.base_url}) as tap, tap.watch("a"):
        answer = post(tap, CHAT)
        direct = httpx.post(f"{cloud.base_url}/chat/completions", json=CHAT, trust_env=False)
    passed, straight = cloud.requests
    assert passed.target == straight.target == "/v1/chat/completions"
    assert passed.body == straight.body
    assert ("Authorization", "Bearer k") in passed.headers
    assert answer.json()["choices"] == direct.json()["choices"]


def test_calls_bytes_tokens_and_private_strings_are_counted(cloud: EgressRecorder) -> None:
    with Tap({"cloud": cloud.base_url}, reuse_answers=False) as tap:
        with tap.watch("a") as watch:
            received = [len(post(tap, CHAT).content) for _ in range(2)]
        traffic = tap.traffic(watch, SECRETS)
    bodies = sum(len(request.body) for request in cloud.requests)
    assert traffic.calls == 2
    assert bodies < traffic.bytes_sent < bodies + 1000
    assert traffic.bytes_received == sum(received)
    assert (traffic.input_tokens, traffic.output_tokens) == (20, 10)
    assert traffic.private_strings == 1, "the surname alone was sent"


def test_tokens_of_a_stream_are_read_from_its_last_event() -> None:
    events = [
        {"choices": [{"delta": {"content": "a"}}], "usage": None},
        {"choices": [], "usage": {"prompt_tokens": 31, "completion_tokens": 7}},
    ]
    stream = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
    stream += b"data: [DONE]\n\n"
    with (
        EgressRecorder(junk(stream, "text/event-stream")) as cloud,
        Tap({"cloud": cloud.base_url}) as tap,
    ):
        with tap.watch("a") as watch:
            assert post(tap, {**CHAT, "stream": True}).content == stream
        traffic = tap.traffic(watch, ())
    assert (traffic.input_tokens, traffic.output_tokens) == (31, 7)


def test_lanes_do_not_mix(cloud: EgressRecorder) -> None:
    with Tap({"cloud": cloud.base_url}) as tap:
        with tap.watch("a") as first, tap.watch("b") as second:
            post(tap, CHAT)
            post(tap, {**CHAT, "n": 2}, lane="b")
            post(tap, {**CHAT, "n": 3}, lane="b")
        assert (tap.traffic(first, ()).calls, tap.traffic(second, ()).calls) == (1, 2)


def test_endpoints_may_be_called_anything(cloud: EgressRecorder) -> None:
    name = "the model / of 2026, größer?"
    with Tap({name: cloud.base_url}) as tap, tap.watch("a") as watch:
        httpx.post(f"{tap.base_url('a', name)}/chat/completions", json=CHAT, trust_env=False)
    assert [request.target for request in cloud.requests] == ["/v1/chat/completions"]
    assert tap.traffic(watch, SECRETS).calls == 1


def test_nothing_passes_where_no_text_is_being_written(cloud: EgressRecorder) -> None:
    with Tap({"cloud": cloud.base_url}) as tap:
        with tap.watch("a"):
            pass
        assert post(tap, CHAT).status_code == 410
        assert post(tap, CHAT, lane="b").status_code == 410
    assert not cloud.requests


def test_the_same_request_is_answered_from_memory_and_counts_as_it_did(
    cloud: EgressRecorder,
) -> None:
    with Tap({"cloud": cloud.base_url}) as tap:
        with tap.watch("a") as first:
            answer = post(tap, CHAT)
        with tap.watch("b") as second:
            again = post(tap, CHAT, lane="b")
            post(tap, {**CHAT, "seed": 2}, lane="b")
        assert again.content == answer.content
        one, two = tap.traffic(first, SECRETS), tap.traffic(second, SECRETS)
    assert len(cloud.requests) == 2
    assert first.seconds_saved == 0.0
    assert second.seconds_saved > 0.0
    assert (two.calls, two.input_tokens) == (2, 2 * one.input_tokens)
    assert two.private_strings == one.private_strings == 1


def test_a_failure_is_passed_on_and_not_remembered(cloud: EgressRecorder) -> None:
    cloud.play(status(429, retry_after="3"), hang_up(), chat())
    with Tap({"cloud": cloud.base_url}) as tap, tap.watch("a"):
        limited = post(tap, CHAT)
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
        assert post(tap, CHAT).status_code == 502
        assert post(tap, CHAT).status_code == 200


def test_an_endpoint_that_is_gone_is_a_bad_gateway() -> None:
    with Tap({"cloud": "http://127.0.0.1:9/v1"}) as tap:
        with tap.watch("a") as watch:
            assert post(tap, CHAT).status_code == 502
        assert tap.traffic(watch, ("Zimlor",)).private_strings == 1, "it was on its way"


@pytest.mark.parametrize("secret", ["Thobra Zimlor", "ÇELİK, Ayşe", "€ 1,200.50"])
def test_private_strings_are_found_in_encodings(cloud: EgressRecorder, secret: str) -> None:
    body = gzip.compress(json.dumps({"messages": [secret]}).encode())
    with Tap({"cloud": cloud.base_url}) as tap:
        with tap.watch("a") as watch:
            httpx.post(
                f"{tap.base_url('a', 'cloud')}/embeddings",
                content=body,
                headers={"Content-Encoding": "gzip"},
                trust_env=False,
            )
        assert tap.traffic(watch, [secret, "Bartholomew"]).private_strings == 1


def _words(body: dict[str, Any]) -> tuple[int, object]:
    vocabulary = {1: "Dear ", 2: "Ms ", 3: "Zim", 4: "lor", 5: "812"}
    return 200, {"content": "".join(vocabulary[token] for token in body["tokens"])}


def _scored(body: dict[str, Any]) -> tuple[int, object]:
    return 200, [{"index": index} for index, _ in enumerate(body["prompt"])]


def _score_on(routes: dict[str, Any], prompts: list[list[int]]) -> tuple[Traffic, list[str]]:
    with serving(routes) as server, Tap({"cloud": f"{server.url}/v1"}) as tap:
        with tap.watch("a") as watch:
            url = tap.base_url("a", "cloud").removesuffix("/v1")
            httpx.post(f"{url}/completion", json={"prompt": prompts}, trust_env=False)
        traffic = tap.traffic(watch, ["Zimlor", "812"])
        return traffic, [request.path for request in server.requests]


def test_token_ids_are_searched_as_the_text_they_stand_for() -> None:
    routes = {"POST /completion": _scored, "POST /detokenize": _words}
    traffic, asked = _score_on(routes, [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [2, 1]])
    assert traffic.private_strings == 1, "the name; not the number of a token"
    assert (traffic.input_tokens, traffic.output_tokens) == (4, 5)
    assert asked.count("/detokenize") == 2, "beginnings of longer sequences are not asked for"


def test_digits_of_token_ids_are_not_taken_for_private_strings() -> None:
    routes = {"POST /completion": _scored, "POST /detokenize": lambda body: (200, {"content": ""})}
    traffic, _ = _score_on(routes, [[18, 812, 7]])
    assert traffic.private_strings == 0


def test_token_ids_that_nobody_can_read_are_an_error() -> None:
    with pytest.raises(EvaluationError, match="does not say which text"):
        _score_on({"POST /completion": _scored}, [[1, 2, 3]])
