"""Requests to the cloud model's server other than chat: `CloudModel.post` and `CloudModel.get`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import SecretStr
from support.asking import everything_of, openai_model
from support.releases import permit
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
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate
from cogenesis_langchain.testing import EgressRecorder, behaviours

PATH = "/v1/completions"


class Connection:
    """A cloud model, with a permit of its own for every request."""

    def __init__(self, url: str, *, timeout: float = 5.0, max_retries: int = 0) -> None:
        model = ChatOpenAI(model="tiny", base_url=url, api_key=SecretStr("secret-key"))
        self._cloud = CloudModel(model, timeout=timeout, max_retries=max_retries)

    def post(self, path: str, body: Mapping[str, Json], public: Sequence[PublicText] = ()) -> Json:
        return self._cloud.post(path, body, public, permit()[1])

    def get(self, path: str) -> Json | None:
        return self._cloud.get(path, permit()[1])


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
    with answering(status) as server, pytest.raises(kind) as caught:
        Connection(server.url).post(PATH, {"prompt": [1]})
    assert "private" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_redirects_are_not_followed() -> None:
    with answering(302) as server:
        with pytest.raises(CloudRefused):
            Connection(server.url).post(PATH, {})
        assert len(server.requests) == 1


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(200, {"fine": True}) as server:
        assert Connection(server.url).post(PATH, {}) == {"fine": True}


def test_the_key_travels_as_a_bearer_token() -> None:
    with answering(200, {}) as server:
        Connection(f"{server.url}/v1").post(PATH, {})
        headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
        assert headers["authorization"] == "Bearer secret-key"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(behaviours.stall, id="never answers"),
        pytest.param(behaviours.drip, id="drips"),
        pytest.param(lambda: behaviours.drip(include_headers=True), id="drips its headers"),
    ],
)
def test_a_slow_answer_is_given_up_in_time(behaviour: Callable[[], behaviours.Behaviour]) -> None:
    with EgressRecorder() as server:
        server.play(behaviour())
        connection = Connection(server.base_url, timeout=0.3)
        began = time.monotonic()
        with pytest.raises(CloudTimeout):
            connection.post(PATH, {})
        assert time.monotonic() - began < 10.0


def test_an_answer_that_takes_half_the_time_is_read() -> None:
    """Control for the test above."""

    def late(_: dict[str, object]) -> Answer:
        time.sleep(0.15)
        return 200, {"fine": True}

    with serving({f"POST {PATH}": late}) as server:
        assert Connection(server.url, timeout=0.6).post(PATH, {}) == {"fine": True}


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(behaviours.junk(), id="not JSON"),
        pytest.param(behaviours.junk(b"[" * 100_000), id="too deep"),
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
        with pytest.raises(CloudAnswerInvalid):
            Connection(server.base_url).post(PATH, {})


def test_a_server_that_hangs_up_or_is_not_there_is_unavailable() -> None:
    with EgressRecorder() as server:
        server.play(behaviours.hang_up())
        with pytest.raises(CloudUnavailable):
            Connection(server.base_url).post(PATH, {})
    with pytest.raises(CloudUnavailable):
        Connection("http://127.0.0.1:9").post(PATH, {})


@pytest.mark.parametrize("nowhere", ["ftp://127.0.0.1", "localhost:8000", "http://"])
def test_a_base_url_that_is_none_is_refused_at_once(nowhere: str) -> None:
    with pytest.raises(ConfigurationError, match="not an HTTP URL"):
        Connection(nowhere)


def test_what_a_server_does_not_offer_is_none() -> None:
    with answering(404) as server:
        assert Connection(server.url).get("/props") is None
    with answering(200, b"<html>") as server:
        assert Connection(server.url).get("/props") is None


def test_a_server_that_fails_once_is_asked_again_with_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cogenesis_langchain.models.cloud.cloud_model._FIRST_PAUSE", 0.01)
    answers: list[Answer] = [(503, {}), (429, {}), (200, {"fine": True})]
    with serving({f"POST {PATH}": lambda _: answers.pop(0)}) as server:
        assert Connection(server.url, max_retries=2).post(PATH, {"i": 1}) == {"fine": True}
        assert len({request.body for request in server.requests}) == 1
        assert len(server.requests) == 3


def test_a_text_that_was_not_released_never_leaves() -> None:
    ledger = MemoryLedger()
    permission = permit(ledger=ledger)[1]
    with EgressRecorder() as server:
        cloud = CloudModel(openai_model(server))
        with pytest.raises(PrivacyViolation):
            cloud.post(PATH, {"prompt": "to somebody"}, (), permission)
        assert server.requests == ()
    assert [(entry.verdict, entry.payload) for entry in ledger.entries] == [("refused", b"")]


def test_a_public_text_leaves() -> None:
    """Control for the test above: the border has released it."""
    text = PublicText.compose(PublicTemplate("to Zimlor Quovex"))
    _, permission = permit(secrets=["Zimlor Quovex"])
    with answering(200, {}) as server:
        model = ChatOpenAI(base_url=server.url, api_key=SecretStr("key"))
        CloudModel(model).post(PATH, {"prompt": str(text)}, (text,), permission)
        assert b"Zimlor" in server.requests[0].body


def test_each_request_is_recorded_under_the_permit_that_comes_with_it() -> None:
    ledgers = MemoryLedger(), MemoryLedger()
    with answering(200, {}) as server:
        cloud = CloudModel(ChatOpenAI(base_url=server.url, api_key=SecretStr("key")))
        for ledger in ledgers:
            cloud.post(PATH, {"prompt": [1]}, (), permit(ledger=ledger)[1])
        for ledger in ledgers:
            (entry,) = ledger.entries
            assert entry.endpoint == f"POST {server.url}{PATH}"
            assert entry.payload == server.requests[0].body


@pytest.mark.slow
def test_nothing_leaves_after_the_deadline(egress: EgressRecorder) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=1.5, check_every_n_seconds=0.02)
    cloud = CloudModel(openai_model(egress, rate_limiter=limiter), timeout=0.2)
    permission = permit()[1]
    limiter.acquire()
    with pytest.raises(CloudTimeout):
        cloud.post(PATH, {}, (), permission)
    time.sleep(1.0)  # by now the limiter has let the late thread go
    assert egress.requests == ()


def test_a_chat_model_without_a_server_is_refused() -> None:
    cloud = CloudModel(FakeListChatModel(responses=["here"]))
    with pytest.raises(ConfigurationError, match="cannot ask a FakeListChatModel") as caught:
        cloud.require_server()
    assert "sketch" in caught.value.remedy


def test_several_requests_at_once_do_not_mix() -> None:
    def same(body: dict[str, object]) -> Answer:
        return 200, body

    with serving({f"POST {PATH}": same}) as server, ThreadPoolExecutor(8) as pool:
        connection = Connection(server.url)
        answers = list(pool.map(lambda i: connection.post(PATH, {"i": i}), range(40)))
    assert answers == [{"i": i} for i in range(40)]


def test_a_request_that_may_well_fail_is_made_once(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(500))
    cloud = CloudModel(openai_model(egress), max_retries=2)
    with pytest.raises(CloudUnavailable):
        cloud.post(PATH, {}, (), permit()[1], retry=False)
    assert len(egress.requests) == 1


def test_the_callers_extra_body_is_part_of_every_request(egress: EgressRecorder) -> None:
    egress.play(behaviours.junk(b"{}", "application/json"))
    cloud = CloudModel(openai_model(egress, extra_body={"cache_salt": "s", "prompt": "theirs"}))
    cloud.post(PATH, {"prompt": [1, 2]}, (), permit()[1])
    assert json.loads(egress.requests[0].body) == {"cache_salt": "s", "prompt": [1, 2]}


def test_an_answer_that_is_not_json_does_not_travel_in_the_error(egress: EgressRecorder) -> None:
    egress.play(behaviours.junk(b"not JSON, but the prompt: something private"))
    with pytest.raises(CloudAnswerInvalid) as caught:
        CloudModel(openai_model(egress)).post(PATH, {}, (), permit()[1])
    assert "something private" not in everything_of(caught.value)


def test_a_function_that_gives_the_key_runs_in_the_context_of_its_caller(
    egress: EgressRecorder,
) -> None:
    """As an application does that serves many tenants with one model."""
    egress.play(behaviours.junk(b"{}", "application/json"))
    tenant = ContextVar("tenant", default="nobody")
    model = ChatOpenAI(
        model="m", base_url=egress.base_url, api_key=lambda: f"key-of-{tenant.get()}"
    )
    cloud = CloudModel(model)
    for name in ("ada", "bob"):
        tenant.set(name)
        cloud.post(PATH, {}, (), permit()[1])
    sent = [dict(request.headers)["authorization"] for request in egress.requests]
    assert sent == ["Bearer key-of-ada", "Bearer key-of-bob"]


def test_azure_is_refused_before_anything_leaves(egress: EgressRecorder) -> None:
    azure = AzureChatOpenAI(
        azure_endpoint=egress.url,
        azure_deployment="cloud",
        api_version="2024-05-01",
        api_key=SecretStr("key"),
    )
    with pytest.raises(ConfigurationError, match="cannot ask a AzureChatOpenAI"):
        CloudModel(azure).require_server()
    assert egress.requests == ()


def test_a_key_for_asynchronous_calls_alone_is_refused_at_once(egress: EgressRecorder) -> None:
    async def key() -> str:
        return "key"

    with pytest.raises(ConfigurationError, match="asynchronous"):
        CloudModel(ChatOpenAI(model="m", base_url=egress.base_url, api_key=key))
