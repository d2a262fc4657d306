"""The caller's own model, its settings and its surroundings."""

from __future__ import annotations

import gc
import json
from typing import Any

import httpx2
import pytest
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import SecretStr
from support.asking import ask, openai_model
from support.releases import INSTRUCTION, permit

from cogenesis_langchain.errors import (
    CloudUnavailable,
    ConfigurationError,
    PrivacyViolation,
)
from cogenesis_langchain.models.cloud.chat import CloudModel
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.testing import EgressRecorder, behaviours


def test_the_callers_model_is_left_as_it_is(egress: EgressRecorder) -> None:
    model = openai_model(egress, max_retries=4)
    before = (model.max_retries, model.root_client, model.client, model.cache, model.http_client)
    ask(model)
    after = (model.max_retries, model.root_client, model.client, model.cache, model.http_client)
    assert before == after


def test_the_callers_http_client_carries_the_request_through_the_gate(
    egress: EgressRecorder,
) -> None:
    seen: list[str] = []

    def note(request: httpx2.Request) -> None:
        seen.append(request.method)

    with httpx2.Client(event_hooks={"request": [note]}) as client:
        assert ask(openai_model(egress, http_client=client))
    assert seen == ["POST"]
    ledger = MemoryLedger()
    prompt, permission = permit(secrets=["landlord-portal"], ledger=ledger)
    with httpx2.Client() as client:
        leaky = openai_model(
            egress, http_client=client, default_headers={"X-From": "landlord-portal"}
        )
        with pytest.raises(PrivacyViolation):
            CloudModel(leaky).generate(prompt, permission)
    assert len(egress.requests) == 1
    assert [entry.verdict for entry in ledger.entries] == ["refused"]


def test_a_client_of_an_older_library_is_refused(egress: EgressRecorder) -> None:
    model = openai_model(egress).model_copy(update={"http_client": object()})
    with pytest.raises(ConfigurationError, match="http_client"):
        CloudModel(model)


def test_azure_passes_the_gate(egress: EgressRecorder) -> None:
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


@pytest.mark.parametrize(
    "settings",
    [
        {"model_kwargs": {"user": "Zimlor Quovex"}},
        {"extra_body": {"note": {"deep": ["Zimlor Quovex"]}}},
        {"default_headers": {"X-User": "Zimlor Quovex"}},
        {"default_query": {"user": "Zimlor Quovex"}, "extra_body": {"Zimlor Quovex": 1}},
        {"stop": ["Zimlor Quovex"]},
    ],
)
def test_a_private_value_in_the_models_settings_is_stopped(
    egress: EgressRecorder, settings: dict[str, Any]
) -> None:
    ledger = MemoryLedger()
    prompt, permission = permit(secrets=["Zimlor Quovex"], ledger=ledger)
    with pytest.raises(PrivacyViolation):
        CloudModel(openai_model(egress, **settings)).generate(prompt, permission)
    assert egress.requests == ()
    assert [(entry.verdict, entry.payload) for entry in ledger.entries] == [("refused", b"")]
    openai_model(egress, **settings).invoke(INSTRUCTION)
    assert b"Zimlor" in egress.received  # the control leaks


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


def test_an_environment_proxy_does_not_carry_the_request(
    egress: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EgressRecorder() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert ask(openai_model(egress))
        assert proxy.requests == ()
        openai_model(egress, max_retries=0).invoke(INSTRUCTION)
        assert len(proxy.requests) == 1  # the control takes the proxy


def test_no_socket_stays_open(egress: EgressRecorder) -> None:
    ask(openai_model(egress))
    gc.collect()  # a socket left open is a ResourceWarning, which is an error
