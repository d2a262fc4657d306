from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_openai import ChatOpenAI
from support.scripted import CONTEXT, INSTRUCTION, OUTLINE, Documents

from cogenesis_langchain import ChatCoGenesis, LlamaCppModel, MemoryLedger
from cogenesis_langchain.chains.fused_decoding import create_fused_decoding_chain
from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.fusion.trace import Trace

pytestmark = pytest.mark.real
TOKENS = 24


def fused(cloud: ChatOpenAI, local: LlamaCppModel, **settings: object) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=cloud,
        local=local,
        **{
            "mode": "fused",
            "disclosure": "open",
            "ledger": MemoryLedger(),
            "temperature": 0.0,
            "max_tokens": TOKENS,
            "retriever": Documents(texts=[CONTEXT]),
            **settings,
        },
    )


@pytest.mark.parametrize("operator", ["mean", "contrast"])
def test_both_models_write_one_text_and_the_report_says_who_wrote_what(
    stand_in: ChatOpenAI, local_model: LlamaCppModel, operator: str
) -> None:
    ledger = MemoryLedger()
    answer = fused(stand_in, local_model, operator=operator, ledger=ledger).invoke(INSTRUCTION)
    report = answer.response_metadata["cogenesis"]
    assert (report["mode"], report["rung"], report["disclosure"]) == ("fused", "fused", "open")
    assert report["tokens_shown"] > 0 and report["fallback_reason"] == ""
    trace = Trace.from_json(json.dumps(report["trace"]).encode())
    assert trace.text == answer.text and trace.report.operator == operator
    assert trace.report.requests < len(trace.tokens) == report["usage"]["local"]["output_tokens"]
    verdicts = {(entry.purpose, entry.verdict) for entry in ledger.entries}
    assert verdicts == {("probe", "clean"), ("fused", "open")}
    assert len(ledger.entries) == report["cloud_calls"]
    assert not any(b"14 Fernbank" in entry.payload for entry in ledger.entries)


def test_models_with_different_tokenizers_write_together(
    stand_in: ChatOpenAI, tiny_local_model: LlamaCppModel
) -> None:
    answer = fused(stand_in, tiny_local_model).invoke(INSTRUCTION)
    report = answer.response_metadata["cogenesis"]
    assert report["rung"] == "fused"
    assert {"accepted", "corrected"} & {token["source"] for token in report["trace"]["tokens"]}


def test_the_chain_gives_the_answer_and_its_trace(
    stand_in: ChatOpenAI, local_model: LlamaCppModel
) -> None:
    model = fused(stand_in, local_model, retriever=None)
    chain = create_fused_decoding_chain(model, Documents(texts=[CONTEXT]))
    chunks: list[dict[str, Any]] = [{**chunk} for chunk in chain.stream({"input": INSTRUCTION})]
    answer = "".join(chunk["answer"] for chunk in chunks if "answer" in chunk)
    (trace,) = (chunk["trace"] for chunk in chunks if "trace" in chunk)
    assert answer == "".join(token["text"] for token in trace["tokens"])
    assert len(answer.split()) > 3


def test_a_cloud_that_cannot_be_reached_leads_down_the_ladder(local_model: LlamaCppModel) -> None:
    nowhere = ChatOpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", model="nowhere")
    answer = fused(nowhere, local_model, max_retries=0).invoke(INSTRUCTION)
    report = answer.response_metadata["cogenesis"]
    assert report["rung"] == "local" and answer.text
    assert report["fallback_reason"].count("CloudUnavailable") == 2


def test_a_model_without_weights_or_an_endpoint_is_refused(
    stand_in: ChatOpenAI, local_model: LlamaCppModel
) -> None:
    scripted = FakeListChatModel(responses=[OUTLINE])
    with pytest.raises(ConfigurationError, match="needs the local model's weights"):
        fused(stand_in, scripted)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="cannot ask a FakeListChatModel"):
        fused(scripted, local_model)  # type: ignore[arg-type]


def test_the_chain_refuses_a_model_that_writes_by_sketch_fill(
    stand_in: ChatOpenAI, local_model: LlamaCppModel
) -> None:
    sketch = fused(stand_in, local_model, mode="sketch", disclosure="none", retriever=None)
    with pytest.raises(ConfigurationError, match='not mode="fused"'):
        create_fused_decoding_chain(sketch, Documents(texts=[CONTEXT]))
