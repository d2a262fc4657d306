"""Requests of one length: padded bodies, and a fixed number of drafts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from collaboration.test_fused import fused
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr, ValidationError
from support.byte_models import LETTER, byte_server
from support.scoring_servers import ScoringServer, serving
from support.scripted import INSTRUCTION, ScriptedLocal

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.testing import EgressRecorder, behaviours

PADDING = 16_384
UNIFORM = {"draft_tokens": 8, "padding": PADDING}


@pytest.fixture(scope="module")
def server() -> Iterator[ScoringServer]:
    with serving(byte_server()) as started:
        yield started


def scored(server: ScoringServer, **settings: Any) -> tuple[str, list[bytes]]:
    """The text, and the bodies of the requests that asked about it."""
    before = len(server.requests)
    text = fused(server.url, **settings).invoke(INSTRUCTION).text
    bodies = [one.body for one in server.requests[before:] if one.path == "/completion"]
    return text, bodies[3:]  # the first three probe the server


def positions(body: bytes) -> int:
    return len(json.loads(body)["prompt"])


def test_every_body_has_a_multiple_of_the_length_and_the_text_is_the_same(
    server: ScoringServer,
) -> None:
    text, bodies = scored(server, temperature=0.9, seed=3, **UNIFORM)
    plain_text, plain = scored(server, temperature=0.9, seed=3)
    assert text == plain_text == LETTER
    assert len({len(body) for body in bodies}) == 1 and len(bodies[0]) == PADDING
    assert len({len(body) for body in plain}) > 1


def test_every_request_asks_about_the_same_number_of_drafts(server: ScoringServer) -> None:
    _, bodies = scored(server, draft_tokens=8)
    assert {positions(body) for body in bodies[:-1]} == {9}  # the last one ends with the text
    _, plain = scored(server)
    assert len({positions(body) for body in plain[:-1]}) > 1


@pytest.mark.parametrize("drafts", [1, 16])
def test_the_least_and_the_most_drafts(server: ScoringServer, drafts: int) -> None:
    text, bodies = scored(server, draft_tokens=drafts)
    assert text == LETTER and {positions(body) for body in bodies[:-1]} == {drafts + 1}


def test_the_ledger_holds_the_padded_bodies_that_left() -> None:
    ledger = MemoryLedger()
    with EgressRecorder(behaviours.chat()) as cloud:
        model = ChatCoGenesis(
            cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")),
            local=ScriptedLocal(),
            ledger=ledger,
            padding=1024,
        )
        model.invoke(INSTRUCTION)
        sent = [request.body for request in cloud.requests]
    assert [entry.payload for entry in ledger.entries] == sent
    assert all(len(body) % 1024 == 0 for body in sent) and json.loads(sent[0])["messages"]


def test_a_cloud_model_without_a_checked_client_cannot_be_padded() -> None:
    with pytest.raises(ConfigurationError, match="cannot be padded"):
        ChatCoGenesis(cloud=FakeListChatModel(responses=["x"]), local=ScriptedLocal(), padding=1024)


def test_a_number_of_drafts_without_fused_decoding_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="draft_tokens=8 is for"):
        ChatCoGenesis(
            cloud=FakeListChatModel(responses=["x"]), local=ScriptedLocal(), draft_tokens=8
        )


@pytest.mark.parametrize(
    "setting", [{"draft_tokens": 0}, {"draft_tokens": 17}, {"padding": -1}, {"padding": 2_000_000}]
)
def test_settings_out_of_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises((ConfigurationError, ValidationError), match=next(iter(setting))):
        fused("http://127.0.0.1:1", **setting)
