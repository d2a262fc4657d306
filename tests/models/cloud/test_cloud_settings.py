"""The caller's own model, its settings and its surroundings."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable
from typing import Any

import httpx2
import pytest
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from openai import InternalServerError
from pydantic import SecretStr
from support.asking import ask, openai_model
from support.releases import INSTRUCTION, permit

from cogenesis_langchain import ChatCoGenesis
from cogenesis_langchain.errors import (
    CloudUnavailable,
    ConfigurationError,
    PrivacyViolation,
)
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.models.cloud.configured import OUR_HEADERS
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.testing import EgressRecorder, FakeLocal, behaviours


def test_the_callers_model_is_left_as_it_is(egress: EgressRecorder) -> None:
    model = openai_model(egress, max_retries=4)
    before = (model.max_retries, model.root_client, model.client, model.cache, model.http_client)
    ask(model)
    after = (model.max_retries, model.root_client, model.client, model.cache, model.http_client)
    assert before == after


def test_the_callers_http_client_carries_the_request_through_the_transport(
    egress: EgressRecorder,
) -> None:
    seen: list[str] = []

    def note(request: httpx2.Request) -> None:
        seen.append(request.method)

    with httpx2.Client(event_hooks={"request": [note]}) as client:
        assert ask(openai_model(egress, http_client=client))
    assert seen == ["POST"]


def test_a_client_of_an_older_library_is_refused(egress: EgressRecorder) -> None:
    model = openai_model(egress).model_copy(update={"http_client": object()})
    with pytest.raises(ConfigurationError, match="http_client"):
        CloudModel(model)


def test_azure_passes_the_transport(egress: EgressRecorder) -> None:
    model = AzureChatOpenAI(
        azure_endpoint=egress.url,
        azure_deployment="cloud",
        api_version="2024-05-01",
        api_key=SecretStr("key"),
    )
    ledger = MemoryLedger()
    prompt, permission = permit(context=["We met on 2024-05-01."], ledger=ledger)
    assert CloudModel(model).generate(prompt, permission).text
    assert ledger.entries[0].payload == egress.requests[0].body


def lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


SETTINGS: list[dict[str, Any]] = [
    {"model_kwargs": {"user": "Zimlor Quovex"}},
    {"extra_body": {"note": {"deep": ["Zimlor Quovex"]}}},
    {"extra_body": {"Zimlor Quovex": 1}},
    {"default_headers": {"X-User": "Zimlor Quovex"}},
    {"default_headers": {"User-Agent": "Zimlor Quovex"}},
    {"default_headers": {"api-key": "Zimlor Quovex"}},
    {"stop": ["Zimlor Quovex"]},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_private_value_in_the_models_settings_is_refused_when_they_are_made(
    egress: EgressRecorder, settings: dict[str, Any]
) -> None:
    def make(*private_terms: str) -> ChatCoGenesis:
        cloud = openai_model(egress, **settings)
        return ChatCoGenesis(
            cloud=cloud, local=FakeLocal(), private_terms=private_terms, ledger=MemoryLedger()
        )

    with pytest.raises(PrivacyViolation):
        make("Zimlor Quovex")
    make("Zimlor Quorex").invoke(INSTRUCTION)
    assert b"Zimlor Quovex" in egress.received  # the control leaks


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_context_of_a_request_does_not_decide_whether_its_settings_leave(
    egress: EgressRecorder, settings: dict[str, Any]
) -> None:
    """Or a missing request would tell the cloud what the context holds."""
    for context in ([], ["I am Zimlor Quovex."]):
        prompt, permission = permit(context=context)
        assert CloudModel(openai_model(egress, **settings)).generate(prompt, permission).text
    assert len({(request.headers, request.body) for request in egress.requests}) == 1


def test_what_a_wrapper_adds_to_a_single_request_is_refused(egress: EgressRecorder) -> None:
    added: dict[str, Any] = {}

    class Wrapped(ChatOpenAI):
        def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return {**super()._get_request_payload(*args, **kwargs), **added}

    cloud = CloudModel(Wrapped(model="cloud", base_url=egress.base_url, api_key=SecretStr("key")))
    prompt, permission = permit()
    assert cloud.generate(prompt, permission).text  # the control
    for one in ({"user": "x"}, {"extra_headers": {"X-A": "x"}}, {"extra_query": {"a": "x"}}):
        added.clear()
        added.update(one)
        with pytest.raises(PrivacyViolation):
            cloud.generate(prompt, permission)
    assert len(egress.requests) == 1


def test_headers_are_those_of_a_fixed_list_and_of_the_caller(egress: EgressRecorder) -> None:
    ask(openai_model(egress, default_headers={"X-Team": "seven"}, organization="org"))
    sent = lower(egress.requests[0].headers)
    host = sent.pop("host")
    assert host == egress.base_url.split("/")[2]
    assert sent == {
        **OUR_HEADERS,
        "authorization": "Bearer key",
        "content-length": str(len(egress.requests[0].body)),
        "openai-organization": "org",
        "x-team": "seven",
    }
    openai_model(egress).invoke(INSTRUCTION)
    assert "x-stainless-os" in lower(egress.requests[1].headers)  # the control tells the system


@pytest.mark.parametrize("with_client", [False, True])
def test_cookies_of_a_server_are_never_sent_back(egress: EgressRecorder, with_client: bool) -> None:
    client = httpx2.Client(trust_env=False) if with_client else None
    for model in (openai_model(egress, http_client=client), openai_model(egress)):
        cloud = CloudModel(model, max_retries=1)
        for _ in range(2):
            egress.play(behaviours.status(503, headers={"Set-Cookie": "guess=Merriweather"}))
            prompt, permission = permit(context=["My name is Ada Merriweather."])
            with pytest.raises(CloudUnavailable):
                cloud.generate(prompt, permission)
    assert len(egress.requests) == 8  # a guess that is right changes nothing
    assert not any("cookie" in lower(request.headers) for request in egress.requests)
    if client is not None:
        assert not client.cookies
        client.close()


def test_control_a_plain_client_sends_the_servers_cookie_back(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(503, headers={"Set-Cookie": "guess=Merriweather"}))
    model = openai_model(egress, max_retries=1)
    with pytest.raises(InternalServerError):
        model.invoke(INSTRUCTION)
    assert "Merriweather" in lower(egress.requests[-1].headers)["cookie"]


def test_a_client_with_cookies_is_refused(egress: EgressRecorder) -> None:
    with (
        httpx2.Client(cookies={"session": "1"}) as client,
        pytest.raises(ConfigurationError, match="cookies"),
    ):
        CloudModel(openai_model(egress, http_client=client))
    model = openai_model(egress, default_headers={"Cookie": "session=1"})
    assert ask(model)
    assert lower(egress.requests[0].headers)["cookie"] == "session=1"


def test_notes_that_mention_the_endpoint_do_not_stop_the_request(egress: EgressRecorder) -> None:
    prompt, permission = permit(context=[f"Our model server is {egress.base_url} since May."])
    assert CloudModel(openai_model(egress)).generate(prompt, permission).text


def test_the_responses_api_is_told_not_to_store(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(500))
    with pytest.raises(CloudUnavailable):
        ask(openai_model(egress, use_responses_api=True))
    assert json.loads(egress.requests[0].body)["store"] is False


def test_a_gateway_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_pt_key")
    with pytest.raises(ConfigurationError, match="LANGSMITH_GATEWAY"):
        CloudModel(ChatOpenAI(model="cloud"))


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "OPENAI_PROXY"])
def test_an_environment_proxy_does_not_carry_the_request(
    egress: EgressRecorder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with EgressRecorder() as proxy:
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.lower(), proxy.url)
        assert ask(openai_model(egress))
        assert proxy.requests == ()
        openai_model(egress, max_retries=0).invoke(INSTRUCTION)
        assert len(proxy.requests) == 1  # the control takes the proxy


def test_a_client_that_would_take_a_proxy_from_the_environment_is_refused(
    egress: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with httpx2.Client() as client, pytest.raises(ConfigurationError, match="proxy"):
        CloudModel(openai_model(egress, http_client=client))
    with httpx2.Client(trust_env=False) as client:
        assert ask(openai_model(egress, http_client=client))


def test_a_proxy_of_the_caller_carries_the_request(
    egress: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EgressRecorder() as proxy:
        ask(openai_model(egress, openai_proxy=proxy.url))
        assert (len(proxy.requests), len(egress.requests)) == (1, 0)


def test_no_socket_stays_open(egress: EgressRecorder) -> None:
    ask(openai_model(egress))
    gc.collect()  # a socket left open is a ResourceWarning, which is an error
