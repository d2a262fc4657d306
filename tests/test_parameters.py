from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import BaseMessage, HumanMessage, trim_messages
from langchain_openai import ChatOpenAI
from pydantic import SecretStr, ValidationError
from support.scripted_turns import ScriptedTurns

from cogenesis_langchain import Budget, ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import (
    CloudNotUsed,
    CloudNotUsedWarning,
    CoGenesisError,
    ConfigurationError,
)
from cogenesis_langchain.privacy.trust.hosts import is_trusted
from cogenesis_langchain.testing import EgressRecorder

TEXT = "a text"


def model(answer: str = "no sketch", **changed: Any) -> ChatCoGenesis:
    made: dict[str, Any] = {
        "cloud": FakeListChatModel(responses=[answer]),
        "local": FakeListChatModel(responses=[TEXT]),
        "ledger": MemoryLedger(),
    }
    return ChatCoGenesis(**(made | changed))


@pytest.mark.parametrize(
    ("parameter", "remedy"),
    [
        ({"temprature": 0}, "did you mean 'temperature'"),
        ({"max_token": 5}, "did you mean 'max_tokens'"),
        ({"model": "gpt-4.1"}, "cloud=ChatOpenAI(model="),
        ({"user": "Oksana"}, "known are"),
        ({"xyzzy": 1}, "known are"),
    ],
)
def test_a_parameter_without_effect_is_refused(parameter: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(parameter))) as caught:
        model(**parameter)
    assert remedy in caught.value.remedy
    with pytest.raises(ConfigurationError, match="a call has no parameter"):
        model().invoke("Write a poem.", **parameter)
    with pytest.raises(ConfigurationError, match="a call has no parameter"):
        model().bind(**parameter).invoke("Write a poem.")


def test_an_error_in_a_list_shows_its_remedy() -> None:
    assert repr([ConfigurationError("it is so", remedy="do this")]).endswith("remedy='do this')]")


def test_a_misspelled_local_model_is_named() -> None:
    with pytest.raises(CoGenesisError, match=r"did you mean 'qwen2\.5-coder-0\.5b-instruct'"):
        model(local="qwen2.5-coder-0.5b-instrct")


@pytest.mark.parametrize("host", ["gpu.internal", "http://gpu.internal:8000/v1", "gpu.internal:80"])
def test_a_trusted_host_may_be_given_as_an_address(host: str) -> None:
    local = ChatOpenAI(model="m", base_url="http://gpu.internal:8000/v1", api_key=SecretStr("key"))
    assert model(local=local, trusted_hosts=[host])
    with pytest.raises(CoGenesisError, match=r"gpu\.internal"):
        model(local=local, trusted_hosts=["http://other.internal", "internal", "[bad"])
    assert not is_trusted("fd00", ["fd00::1"]) and is_trusted("fd00::1", ["[fd00::1]"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"cloud": None}, "no cloud model"),
        ({"local": None}, "no local model"),
        ({"cloud": FakeListChatModel(responses=[""]).bind(stop=["x"])}, "cloud is a _ChatModel"),
        ({"local": FakeListChatModel(responses=[""]).with_retry()}, "local is a RunnableRetry"),
        ({"ledger": "egress.jsonl"}, "ledger is a path"),
        ({"ledger": Path("egress.jsonl")}, "ledger is a path"),
    ],
    ids=str,
)
def test_a_part_of_another_kind_is_a_clear_error(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        model(**given)
    assert caught.value.remedy


def test_tokens_are_counted_without_a_network() -> None:
    long = "Ada lives in Ghent. " * 50
    assert 250 <= model().get_num_tokens(long) <= 400
    messages = [HumanMessage(long), HumanMessage("Hello.")]
    kept = trim_messages(messages, token_counter=model(), max_tokens=60, strategy="last")
    assert [message.content for message in kept] == ["Hello."]


def test_a_cloud_model_that_streams_is_asked_for_a_whole_answer() -> None:
    with EgressRecorder() as server:
        key = SecretStr("none")
        cloud = ChatOpenAI(model="c", base_url=server.base_url, api_key=key, streaming=True)
        answer = model(cloud=cloud).invoke("Write a short note to my neighbour.")
        assert answer.response_metadata["cogenesis"]["cloud_calls"] == 1
        assert not json.loads(server.requests[0].content).get("stream")


def test_a_name_is_no_cloud_model() -> None:
    with pytest.raises(ConfigurationError, match="is a name") as caught:
        ChatCoGenesis(cloud="gpt-4.1-mini", local=FakeListChatModel(responses=[TEXT]))
    assert "ChatOpenAI(model=" in caught.value.remedy


@pytest.mark.parametrize("wrong", [{"mode": "sketched"}, {"sketch": "templte"}, {"top_k": 0}])
def test_one_wrong_value_is_one_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        model(**wrong)
    assert [error["loc"] for error in caught.value.errors()] == [tuple(wrong)]


def test_every_alias_is_known() -> None:
    assert model(timeout=3, stop_sequences=["x"]).cloud_timeout == 3
    assert model(cloud_timeout=3, stop=["x"]).stop == ["x"]


@pytest.mark.parametrize(
    "given",
    [
        {"disclosure": "open"},
        {"disclosure": "masked"},
        {"disclosure": Budget()},
        {"operator": "mean"},
        {"top_k": 5},
        {"presence_penalty": 0.5},
        {"draft_tokens": 3},
        {"chat_format": "chatml"},
    ],
    ids=str,
)
def test_what_a_sketch_would_ignore_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match='is for mode="fused"'):
        model(**given)
    assert model(disclosure="none", operator="local-led", top_k=20)


def test_a_copy_with_other_settings_tells_of_its_own_profile() -> None:
    given = model()
    assert not dict(given.profile or {})["tool_calling"]
    copy = given.model_copy(update={"local": ScriptedTurns("Hello."), "max_tokens": 7})
    told = dict(copy.profile or {})
    assert told["tool_calling"] and told["max_output_tokens"] == 7
    chosen = model(profile={"tool_calling": True})
    assert chosen.model_copy(update={"max_tokens": 7}).profile == {"tool_calling": True}


@pytest.mark.parametrize(
    "parameter",
    [
        {"max_tokens": 0}, {"max_tokens": 1.5}, {"top_p": 5}, {"top_p": 0}, {"temperature": -1},
        {"temperature": "warm"}, {"temperature": float("inf")}, {"seed": "x"},
    ],
)  # fmt: skip
def test_a_parameter_out_of_range_is_refused_in_a_call(parameter: dict[str, Any]) -> None:
    [(name, value)] = parameter.items()
    with pytest.raises(ConfigurationError) as caught:
        model().invoke("Write a poem.", **parameter)
    assert f"{name}={value!r} cannot be used" in str(caught.value)
    assert caught.value.remedy.startswith(f"{name} should be")
    with pytest.raises(ValidationError):
        model(**parameter)


def test_a_parameter_of_a_call_holds_for_it() -> None:
    assert model().invoke("Write a poem.", max_tokens=7, top_p=1, temperature=0, seed=None).text


def test_a_printed_model_names_what_matters() -> None:
    assert (
        repr(model())
        == str(model())
        == (
            "ChatCoGenesis(cloud='FakeListChatModel', local='FakeListChatModel', mode='sketch', "
            "sketch='template', disclosure='none')"
        )
    )


# Fallback


def test_each_cause_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    made = model()
    match = r"no usable outline: it was a text, not a list"
    with pytest.warns(CloudNotUsedWarning, match=match) as warned:
        assert made.invoke("Write a poem.").text == TEXT
    assert {one.filename for one in warned} == {__file__}, "it names the line of the caller"
    assert "no usable template" in caplog.text
    told = len(caplog.records)
    made.invoke("Write another poem.")
    assert len(caplog.records) == told
    made.invoke("word " * 500)
    assert len(caplog.records) == told + 1, "another cause"


@pytest.mark.parametrize("request_text", ["Write a poem.", "word " * 500])
def test_a_fallback_can_be_an_error_before_anything_is_written(request_text: str) -> None:
    local = FakeListChatModel(responses=[TEXT])
    with pytest.raises(CloudNotUsed, match="does not take part") as caught:
        model(local=local, on_fallback="raise").invoke(request_text)
    assert local.i == 0 and "on_fallback" in caught.value.remedy


def test_a_fallback_can_be_silent(
    caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    answer = model(on_fallback="silent").invoke("Write a poem.")
    assert answer.response_metadata["cogenesis"]["fallback_reason"]
    assert not caplog.records and not recwarn.list


def test_a_sketch_that_is_used_is_no_fallback(caplog: pytest.LogCaptureFixture) -> None:
    outline = "\n".join(f"{number}. a short point {number}" for number in range(1, 10))
    answer = model(outline, sketch="outline", on_fallback="raise").invoke("Write a poem.")
    assert answer.response_metadata["cogenesis"]["rung"] == "outline"


def test_an_error_says_its_remedy_where_it_is_printed() -> None:
    error = CoGenesisError("what happened", remedy="do this")
    assert str(error) == "what happened\nRemedy: do this"
    assert error.summary == "CoGenesisError: what happened (do this)"
    assert not hasattr(error, "__notes__"), "it would be printed twice"


def test_the_reason_of_a_message_that_stays_here_is_no_private_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def nothing(messages: Sequence[BaseMessage]) -> None:
        return None

    model(instruction=nothing).invoke("Oksana Merriweather is ill.")
    assert caplog.records and "Oksana" not in caplog.text
