"""Fused decoding on the wire: what the cloud's server receives, and by which way.

The cloud sees the instruction and the text so far: its public view, or with ``disclosure="open"``
the text as it is. The documents and the local prompt never leave. Most local models here write a
public letter, so that no private value may arrive at all. Those that quote a document may send none
if the text is masked. The controls quote openly, or have the guard off, and must leak.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.byte_models import LETTER, ByteLocal, ByteTokens, byte_server, routed
from wire.harness import bytes_of_ids
from wire.test_non_interference import release_everything

from cogenesis_langchain import Budget, ChatCoGenesis, MemoryLedger, public
from cogenesis_langchain.errors import PrivacyViolation
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.testing import (
    CALL_STYLES,
    EgressRecorder,
    FixedContext,
    assert_no_private_value,
    assert_non_interference,
    make_canaries,
)
from cogenesis_langchain.testing.canaries import Canaries
from cogenesis_langchain.testing.search import find_leaks

INSTRUCTION = "Write a short letter to my landlord about the broken heating."
CANARIES = make_canaries(7)


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder(routed(byte_server())) as recorder:
        yield recorder


def openai(url: str, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model="cloud", base_url=url, api_key=SecretStr("key"), **settings)


def model(cloud: BaseChatModel, local: ByteLocal | None = None, **settings: Any) -> ChatCoGenesis:
    return ChatCoGenesis(
        **{
            "cloud": cloud,
            "local": local or ByteLocal(),
            "mode": "fused",
            "disclosure": "open",
            "retriever": FixedContext(texts=[CANARIES.document]),
            "ledger": MemoryLedger(),
            "temperature": 0.0,
            "presence_penalty": 0.0,
            "max_tokens": 60,
            "max_retries": 0,
            **settings,
        }
    )


QUICK: Final = ("invoke", "astream")
WAYS: Final = [
    pytest.param(way, marks=() if way in QUICK else pytest.mark.slow) for way in CALL_STYLES
]


@pytest.mark.parametrize("way", WAYS)
def test_documents_and_the_local_prompt_never_leave(cloud: EgressRecorder, way: str) -> None:
    local = ByteLocal()
    messages = [SystemMessage(f"My own notes: {CANARIES.document}"), INSTRUCTION]
    CALL_STYLES[way](model(openai(cloud.base_url), local), messages, None)
    sent = cloud.received + bytes_of_ids(cloud)
    assert LETTER.encode() in sent
    assert_no_private_value(cloud, [CANARIES.document], values=CANARIES.values)
    (prompt,) = local.prompts
    assert CANARIES.word in prompt
    private = [line for line in prompt.splitlines() if len(line) > 20 and INSTRUCTION not in line]
    assert private and not [line for line in private if line.encode() in sent]


def quote(prompt: str) -> str:
    return prompt[prompt.index("My name is") :]


def test_the_control_whose_local_model_quotes_a_document_leaks(cloud: EgressRecorder) -> None:
    """The text so far leaves as it is: that is what ``open`` means."""
    model(openai(cloud.base_url), ByteLocal(quote)).invoke(INSTRUCTION)
    assert find_leaks(bytes_of_ids(cloud), [CANARIES.name])


LETTERS: Final = (
    f"Dear Sir, I am {CANARIES.name} and my mail is {CANARIES.email} so write.\nYours,",
    f"Dear {CANARIES.name.split()[1]}, the rent of {CANARIES.amount} goes to {CANARIES.iban} now.",
    f"Call {CANARIES.phone} or {CANARIES.phone.replace(' ', '')} and say {CANARIES.word} to me.",
)


@pytest.mark.parametrize("way", WAYS)
def test_masked_no_private_value_of_the_text_leaves(cloud: EgressRecorder, way: str) -> None:
    for letter in LETTERS:
        local = ByteLocal(lambda prompt, letter=letter: letter)  # type: ignore[misc]
        masking = model(openai(cloud.base_url), local, disclosure="masked", max_tokens=120)
        CALL_STYLES[way](masking, [SystemMessage("Be kind."), INSTRUCTION], None)
    sent = cloud.received + bytes_of_ids(cloud)
    assert not find_leaks(sent, CANARIES.values)
    tags = re.sub(rb"\[[A-Z]+_\d\]", b"[]", sent)
    assert b"Dear Sir, I am [] and my mail is [] so write." in tags
    assert b"Dear [], the rent of [] now." in tags
    assert b"Call +[] or +[] and say [] to me." in tags


class OtherTokens(ByteTokens):
    """A tokenizer that is not the server's, so that text is sent in place of ids."""

    def encode(self, text: bytes) -> list[int]:
        return [255 - byte for byte in text]


@pytest.mark.parametrize("served", ["ids", "text"])
def test_masked_is_the_default_and_is_told(cloud: EgressRecorder, served: str) -> None:
    ledger, local = MemoryLedger(), ByteLocal(quote)
    if served == "text":
        local.tokens = lambda: OtherTokens(local._follow)  # type: ignore[method-assign]
    written = ChatCoGenesis(
        cloud=openai(cloud.base_url),
        local=local,
        mode="fused",
        retriever=FixedContext(texts=[CANARIES.document]),
        ledger=ledger,
        temperature=0.0,
        max_tokens=80,
    ).invoke(INSTRUCTION)
    report = written.response_metadata["cogenesis"]
    assert (report["rung"], report["disclosure"]) == ("fused", "masked")
    assert find_leaks(written.text.encode(), [CANARIES.name])
    assert not find_leaks(cloud.received + bytes_of_ids(cloud), CANARIES.values)
    verdicts = {(entry.purpose, entry.verdict) for entry in ledger.entries}
    assert verdicts == {("probe", "clean"), ("fused", "masked")}
    assert 0 < report["tokens_shown"] < report["usage"]["local"]["output_tokens"]
    assert trace_of(written).seen == "My name is ", "the rest is one copied phrase"


def trace_of(answer: BaseMessage) -> Trace:
    told = answer.response_metadata["cogenesis"]["trace"]
    return Trace.from_json(json.dumps(told).encode())


def test_the_trace_tells_what_the_cloud_saw(cloud: EgressRecorder) -> None:
    local = ByteLocal(lambda prompt: LETTERS[0])
    answer = model(
        openai(cloud.base_url), local, disclosure="masked", max_tokens=len(LETTERS[0])
    ).invoke(INSTRUCTION)
    trace = trace_of(answer)
    seen = re.sub(r"\[[A-Z]+_\d\]", "[]", trace.seen)
    whole = "Dear Sir, I am [] and my mail is [] so write.\nYours,"
    assert whole.startswith(seen) and len(seen) >= len("Dear Sir, I am [] and my mail is []")
    hidden = "".join(trace.tokens[place].piece for place in sorted(trace.masked))
    assert hidden.startswith(CANARIES.name + CANARIES.email)
    assert trace.seen.encode()[:60] in bytes_of_ids(cloud), "it is what arrived"


def paraphrase(prompt: str) -> str:
    """A letter with words that stand nowhere, and that only the document brings about."""
    matter = "my knee hurts" if CANARIES.name in prompt else "rain will end"
    return f"Dear Sir, today {matter} again."


@pytest.mark.parametrize("disclosure", ["masked", Budget(word=3.0)], ids=["masked", "budget"])
def test_a_budget_masks_what_only_the_context_can_have_said(
    cloud: EgressRecorder, disclosure: Any
) -> None:
    answer = model(openai(cloud.base_url), ByteLocal(paraphrase), disclosure=disclosure).invoke(
        INSTRUCTION
    )
    report, sent = answer.response_metadata["cogenesis"], bytes_of_ids(cloud)
    assert answer.text == paraphrase(CANARIES.name)
    assert b"Dear Sir, today " in sent
    if disclosure == "masked":  # the control: no detector knows these words
        assert b"my knee hurts" in sent and report["nats_told"] is None
    else:
        assert not re.search(rb"knee|hurt", sent) and re.search(rb"today \[TEXT_1\]", sent)
        assert report["disclosure"] == "masked" and 0 <= report["nats_told"] < 1


def test_the_second_reading_knows_what_was_released_alone(cloud: EgressRecorder) -> None:
    long = {"type": "text", "text": "I have sclerosis. " * 90}
    named = HumanMessage(f"{INSTRUCTION[:-1]} of {CANARIES.name}.")
    for private in (
        [HumanMessage([public(INSTRUCTION), long])],
        [SystemMessage("I have sclerosis."), named],
    ):
        local = ByteLocal()
        model(openai(cloud.base_url), local, disclosure=Budget()).invoke(private)
        whole, reader = sorted(local.prompts, key=len, reverse=True)
        assert "sclerosis" in whole and "sclerosis" not in reader
        assert INSTRUCTION[:-1] in reader and not find_leaks(reader.encode(), CANARIES.values)


def test_a_budget_of_a_text_ends_the_requests(cloud: EgressRecorder) -> None:
    limited = model(
        openai(cloud.base_url), ByteLocal(paraphrase), disclosure=Budget(word=200.0, text=17.0)
    )
    report = limited.invoke(INSTRUCTION).response_metadata["cogenesis"]
    sent = bytes_of_ids(cloud)
    assert sent.endswith(b"Dear Sir, today my"), "two letters of 7.7 nats each"
    assert report["rung"] == "fused" and 15 < report["nats_told"] <= 17.0


def test_open_the_cloud_saw_the_text_as_it_is(cloud: EgressRecorder) -> None:
    answer = model(openai(cloud.base_url), ByteLocal(quote)).invoke(INSTRUCTION)
    trace = trace_of(answer)
    asked = trace.report.tokens_asked
    assert trace.text == answer.text and trace.text.startswith(trace.seen)
    assert trace.masked == frozenset(range(asked, len(trace.tokens))) and len(trace.seen) == asked
    assert trace.seen.encode() in bytes_of_ids(cloud), "it is what arrived"


def test_masked_values_of_the_instruction_stay_masked_in_the_text(cloud: EgressRecorder) -> None:
    mail = "zimlor.quovex@daxfen.example"
    local = ByteLocal(lambda prompt: f"Dear {mail}, I write to {CANARIES.name} today.")
    masking = model(openai(cloud.base_url), local, disclosure="masked", max_tokens=90)
    masking.invoke(f"Write a short note to {CANARIES.name} with copy to {mail}.")
    sent = cloud.received + bytes_of_ids(cloud)
    assert not find_leaks(sent, [mail, *CANARIES.values])
    tags = dict(re.findall(rb"(note to|copy to|Dear|write to) (\[[A-Z]+_\d\])", sent))
    assert tags[b"Dear"] == tags[b"copy to"] != tags[b"note to"] == tags[b"write to"]


def test_no_private_value_leaves_as_token_ids(cloud: EgressRecorder) -> None:
    model(openai(cloud.base_url)).invoke(INSTRUCTION)
    sent = bytes_of_ids(cloud)
    assert LETTER.encode() in sent and INSTRUCTION.encode() in sent
    assert not find_leaks(sent, [*CANARIES.values, CANARIES.document])


def test_a_private_value_in_the_instruction_is_masked(cloud: EgressRecorder) -> None:
    model(openai(cloud.base_url)).invoke(f"Write a letter to {CANARIES.name} about the heating.")
    assert cloud.requests
    assert not find_leaks(bytes_of_ids(cloud) + cloud.received, CANARIES.values)


def test_the_control_with_the_guard_off_leaks(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Border, "release", release_everything)
    model(openai(cloud.base_url)).invoke(f"Write a letter to {CANARIES.name} about the heating.")
    with pytest.raises(AssertionError, match="private values"):
        assert_no_private_value(cloud, [CANARIES.document], values=CANARIES.values)


def test_two_contexts_make_the_same_bytes_leave(cloud: EgressRecorder) -> None:
    """The local model writes the same; only how many tokens a request holds depends on time."""

    def run(context: Canaries) -> None:
        retriever = FixedContext(texts=[context.document])
        model(openai(cloud.base_url), retriever=retriever, max_tokens=1).invoke(INSTRUCTION)

    assert_non_interference(run, [make_canaries(1), make_canaries(2)], recorder=cloud)
    assert len(cloud.requests) > 3


def test_a_private_value_in_a_header_is_refused_when_the_model_is_made(
    cloud: EgressRecorder,
) -> None:
    configured = openai(cloud.base_url, default_headers={"X-User": CANARIES.name})
    with pytest.raises(PrivacyViolation):
        model(configured, private_terms=[CANARIES.name])
    assert cloud.requests == ()
    configured.invoke(INSTRUCTION)
    assert find_leaks(cloud.received, [CANARIES.name])  # the control leaks
