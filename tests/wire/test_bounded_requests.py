"""Fused decoding under a bound on the wire: `Bounded`.

The local model quotes the private document. Under a bound it quotes only in the blanks that the
cloud model leaves, and no request holds what it quotes. The controls have a bound so loose that the
private context decides each token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pytest
from langchain_core.messages import SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.byte_models import END, ByteLocal, byte_server, decode, encode, routed
from support.scoring_servers import llama_server
from wire.harness import bytes_of_ids

from cogenesis_langchain import Bounded, ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.bounded.decoder import BoundedDecoder
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.models.decoding.logits import log_softmax, top_k
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.testing import (
    CALL_STYLES,
    EgressRecorder,
    FixedContext,
    assert_non_interference,
    make_canaries,
)
from cogenesis_langchain.testing.canaries import Canaries
from cogenesis_langchain.testing.search import find_leaks

INSTRUCTION: Final = "Write a short letter to my landlord about the broken heating."
CANARIES: Final = make_canaries(7)
DETAIL: Final = CANARIES.name[:16]
"""What of the name a detail takes: its tokens are bytes here."""
LOOSE: Final = Bounded(epsilon=1e6, delta=0.5)
STRICT: Final = Bounded(epsilon=1e-6, delta=1e-9)
PUBLIC_LETTER: Final = b"Dear Sir, I am , and the heating is cold."


def score(ids: Sequence[int], start: int, k: int) -> list[TopK]:
    """A cloud model that writes the public letter, with a blank for the name."""

    def at(end: int) -> TopK:
        text = bytes(one % 256 for one in ids[:end])
        logits = np.full(257, -9.0, dtype=np.float32)
        logits[ord(",")] = 0.0  # after a placeholder
        if text.endswith(b"after it."):
            logits[ord("D")] = 9.0
        for length in range(1, len(PUBLIC_LETTER) + 1):
            if text.endswith(PUBLIC_LETTER[:length]):
                follows = [*PUBLIC_LETTER, END][length]
                logits[ord("[") if text.endswith(b"I am ") else follows] = 2.0 + length
        return top_k(log_softmax(logits), k)

    return [at(end) for end in range(start, len(ids) + 1)]


def quoting(prompt: str) -> str:
    """A letter with the name, where the prompt has it."""
    known = "My name is " in prompt
    name = prompt.partition("My name is ")[2].partition(".")[0] if known else "nobody"
    return f"Dear Sir, I am {name}, and the heating is cold."


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder(routed(llama_server(score, encode, decode, window=16_384))) as recorder:
        yield recorder


@pytest.fixture
def without_blanks() -> Iterator[EgressRecorder]:
    """A cloud model that leaves no blanks."""
    with EgressRecorder(routed(byte_server())) as recorder:
        yield recorder


def model(cloud: EgressRecorder, context: Canaries = CANARIES, **settings: Any) -> ChatCoGenesis:
    return ChatCoGenesis(
        **{
            "cloud": ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")),
            "local": ByteLocal(quoting),
            "mode": "fused",
            "disclosure": Bounded(),
            "retriever": FixedContext(texts=[context.document]),
            "ledger": MemoryLedger(),
            "seed": 1,
            "presence_penalty": 0.0,
            "temperature": 0.3,
            "top_p": 1.0,
            "max_tokens": 100,
            "max_retries": 0,
            **settings,
        }
    )


@pytest.mark.parametrize("way", ["invoke", "astream"])
def test_the_text_has_a_private_value_and_no_request_has_it(
    cloud: EgressRecorder, way: str
) -> None:
    CALL_STYLES[way](model(cloud), [SystemMessage("Be kind."), INSTRUCTION], None)
    sent = cloud.received + bytes_of_ids(cloud)
    assert not find_leaks(sent, CANARIES.values)
    assert b"Dear Sir, I am [PRIVATE_1]" in sent
    assert DETAIL in model(cloud).invoke(INSTRUCTION).text


def test_the_metadata_and_the_ledger_tell_it(cloud: EgressRecorder) -> None:
    ledger = MemoryLedger()
    answer = model(cloud, ledger=ledger).invoke(INSTRUCTION)
    report = answer.response_metadata["cogenesis"]
    assert report["rung"] == "fused" and report["disclosure"] == "bounded"
    clip = Bounded().clip(100)
    assert 0.0 < report["nats_told"] <= 2 * clip * len(PUBLIC_LETTER)
    assert {entry.verdict for entry in ledger.entries if entry.purpose == "fused"} == {"bounded"}
    trace = Trace.from_json(json.dumps(report["trace"]).encode())
    assert trace.seen.startswith("Dear Sir, I am [PRIVATE_1]")
    assert "".join(trace.tokens[place].piece for place in sorted(trace.masked)) == DETAIL


def test_where_the_cloud_leaves_no_blank_no_value_is_written(
    without_blanks: EgressRecorder,
) -> None:
    answer = model(without_blanks).invoke(INSTRUCTION)
    assert not find_leaks(bytes_of_ids(without_blanks) + answer.text.encode(), CANARIES.values)
    model(without_blanks, disclosure=LOOSE).invoke(INSTRUCTION)  # the control
    assert find_leaks(bytes_of_ids(without_blanks), [CANARIES.name])


def requests_in_two_worlds(cloud: EgressRecorder, bound: Bounded) -> None:
    def run(context: Canaries) -> None:
        model(cloud, context, disclosure=bound).invoke(INSTRUCTION)

    assert_non_interference(run, [make_canaries(1), make_canaries(2)], recorder=cloud)


def test_with_epsilon_near_zero_two_worlds_give_the_same_requests(cloud: EgressRecorder) -> None:
    requests_in_two_worlds(cloud, STRICT)
    assert b"[PRIVATE_1]" in bytes_of_ids(cloud)


def test_with_a_loose_bound_two_worlds_give_other_requests(without_blanks: EgressRecorder) -> None:
    with pytest.raises(AssertionError, match="gave other requests"):
        requests_in_two_worlds(without_blanks, LOOSE)


def test_a_placeholder_in_the_instruction_is_no_reason_for_brackets(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With brackets allowed, a text could show a placeholder that stands for nothing."""
    excluding: list[str] = []
    stream = BoundedDecoder.stream

    def noting(*arguments: Any) -> Any:
        excluding.append(arguments[-1].excluded)
        return stream(*arguments)

    monkeypatch.setattr(BoundedDecoder, "stream", noting)
    asking = model(cloud)
    asking.invoke(f"Write a short letter to {CANARIES.name} about the heating.")
    asking.invoke("Write a list in JSON about the heating.")
    assert b"letter to [EMAIL_1]" in bytes_of_ids(cloud) and excluding == ["[", ""]


def test_greedy_decoding_is_refused_before_anything_is_sent(cloud: EgressRecorder) -> None:
    with pytest.raises(FusionError, match="temperature=0 draws nothing"):
        model(cloud, temperature=0.0).invoke(INSTRUCTION)
    assert cloud.requests == ()
