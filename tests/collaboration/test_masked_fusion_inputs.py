"""Masked fused decoding of strange inputs: the text is written, and no private value leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.byte_models import SIZE, ByteLocal, byte_server, decode, encode
from support.scoring_servers import ScoringServer, llama_server, serving

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.models.decoding.logits import log_softmax, top_k
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.values import PrivateValue
from cogenesis_langchain.testing import FixedContext
from cogenesis_langchain.testing.search import find_leaks

INSTRUCTION = "Write a short letter to my landlord about the broken heating."
LONG = " ".join(f"lorem{number % 41} ipsum" for number in range(250))


@pytest.fixture(scope="module")
def server() -> Iterator[ScoringServer]:
    with serving(byte_server()) as started:
        yield started


def write(server: ScoringServer, text: str, **settings: Any) -> tuple[dict[str, Any], str, bytes]:
    """Write a text; return the report, the text and the token ids that were sent, as bytes."""
    before = len(server.requests)
    answer = ChatCoGenesis(
        **{
            "cloud": ChatOpenAI(model="cloud", base_url=f"{server.url}/v1", api_key=SecretStr("k")),
            "local": ByteLocal(lambda prompt: text),
            "mode": "fused",
            "ledger": MemoryLedger(),
            "temperature": 0.0,
            "presence_penalty": 0.0,
            "max_tokens": len(text) + 1,
            "max_retries": 0,
            **settings,
        }
    ).invoke(INSTRUCTION)
    bodies = [json.loads(one.body) for one in server.requests[before:] if one.body]
    prompts = [ids for body in bodies for ids in body.get("prompt", ()) if isinstance(ids, list)]
    sent = b"\n".join(bytes(token % 256 for token in ids) for ids in prompts)
    return answer.response_metadata["cogenesis"], answer.text, sent


def test_a_context_of_which_every_word_is_private(server: ScoringServer) -> None:
    words = ["the", "old", "boiler", "leaks", "again"]
    text = " ".join(words * 3)
    report, written, sent = write(
        server, text, private_terms=words, retriever=FixedContext(texts=[" ".join(words)])
    )
    assert written == text and report["rung"] == "fused"
    shown = sent.replace(b"\n\nWrite the finished text now", b"")
    assert not find_leaks(shown.partition(b"before or after it.")[2], ["boiler", "leaks", "again"])


@pytest.mark.parametrize("term", ["a", "e", "7"])
def test_a_value_of_one_letter(server: ScoringServer, term: str) -> None:
    text = "He has a flat and 7 rooms e in it."
    report, written, sent = write(server, text, private_terms=[term])
    assert written == text and report["rung"] == "fused"
    views = [line.rpartition(b"before or after it.")[2] for line in sent.splitlines()]
    assert views and not [view for view in views if f" {term} ".encode() in view]


@pytest.mark.slow
def test_a_value_of_five_hundred_words_is_written_without_requests(server: ScoringServer) -> None:
    text = f"We read {LONG} and stop here."
    report, written, sent = write(server, text, private_terms=[LONG])
    assert written == text and report["rung"] == "fused"
    assert b"We read [TERM_1] and stop" in sent and b"lorem1" not in sent
    assert report["cloud_calls"] < 30


def test_two_detectors_that_contradict_each_other(server: ScoringServer) -> None:
    def one(text: str) -> list[PrivateValue]:
        return [PrivateValue("NAME", "Boilerham")]

    def other(text: str) -> list[PrivateValue]:
        return [PrivateValue("PLACE", "Boilerham"), PrivateValue("DATE", "Boilerham")]

    report, written, sent = write(server, "We met in Boilerham today.", detectors=[one, other])
    assert written == "We met in Boilerham today." and report["rung"] == "fused"
    assert b"We met in [" in sent and b"Boilerham" not in sent


def only_placeholders(ids: Sequence[int], start: int, k: int) -> list[TopK]:
    """A cloud model that is sure of a placeholder wherever it is asked."""
    import numpy as np

    tag, answers = b"[NAME_1]", list[TopK]()
    for end in range(start, len(ids) + 1):
        last = max(n for n in range(8) if bytes(i % 256 for i in ids[end - n : end]) == tag[:n])
        logits = np.zeros(SIZE, dtype=np.float32)
        logits[tag[last]] = 20.0
        answers.append(top_k(log_softmax(logits), k))
    return answers


def test_a_cloud_that_returns_only_placeholders_leaves_the_text_to_the_local_model() -> None:
    text = "Dear Sir, the heating is cold."
    with serving(llama_server(only_placeholders, encode, decode, window=16_384)) as server:
        report, written, _ = write(server, text)
    assert written == text
    assert {token["source"] for token in report["trace"]["tokens"]} == {"local"}


def test_a_cloud_that_fails_leads_down_the_ladder(server: ScoringServer) -> None:
    gone = ChatOpenAI(model="cloud", base_url="http://127.0.0.1:9/v1", api_key=SecretStr("k"))
    report, written, sent = write(
        server, "Dear Sir.", cloud=gone, local=ByteLocal(), on_fallback="silent"
    )
    assert report["rung"] == "local" and report["disclosure"] == "masked" and written and not sent
