"""What the caller configured on the cloud model holds in both modes: proxy, client, headers, key.

The cloud model's host has no address, so a request arrives only by the way that the caller chose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.byte_models import ByteLocal, byte_server, routed

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.testing import EgressRecorder
from cogenesis_langchain.testing.exchange import ReceivedRequest

Mode = Literal["sketch", "fused"]
MODES: tuple[Mode, ...] = ("sketch", "fused")
INSTRUCTION = "Write a short letter to my landlord about the broken heating."
CONFIGURED: dict[str, Any] = {
    "model": "cloud",
    "base_url": "http://cloud.test/v1",
    "api_key": SecretStr("the-key"),
    "organization": "the-organisation",
    "default_headers": {"X-Team": "blue"},
    "default_query": {"region": "eu"},
}


@pytest.fixture
def proxy() -> Iterator[EgressRecorder]:
    """A recording proxy, which answers in the cloud's place."""
    with EgressRecorder(routed(byte_server())) as recorder:
        yield recorder


def model(cloud: ChatOpenAI, mode: Mode) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=cloud,
        local=ByteLocal(),
        mode=mode,
        disclosure="open" if mode == "fused" else "none",
        ledger=MemoryLedger(),
        temperature=0.0,
        max_tokens=8,
        max_retries=0,
    )


def headers(request: ReceivedRequest) -> Mapping[str, str]:
    return {name.lower(): value for name, value in request.headers}


def assert_as_configured(mode: Mode, requests: tuple[ReceivedRequest, ...], calls: int) -> None:
    assert len(requests) == calls > 0
    paths = {urlsplit(request.target).path for request in requests}
    assert paths == {"/v1/chat/completions"} if mode == "sketch" else "/completion" in paths
    for request in requests:
        sent = headers(request)
        assert sent["host"] == "cloud.test"
        assert sent["authorization"] == "Bearer the-key"
        assert sent["openai-organization"] == "the-organisation"
        assert sent["x-team"] == "blue"
        assert dict(parse_qsl(urlsplit(request.target).query)) == {"region": "eu"}


@pytest.mark.parametrize("mode", MODES)
def test_a_configured_proxy_carries_every_request(proxy: EgressRecorder, mode: Mode) -> None:
    cloud = ChatOpenAI(**CONFIGURED, openai_proxy=proxy.url)
    report = model(cloud, mode).invoke(INSTRUCTION).response_metadata["cogenesis"]
    assert report["rung"] != "local", report["fallback_reason"]
    assert_as_configured(mode, proxy.requests, report["cloud_calls"])
    assert all(request.target.startswith("http://cloud.test/") for request in proxy.requests)


@pytest.mark.parametrize("mode", MODES)
def test_a_client_of_the_callers_carries_every_request(proxy: EgressRecorder, mode: Mode) -> None:
    seen: list[str] = []

    def note(request: httpx2.Request) -> None:
        seen.append(request.url.path)

    with httpx2.Client(
        proxy=proxy.url,
        headers={"X-Client": "own", "Cookie": "session=s1"},
        event_hooks={"request": [note]},
    ) as client:
        cloud = ChatOpenAI(**CONFIGURED, http_client=client)
        report = model(cloud, mode).invoke(INSTRUCTION).response_metadata["cogenesis"]
    assert report["rung"] != "local", report["fallback_reason"]
    assert_as_configured(mode, proxy.requests, report["cloud_calls"])
    assert len(seen) == len(proxy.requests)
    for request in proxy.requests:
        assert headers(request)["x-client"] == "own"
        assert headers(request)["cookie"] == "session=s1"


@pytest.mark.parametrize("mode", MODES)
def test_the_control_without_a_proxy_reaches_nobody(proxy: EgressRecorder, mode: Mode) -> None:
    report = model(ChatOpenAI(**CONFIGURED), mode).invoke(INSTRUCTION)
    assert report.response_metadata["cogenesis"]["rung"] == "local"
    assert proxy.requests == ()
