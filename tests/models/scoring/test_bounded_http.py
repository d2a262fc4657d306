from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from support.scoring_servers import Answer, Route, ScoringServer, serving

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudRateLimited,
    CloudRefused,
    CloudTimeout,
    CloudUnavailable,
    ConfigurationError,
    PrivacyViolation,
)
from cogenesis_langchain.models.scoring.bounded_http import BoundedHttp, OnRequest
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate
from cogenesis_langchain.testing import behaviours
from cogenesis_langchain.testing.recorder import EgressRecorder

PATH = "/v1/completions"
PUBLIC = PublicText.compose(PublicTemplate("a"))


@contextmanager
def connected(
    url: str, *, timeout: float = 5.0, on_request: OnRequest = lambda *_: None
) -> Iterator[BoundedHttp]:
    http = BoundedHttp(
        url, name="tiny", on_request=on_request, api_key="secret-key", timeout=timeout
    )
    try:
        yield http
    finally:
        http.close()


@contextmanager
def answering(status: int, answer: object = None) -> Iterator[ScoringServer]:
    def route(_: dict[str, object]) -> Answer:
        return status, {"error": "the prompt was: something private"} if answer is None else answer

    routes: Mapping[str, Route] = {f"POST {PATH}": route, "GET /props": route}
    with serving(routes) as server:
        yield server


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, CloudRefused),
        (404, CloudRefused),
        (302, CloudRefused),
        (429, CloudRateLimited),
        (500, CloudUnavailable),
        (503, CloudUnavailable),
    ],
)
def test_failures_become_errors_of_the_tree_without_payload(
    status: int, kind: type[CloudError]
) -> None:
    with (
        answering(status) as server,
        connected(server.url) as http,
        pytest.raises(kind) as caught,
    ):
        http.post(PATH, {"prompt": [1]}, ())
    assert "private" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_redirects_are_not_followed() -> None:
    with answering(302) as server, connected(server.url) as http:
        with pytest.raises(CloudRefused):
            http.post(PATH, {}, ())
        assert len(server.requests) == 1


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(200, {"fine": True}) as server, connected(server.url) as http:
        assert http.post(PATH, {}, ()) == {"fine": True}


def test_the_key_travels_as_a_bearer_token() -> None:
    with answering(200, {}) as server, connected(f"{server.url}/v1") as http:
        http.post(PATH, {}, ())
        assert server.requests[0].headers["Authorization"] == "Bearer secret-key"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(behaviours.stall, id="never answers"),
        pytest.param(behaviours.drip, id="drips"),
        pytest.param(lambda: behaviours.drip(include_headers=True), id="drips its head"),
    ],
)
def test_a_slow_answer_is_given_up_in_time(behaviour: Callable[[], behaviours.Behaviour]) -> None:
    with EgressRecorder() as server:
        server.play(behaviour())
        with connected(server.base_url, timeout=0.3) as http:
            began = time.monotonic()
            with pytest.raises(CloudTimeout):
                http.post(PATH, {}, ())
            assert time.monotonic() - began < 1.0


def test_an_answer_that_takes_half_the_time_is_read() -> None:
    """Control for the test above."""

    def late(_: dict[str, object]) -> Answer:
        time.sleep(0.15)
        return 200, {"fine": True}

    with serving({f"POST {PATH}": late}) as server, connected(server.url, timeout=0.3) as http:
        assert http.post(PATH, {}, ()) == {"fine": True}


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(behaviours.junk(), id="not JSON"),
        pytest.param(behaviours.huge(), id="too large"),
        pytest.param(
            behaviours.junk(b"not gzip", "application/json\r\nContent-Encoding: gzip"),
            id="not compressed as it says",
        ),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused(behaviour: behaviours.Behaviour) -> None:
    with EgressRecorder() as server:
        server.play(behaviour)
        with connected(server.base_url) as http, pytest.raises(CloudAnswerInvalid):
            http.post(PATH, {}, ())


def test_a_server_that_hangs_up_or_is_not_there_is_unavailable() -> None:
    with EgressRecorder() as server:
        server.play(behaviours.hang_up())
        with connected(server.base_url) as http, pytest.raises(CloudUnavailable):
            http.post(PATH, {}, ())
    for nowhere in ("http://127.0.0.1:9", "ftp://127.0.0.1", "http://[half"):
        with connected(nowhere) as http, pytest.raises(CloudUnavailable):
            http.post(PATH, {}, ())


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="not an address"), connected("http://h:port"):
        pass


def test_what_a_server_does_not_offer_is_none() -> None:
    with answering(404) as server, connected(server.url) as http:
        assert http.get("/props") is None
    with answering(200, b"<html>") as server, connected(server.url) as http:
        assert http.get("/props") is None


def test_a_request_that_the_hook_stops_never_leaves() -> None:
    def stop(where: str, payload: bytes, texts: Sequence[PublicText]) -> None:
        raise PrivacyViolation("stopped", remedy="none")

    with answering(200, {}) as server, connected(server.url, on_request=stop) as http:
        with pytest.raises(PrivacyViolation):
            http.post(PATH, {}, (PUBLIC,))
        assert server.requests == []


def test_a_twin_shares_the_connections_and_tells_someone_else() -> None:
    first: list[str] = []
    second: list[str] = []
    with (
        answering(200, {}) as server,
        connected(server.url, on_request=lambda where, *_: first.append(where)) as http,
    ):
        http.under(lambda where, *_: second.append(where)).post(PATH, {}, ())
        assert (first, second) == ([], [f"POST {server.url}{PATH}"])
        http.post(PATH, {}, ())
        assert (len(first), len(second)) == (1, 1)


def test_several_requests_at_once_do_not_mix() -> None:
    def same(body: dict[str, object]) -> Answer:
        return 200, body

    with (
        serving({f"POST {PATH}": same}) as server,
        connected(server.url) as http,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda i: http.post(PATH, {"i": i}, ()), range(40)))
    assert answers == [{"i": i} for i in range(40)]
