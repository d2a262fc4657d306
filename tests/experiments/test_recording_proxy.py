from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from support.scoring_servers import serving

from cogenesis_langchain.testing.behaviours import chat, hang_up, junk, status
from cogenesis_langchain.testing.recorder import EgressRecorder
from experiments.attempt import Traffic
from experiments.errors import ExperimentError
from experiments.servers.recording_proxy import RecordingProxy

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Dear Ms Zimlor"}]}
SECRETS = ("Thobra Zimlor", "Zimlor", "812 euros")


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


def post(
    proxy: RecordingProxy, body: object, *, worker: str = "a", path: str = "/chat/completions"
) -> Any:
    url = f"{proxy.base_url(worker, 'cloud')}{path}"
    return httpx2.post(url, json=body, headers={"Authorization": "Bearer k"}, trust_env=False)


def test_requests_and_answers_pass_unchanged(cloud: EgressRecorder) -> None:
    with RecordingProxy({"cloud": cloud.base_url}) as proxy, proxy.record("a"):
        answer = post(proxy, CHAT)
        direct = httpx2.post(f"{cloud.base_url}/chat/completions", json=CHAT, trust_env=False)
    passed, straight = cloud.requests
    assert passed.target == straight.target == "/v1/chat/completions"
    assert passed.body == straight.body
    assert ("Authorization", "Bearer k") in passed.headers
    assert answer.json()["choices"] == direct.json()["choices"]


def test_calls_bytes_tokens_and_private_strings_are_counted(cloud: EgressRecorder) -> None:
    with RecordingProxy({"cloud": cloud.base_url}, reuse_answers=False) as proxy:
        with proxy.record("a") as recording:
            received = [len(post(proxy, CHAT).content) for _ in range(2)]
        traffic = proxy.traffic(recording, SECRETS)
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
        RecordingProxy({"cloud": cloud.base_url}) as proxy,
    ):
        with proxy.record("a") as recording:
            assert post(proxy, {**CHAT, "stream": True}).content == stream
        traffic = proxy.traffic(recording, ())
    assert (traffic.input_tokens, traffic.output_tokens) == (31, 7)


def test_workers_do_not_mix(cloud: EgressRecorder) -> None:
    with RecordingProxy({"cloud": cloud.base_url}) as proxy:
        with proxy.record("a") as first, proxy.record("b") as second:
            post(proxy, CHAT)
            post(proxy, {**CHAT, "n": 2}, worker="b")
            post(proxy, {**CHAT, "n": 3}, worker="b")
        assert (proxy.traffic(first, ()).calls, proxy.traffic(second, ()).calls) == (1, 2)


def test_endpoints_may_be_called_anything(cloud: EgressRecorder) -> None:
    name = "the model / of 2026, größer?"
    with RecordingProxy({name: cloud.base_url}) as proxy, proxy.record("a") as recording:
        httpx2.post(f"{proxy.base_url('a', name)}/chat/completions", json=CHAT, trust_env=False)
    assert [request.target for request in cloud.requests] == ["/v1/chat/completions"]
    assert proxy.traffic(recording, SECRETS).calls == 1


def test_nothing_passes_where_no_text_is_being_written(cloud: EgressRecorder) -> None:
    with RecordingProxy({"cloud": cloud.base_url}) as proxy:
        with proxy.record("a"):
            pass
        assert post(proxy, CHAT).status_code == 410
        assert post(proxy, CHAT, worker="b").status_code == 410
    assert not cloud.requests


def test_the_same_request_is_answered_from_memory_and_counts_as_it_did(
    cloud: EgressRecorder,
) -> None:
    with RecordingProxy({"cloud": cloud.base_url}) as proxy:
        with proxy.record("a") as first:
            answer = post(proxy, CHAT)
        with proxy.record("b") as second:
            again = post(proxy, CHAT, worker="b")
            post(proxy, {**CHAT, "seed": 2}, worker="b")
        assert again.content == answer.content
        one, two = proxy.traffic(first, SECRETS), proxy.traffic(second, SECRETS)
    assert len(cloud.requests) == 2
    assert first.seconds_saved == 0.0
    assert second.seconds_saved > 0.0
    assert (two.calls, two.input_tokens) == (2, 2 * one.input_tokens)
    assert two.private_strings == one.private_strings == 1


def test_a_failure_is_passed_on_and_not_remembered(cloud: EgressRecorder) -> None:
    cloud.play(status(429, retry_after="3"), hang_up(), chat())
    with RecordingProxy({"cloud": cloud.base_url}) as proxy, proxy.record("a"):
        limited = post(proxy, CHAT)
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
        assert post(proxy, CHAT).status_code == 502
        assert post(proxy, CHAT).status_code == 200


def test_an_endpoint_that_is_gone_is_a_bad_gateway() -> None:
    with RecordingProxy({"cloud": "http://127.0.0.1:9/v1"}) as proxy:
        with proxy.record("a") as recording:
            assert post(proxy, CHAT).status_code == 502
        assert proxy.traffic(recording, ("Zimlor",)).private_strings == 1, "it was on its way"


@pytest.mark.parametrize("secret", ["Thobra Zimlor", "ÇELİK, Ayşe", "€ 1,200.50"])
def test_private_strings_are_found_in_encodings(cloud: EgressRecorder, secret: str) -> None:
    body = gzip.compress(json.dumps({"messages": [secret]}).encode())
    with RecordingProxy({"cloud": cloud.base_url}) as proxy:
        with proxy.record("a") as recording:
            httpx2.post(
                f"{proxy.base_url('a', 'cloud')}/embeddings",
                content=body,
                headers={"Content-Encoding": "gzip"},
                trust_env=False,
            )
        assert proxy.traffic(recording, [secret, "Bartholomew"]).private_strings == 1


def _words(body: dict[str, Any]) -> tuple[int, object]:
    vocabulary = {1: "Dear ", 2: "Ms ", 3: "Zim", 4: "lor", 5: "812"}
    return 200, {"content": "".join(vocabulary[token] for token in body["tokens"])}


def _scored(body: dict[str, Any]) -> tuple[int, object]:
    return 200, [{"index": index} for index, _ in enumerate(body["prompt"])]


def _score_on(routes: dict[str, Any], prompts: list[list[int]]) -> tuple[Traffic, list[str]]:
    with serving(routes) as server, RecordingProxy({"cloud": f"{server.url}/v1"}) as proxy:
        with proxy.record("a") as recording:
            url = proxy.base_url("a", "cloud").removesuffix("/v1")
            httpx2.post(f"{url}/completion", json={"prompt": prompts}, trust_env=False)
        traffic = proxy.traffic(recording, ["Zimlor", "812"])
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
    with pytest.raises(ExperimentError, match="does not say which text"):
        _score_on({"POST /completion": _scored}, [[1, 2, 3]])
