from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from pydantic import ValidationError
from support.scripted import CONTEXT, INSTRUCTION, OUTLINE, Documents, ScriptedLocal

from cogenesis_langchain import ChatCoGenesis, MemoryLedger, private
from cogenesis_langchain.errors import (
    ContextTooLong,
    InstructionError,
    LocalModelError,
    PrivacyViolation,
)
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalChunk,
    PrivateMessage,
)
from cogenesis_langchain.privacy.values import PrivateValue
from cogenesis_langchain.testing import FixedContext


def chat(
    local: ScriptedLocal | None = None, *, answers: Sequence[str] = (OUTLINE,), **settings: object
) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=FakeListChatModel(responses=list(answers)),
        local=local or ScriptedLocal(),
        **{
            "ledger": MemoryLedger(),
            "retriever": Documents(texts=[CONTEXT]),
            "sketch": "outline",
            **settings,
        },
    )


def told(message: AIMessage) -> dict[str, Any]:
    report = message.response_metadata["cogenesis"]
    assert isinstance(report, dict)
    return report


def test_the_local_model_reads_context_instruction_and_outline_in_that_order() -> None:
    local = ScriptedLocal()
    answer = chat(local).invoke(INSTRUCTION)
    prompt = local.prompts[0]
    assert answer.content == "Dear neighbour, the hedge."
    assert prompt.index("Bartholomew Quist") < prompt.index(INSTRUCTION) < prompt.index("topic 10")
    assert prompt.startswith(local.read_ahead[0])


def test_the_cloud_model_gets_the_instruction_and_no_context() -> None:
    ledger = MemoryLedger()
    chat(ledger=ledger).invoke([SystemMessage("I am Odalys Brandt."), HumanMessage(INSTRUCTION)])
    (entry,) = ledger.entries
    assert INSTRUCTION in entry.payload.decode()
    assert b"Quist" not in entry.payload and b"Odalys" not in entry.payload
    assert (entry.purpose, entry.verdict) == ("sketch", "clean")


def test_metadata_tells_what_happened() -> None:
    answer = chat().invoke(INSTRUCTION)
    report = told(answer)
    assert report["rung"] == "outline" and report["fallback_reason"] == ""
    assert len(report["sketch"].splitlines()) == 10 and report["cloud_calls"] == 1
    assert report["tokens_shown"] == 0 and report["disclosure"] == "none"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == 3
    assert report["usage"] == {
        "cloud": {"input_tokens": 0, "output_tokens": 0},
        "local": {"input_tokens": 100, "output_tokens": 3},
    }


def test_a_private_value_in_the_instruction_is_masked_out_and_restored_in_the_outline() -> None:
    local = ScriptedLocal()
    ledger = MemoryLedger()
    outline = OUTLINE.replace("point about topic 3", "tell [NAME_1] about it")
    model = chat(local, answers=[outline], ledger=ledger)
    answer = model.invoke("Write a note to Bartholomew Quist about the hedge.")
    assert "[NAME_1]" in ledger.entries[0].payload.decode()
    assert ledger.entries[0].verdict == "masked"
    assert "tell Bartholomew Quist about it" in local.prompts[0]
    assert told(answer)["masked"] == {"NAME": 1}


def test_policy_block_sends_nothing_and_raises() -> None:
    ledger = MemoryLedger()
    with pytest.raises(PrivacyViolation) as caught:
        chat(policy="block", ledger=ledger).invoke("Write to Bartholomew Quist.")
    assert "Quist" not in str(caught.value)
    assert ledger.entries == ()


def test_policy_local_sends_nothing_and_writes_alone() -> None:
    ledger = MemoryLedger()
    answer = chat(policy="local", ledger=ledger).invoke("Write to Bartholomew Quist.")
    assert told(answer)["rung"] == "local"
    assert ledger.entries == ()


def test_a_private_part_is_read_by_the_local_model_alone() -> None:
    local, ledger = ScriptedLocal(), MemoryLedger()
    secret = "Mention that Solveig was in hospital."
    parts: list[str | dict[str, object]] = [private(secret), INSTRUCTION]
    chat(local, ledger=ledger).invoke([HumanMessage(content=parts)])
    assert secret in local.prompts[0]
    assert b"Solveig" not in ledger.entries[0].payload


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (HumanMessage(content=[private("all of it")]), "no part of the request is public"),
        (HumanMessage("word " * 61), "61 words, more than max_public_words=60"),
    ],
)
def test_a_request_with_nothing_public_is_written_locally(
    message: HumanMessage, reason: str
) -> None:
    ledger = MemoryLedger()
    answer = chat(ledger=ledger).invoke([message])
    assert told(answer)["rung"] == "local" and reason in str(told(answer)["fallback_reason"])
    assert ledger.entries == ()


@pytest.mark.parametrize("messages", [[], [HumanMessage("  ")], [SystemMessage("rules")]])
def test_an_empty_instruction_is_refused_before_any_work(messages: list[HumanMessage]) -> None:
    local, ledger = ScriptedLocal(), MemoryLedger()
    with pytest.raises(InstructionError):
        chat(local, ledger=ledger).invoke(messages)
    assert ledger.entries == () and local.prompts == []


def test_two_bad_outlines_lead_to_the_local_rung() -> None:
    local = ScriptedLocal()
    answer = chat(local, answers=["Dear sir, here is your letter."]).invoke(INSTRUCTION)
    assert told(answer)["rung"] == "local"
    assert str(told(answer)["fallback_reason"]).startswith("SketchInvalid")
    assert told(answer)["cloud_calls"] == 2
    assert "outline" not in local.prompts[0].rpartition("Task:")[2]


def test_an_outline_that_is_repaired_on_retry_is_used() -> None:
    ledger = MemoryLedger()
    answer = chat(answers=["1. too short", OUTLINE], ledger=ledger).invoke(INSTRUCTION)
    assert told(answer)["rung"] == "outline"
    assert "it did not have 8 to 15 points" in ledger.entries[1].payload.decode()


def test_options_of_the_call_go_before_those_of_the_model() -> None:
    local = ScriptedLocal()
    model = chat(local, temperature=0.2, max_tokens=50, stop=["END"])
    model.invoke(INSTRUCTION)
    model.invoke(INSTRUCTION, stop=["HALT"], temperature=0.9, max_tokens=7, seed=3)
    assert local.options[0].stop == ("END",) and local.options[0].max_tokens == 50
    chosen = frozenset({"temperature", "max_tokens", "stop", "seed"})
    assert local.options[1] == GenerationOptions(
        7, 0.9, 0.95, ("HALT",), 3, explicit=chosen, excluded="["
    )


def test_an_error_of_the_local_model_reaches_the_caller_and_no_other_model() -> None:
    class Failing(ScriptedLocal):
        def stream(
            self, messages: Sequence[PrivateMessage], options: GenerationOptions
        ) -> Iterator[LocalChunk]:
            raise LocalModelError("it failed", remedy="none")

    ledger = MemoryLedger()
    with pytest.raises(LocalModelError):
        chat(Failing(), ledger=ledger).invoke(INSTRUCTION)
    assert len(ledger.entries) == 1


def test_a_prompt_that_does_not_fit_even_without_context_is_an_error() -> None:
    class Full(ScriptedLocal):
        def stream(
            self, messages: Sequence[PrivateMessage], options: GenerationOptions
        ) -> Iterator[LocalChunk]:
            raise ContextTooLong(5000, 4096)

    with pytest.raises(ContextTooLong, match="904 more than the context window of 4096"):
        chat(Full()).invoke(INSTRUCTION)


def test_streaming_gives_one_stream_with_its_metadata_on_the_last_chunk() -> None:
    chunks = list(chat().stream(INSTRUCTION))
    assert [chunk.content for chunk in chunks] == ["Dear ", "neighbour, ", "the hedge.", ""]
    assert [bool(chunk.usage_metadata) for chunk in chunks] == [False, False, False, True]
    assert chunks[-1].chunk_position == "last"


async def test_an_abandoned_asynchronous_stream_stops_the_local_model() -> None:
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Endless(ScriptedLocal):
        def stream(
            self, messages: Sequence[PrivateMessage], options: GenerationOptions
        ) -> Iterator[LocalChunk]:
            try:
                while True:
                    yield LocalChunk("on and ")
            finally:
                loop.call_soon_threadsafe(closed.set)

    stream = chat(Endless()).astream(INSTRUCTION)
    assert isinstance(stream, AsyncGenerator)
    assert isinstance(await anext(stream), AIMessageChunk)
    await stream.aclose()
    await asyncio.wait_for(closed.wait(), timeout=5)


async def test_a_cancelled_asynchronous_stream_ends_at_once_and_stops_the_local_model() -> None:
    closed, began = threading.Event(), threading.Event()

    class Slow(ScriptedLocal):
        def stream(
            self, messages: Sequence[PrivateMessage], options: GenerationOptions
        ) -> Iterator[LocalChunk]:
            try:
                while True:
                    began.set()
                    time.sleep(0.3)
                    yield LocalChunk("on and ")
            finally:
                closed.set()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as limit:
            async for _ in chat(Slow()).astream(INSTRUCTION):
                limit.reschedule(asyncio.get_running_loop().time() + 0.05)
    assert began.is_set()
    assert await asyncio.to_thread(closed.wait, 5)


@pytest.mark.parametrize("place", ["instruction", "document", "turn"])
def test_a_lone_surrogate_is_a_clear_error_or_none(place: str) -> None:
    half = "the caf\ud83d"
    local = ScriptedLocal()
    model = chat(local, retriever=FixedContext(texts=[half if place == "document" else "a"]))
    messages = [
        HumanMessage(half if place == "turn" else "Hello."),
        AIMessage("Yes."),
        HumanMessage(INSTRUCTION + (half if place == "instruction" else "")),
    ]
    if place == "instruction":
        with pytest.raises(InstructionError, match="surrogate"):
            model.invoke(messages)
        return
    model.invoke(messages)
    assert "the caf?" in local.prompts[-1]


def test_results_of_tools_stay_here() -> None:
    local, ledger = ScriptedLocal(), MemoryLedger()
    chat(local, ledger=ledger).invoke(
        [
            HumanMessage(INSTRUCTION),
            AIMessage(
                content="", tool_calls=[{"name": "look_up", "args": {"who": "Quist"}, "id": "1"}]
            ),
            {"role": "tool", "tool_call_id": "1", "content": "Quist owes 312.40 EUR"},
        ]
    )
    assert "312.40" in local.prompts[0]
    assert b"312" not in ledger.entries[0].payload


def test_private_terms_never_leave_though_the_context_does_not_hold_them() -> None:
    instruction = "Write to the Blue Heron committee about the hedge."
    local, ledger = ScriptedLocal(), MemoryLedger()
    chat(local, ledger=ledger, private_terms=["blue heron"]).invoke(instruction)
    assert b"Heron" not in ledger.entries[0].payload and b"[TERM_1]" in ledger.entries[0].payload
    assert "Blue Heron" in local.prompts[0]
    control = MemoryLedger()
    chat(ledger=control).invoke(instruction)
    assert b"Blue Heron" in control.entries[0].payload


def matter_numbers(text: str) -> Iterator[PrivateValue]:
    yield from (PrivateValue("ID", found) for found in re.findall(r"matter [a-z]+-[a-z]+", text))


@pytest.mark.parametrize("context", [[], [SystemMessage("We call it matter quartz-lily here.")]])
def test_detectors_find_values_besides_the_built_in_ones(context: list[SystemMessage]) -> None:
    request = HumanMessage("Write to Bartholomew Quist about matter quartz-lily.")
    ledger, control = MemoryLedger(), MemoryLedger()
    chat(ledger=ledger, detectors=[matter_numbers]).invoke([*context, request])
    chat(ledger=control).invoke([*context, request])
    assert b"quartz" not in ledger.entries[0].payload
    assert b"Quist" not in ledger.entries[0].payload
    # In the context such a rare word is found without a detector.
    assert (b"quartz" in control.entries[0].payload) == (not context)


def test_context_detectors_read_the_context_alone() -> None:
    read: list[str] = []

    def rivers(text: str) -> Iterator[PrivateValue]:
        read.append(text)
        yield from (PrivateValue("TERM", found) for found in re.findall("the long river", text))

    ledger, control = MemoryLedger(), MemoryLedger()
    note = SystemMessage("We met at the long river.")
    request = HumanMessage("Write about the long river.")
    chat(ledger=ledger, context_detectors=[rivers]).invoke([note, request])
    chat(ledger=control).invoke([note, request])
    assert b"river" not in ledger.entries[0].payload and b"river" in control.entries[0].payload
    assert any("We met" in text for text in read) and not any("Write" in text for text in read)


def test_private_terms_are_not_shown_by_the_model() -> None:
    model = chat(private_terms=["blue heron"])
    assert "heron" not in repr(model) + repr(model._identifying_params) + str(model.model_dump())


@pytest.mark.parametrize("given", ["blue heron", ["blue heron", 5], {"blue heron": 1}])
def test_an_error_of_wrong_private_terms_does_not_show_them(given: object) -> None:
    with pytest.raises(ValidationError) as caught:
        chat(private_terms=given)
    assert "heron" not in str(caught.value)


async def test_slow_models_leave_the_threads_of_the_event_loop_free() -> None:
    """The loop needs its threads to look up hosts; a service would stand still without them."""
    going_on = threading.Event()

    class Waiting(ScriptedLocal):
        def stream(
            self, messages: Sequence[PrivateMessage], options: GenerationOptions
        ) -> Iterator[LocalChunk]:
            going_on.wait(30)
            return super().stream(messages, options)

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    answers = asyncio.gather(*(chat(Waiting()).ainvoke(INSTRUCTION) for _ in range(4)))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), timeout=5) == "free"
    going_on.set()
    assert len(await answers) == 4


async def test_asynchronous_calls_see_the_callers_context_variables() -> None:
    tenant = ContextVar("tenant", default="nobody")
    seen: list[str] = []

    class Asking(ScriptedLocal):
        def stream(
            self, messages: Sequence[PrivateMessage], options: GenerationOptions
        ) -> Iterator[LocalChunk]:
            seen.append(tenant.get())
            return super().stream(messages, options)

    tenant.set("acme")
    await chat(Asking()).ainvoke(INSTRUCTION)
    assert [chunk async for chunk in chat(Asking()).astream(INSTRUCTION)]
    assert seen == ["acme", "acme"]
