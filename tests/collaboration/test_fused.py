"""Fused decoding from end to end: `ChatCoGenesis`, tiny models, a scoring server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr, ValidationError
from support.byte_models import LETTER, ByteLocal, byte_server, decode, encode, score
from support.scoring_servers import Answer, Route, ScoringServer, echo, serving
from support.scripted import CONTEXT, INSTRUCTION, OUTLINE, Documents, ScriptedLocal

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.chains.fused_decoding import create_fused_decoding_chain
from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain
from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.fusion.trace import Trace


@pytest.fixture(scope="module")
def server() -> Iterator[ScoringServer]:
    with serving(byte_server()) as started:
        yield started


@pytest.fixture(autouse=True)
def _quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogenesis_langchain.models.cloud.cloud_model._FIRST_PAUSE", 0.001)


def fused(url: str, **settings: Any) -> ChatCoGenesis:
    return ChatCoGenesis(
        **{
            "cloud": ChatOpenAI(model="cloud", base_url=f"{url}/v1", api_key=SecretStr("key")),
            "local": ByteLocal(),
            "mode": "fused",
            "disclosure": "open",
            "ledger": MemoryLedger(),
            "temperature": 0.0,
            "presence_penalty": 0.0,
            "max_tokens": 60,
            "retriever": Documents(texts=[CONTEXT]),
            **settings,
        },
    )


def told(answer: Any) -> dict[str, Any]:
    report = answer.response_metadata["cogenesis"]
    assert isinstance(report, dict)
    return report


def test_both_models_write_one_text_and_the_report_says_who_wrote_what(
    server: ScoringServer,
) -> None:
    ledger = MemoryLedger()
    before = len(server.requests)
    answer = fused(server.url, ledger=ledger).invoke(INSTRUCTION)
    assert answer.text == LETTER
    report = told(answer)
    assert (report["mode"], report["rung"], report["disclosure"]) == ("fused", "fused", "open")
    assert (report["fallback_reason"], answer.response_metadata["finish_reason"]) == ("", "stop")
    trace = Trace.from_json(json.dumps(report["trace"]).encode())
    assert trace.text == LETTER and len(trace.tokens) == len(LETTER) + 1
    assert report["usage"]["local"]["output_tokens"] == len(trace.tokens)
    assert report["tokens_shown"] >= len(LETTER)
    assert 0 < trace.report.requests < len(trace.tokens)
    received = server.requests[before:]
    assert report["cloud_calls"] == len(ledger.entries) == len(received)
    assert report["cloud_bytes"] == sum(len(request.body) for request in received)
    assert [entry.payload for entry in ledger.entries] == [request.body for request in received]
    purposes = [(one.purpose, one.verdict) for one in ledger.entries]
    first = purposes.index(("fused", "open"))
    assert set(purposes[:first]) == {("probe", "clean")}, "the server is probed first"
    assert set(purposes[first:]) == {("fused", "open")}


def test_the_cloud_model_corrects_the_local_one(server: ScoringServer) -> None:
    """After a comma it is surer of a line break than the local model of its space."""
    answer = fused(server.url, operator="mean").invoke(INSTRUCTION)
    assert answer.text.startswith("Dear landlord,\n")
    sources = [token["source"] for token in told(answer)["trace"]["tokens"]]
    assert "corrected" in sources and "accepted" in sources


def test_an_operator_that_needs_a_baseline_reads_the_prompt_without_the_context(
    server: ScoringServer,
) -> None:
    local = ByteLocal()
    answer = fused(server.url, local=local, operator="contrast").invoke(INSTRUCTION)
    assert told(answer)["rung"] == "fused"
    assert {CONTEXT in prompt for prompt in local.prompts} == {True, False}


def test_streamed_text_is_the_text(server: ScoringServer) -> None:
    chunks = list(fused(server.url).stream(INSTRUCTION))
    assert "".join(chunk.text for chunk in chunks) == LETTER
    assert len(chunks) > 10 and chunks[-1].chunk_position == "last"


def test_the_chain_gives_the_answer_and_its_trace(server: ScoringServer) -> None:
    chain = create_fused_decoding_chain(
        fused(server.url, retriever=None), Documents(texts=[CONTEXT])
    )
    output = chain.invoke({"input": INSTRUCTION})
    assert output["answer"] == LETTER
    assert Trace.from_json(json.dumps(output["trace"]).encode()).text == LETTER


def test_the_server_is_probed_once(server: ScoringServer) -> None:
    model = fused(server.url)
    model.invoke(INSTRUCTION)
    before = len(server.requests)
    model.invoke(INSTRUCTION)
    assert not [one for one in server.requests[before:] if one.method == "GET"]


@pytest.mark.parametrize("chat_format", ["chatml", None])
def test_a_server_without_a_chat_template_needs_a_chat_format(chat_format: str | None) -> None:
    with serving(echo(score, encode, decode)) as plain:
        report = told(fused(plain.url, chat_format=chat_format, max_tokens=8).invoke(INSTRUCTION))
        prompts = [str(json.loads(one.body).get("prompt")) for one in plain.requests if one.body]
    prompted = [prompt for prompt in prompts if prompt.startswith("<|im_start|>user\n")]
    if chat_format is None:
        assert report["rung"] == "local" and not prompted
        assert "does not apply its chat template" in report["fallback_reason"]
    else:
        assert report["rung"] == "fused" and prompted


def test_an_unknown_chat_format_is_refused(server: ScoringServer) -> None:
    with pytest.raises(ConfigurationError, match="no chat format 'morse'"):
        fused(server.url, chat_format="morse")


def test_top_k_is_what_the_server_is_asked_for(server: ScoringServer) -> None:
    before = len(server.requests)
    fused(server.url, top_k=3, max_tokens=4).invoke(INSTRUCTION)
    last = json.loads(server.requests[-1].body)
    assert len(server.requests) > before and last["n_probs"] == 3


def test_the_presence_penalty_changes_the_text(server: ScoringServer) -> None:
    texts = {
        penalty: fused(server.url, presence_penalty=penalty).invoke(INSTRUCTION).text
        for penalty in (0.0, 9.0)
    }
    assert texts[0.0] == LETTER != texts[9.0]


@pytest.mark.parametrize(
    "setting", [{"top_k": 0}, {"top_k": 21}, {"presence_penalty": -1.0}, {"private_terms": [" "]}]
)
def test_settings_out_of_range_are_refused(
    server: ScoringServer, setting: Mapping[str, object]
) -> None:
    with pytest.raises(ValidationError):
        fused(server.url, **setting)


def test_a_cloud_that_cannot_be_reached_leads_down_the_ladder() -> None:
    answer = fused("http://127.0.0.1:9", max_retries=0).invoke(INSTRUCTION)
    assert told(answer)["rung"] == "local" and answer.text == LETTER
    assert told(answer)["fallback_reason"].count("CloudUnavailable") == 2


def test_a_cloud_that_fails_on_the_way_leaves_the_rest_to_the_local_model() -> None:
    routes = byte_server()
    answers = 0

    def failing(body: dict[str, Any]) -> Answer:
        nonlocal answers
        answers += 1
        return routes["POST /completion"](body) if answers < 7 else (500, {})

    broken: Mapping[str, Route] = {**routes, "POST /completion": failing}
    with serving(broken) as server:
        answer = fused(server.url, max_retries=1).invoke(INSTRUCTION)
    report = told(answer)
    assert answer.text == LETTER and report["rung"] == "fused"
    assert report["fallback_reason"].startswith("CloudUnavailable")
    assert report["trace"]["tokens"][-1]["source"] == "local"


def test_a_request_with_nothing_public_is_written_locally(server: ScoringServer) -> None:
    before = len(server.requests)
    answer = fused(server.url, policy="local").invoke("Write to Bartholomew Quist.")
    assert told(answer)["rung"] == "local" and len(server.requests) == before


def test_fused_decoding_without_any_disclosure_is_refused(server: ScoringServer) -> None:
    with pytest.raises(ConfigurationError, match="shows the cloud model the text so far"):
        fused(server.url, disclosure="none")


def test_private_values_are_masked_unless_open_is_spelled_out(server: ScoringServer) -> None:
    settings = {
        "cloud": ChatOpenAI(model="cloud", base_url=server.url, api_key=SecretStr("key")),
        "local": ByteLocal(),
        "ledger": MemoryLedger(),
    }
    assert ChatCoGenesis(**settings, mode="fused").disclosure == "masked"
    assert ChatCoGenesis(**settings).disclosure == "none"


def test_a_model_without_weights_or_a_server_is_refused(server: ScoringServer) -> None:
    scripted = FakeListChatModel(responses=[OUTLINE])
    for local in (scripted, ScriptedLocal()):
        with pytest.raises(ConfigurationError, match="needs the local model's weights"):
            fused(server.url, local=local)
    with pytest.raises(ConfigurationError, match="cannot ask a FakeListChatModel"):
        fused(server.url, cloud=scripted)


def test_the_chain_of_sketch_fill_refuses_a_model_of_fused_decoding(server: ScoringServer) -> None:
    with pytest.raises(ConfigurationError, match='not mode="sketch"'):
        create_sketch_fill_chain(fused(server.url, retriever=None), Documents(texts=[CONTEXT]))
