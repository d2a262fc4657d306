"""LangChain chat models inside the trust boundary, against servers that look like theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import ConfigurationError, LocalModelError, ModelFileUnknown
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.local.langchain import LocalChatModel
from cogenesis_langchain.models.local.named import open_local_model
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.testing import EgressRecorder
from cogenesis_langchain.testing.behaviours import Behaviour
from cogenesis_langchain.testing.exchange import Exchange

TEXT = "Dear neighbour."


def like_ollama(exchange: Exchange) -> None:
    """Answer as Ollama's ``/api/chat`` does: one JSON object a line."""
    told = {"model": "llama3", "created_at": "2026-01-01T00:00:00Z"}
    piece = told | {"message": {"role": "assistant", "content": TEXT}, "done": False}
    counts = {"prompt_eval_count": 7, "eval_count": 3}
    end = told | {"message": {"role": "assistant", "content": ""}, "done": True, **counts}
    body = "".join(f"{json.dumps(one)}\n" for one in (piece, end | {"done_reason": "stop"}))
    exchange.answer(200, body.encode(), {"Content-Type": "application/x-ndjson"})


@pytest.fixture
def server() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


@pytest.fixture
def ollama(server: EgressRecorder, monkeypatch: pytest.MonkeyPatch) -> EgressRecorder:
    server.play(like_ollama)
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    return server


def chat(local: Any, **chosen: Any) -> ChatCoGenesis:
    cloud = FakeListChatModel(responses=["no sketch"])
    settings = {"ledger": MemoryLedger(), "on_fallback": "silent", **chosen}
    return ChatCoGenesis(cloud=cloud, local=local, **settings)


def test_a_model_of_ollama_is_opened_by_its_name(ollama: EgressRecorder) -> None:
    answer = chat("ollama:llama3").invoke("Write a note.")
    assert answer.text == TEXT
    assert answer.response_metadata["cogenesis"]["usage"]["local"]["output_tokens"] == 3
    assert json.loads(ollama.requests[0].content)["model"] == "llama3"


def test_what_the_caller_chose_reaches_ollama(ollama: EgressRecorder) -> None:
    chat("ollama:llama3", temperature=0, seed=5).invoke("Write a note.", max_tokens=5, stop=["x"])
    options = json.loads(ollama.requests[-1].content)["options"]
    assert (options["num_predict"], options["temperature"], options["seed"]) == (5, 0, 5)
    assert options["stop"] == ["x"]


def test_a_model_keeps_its_own_settings_where_the_caller_chose_none(
    ollama: EgressRecorder,
) -> None:
    local = ChatOllama(model="llama3", temperature=0.25, base_url=ollama.url)
    made = chat(local, max_tokens=9)
    made.invoke("Write a note.")
    made.invoke("Write a note.", temperature=1)
    first, second = (json.loads(r.content)["options"] for r in ollama.requests)
    assert (first["temperature"], second["temperature"]) == (0.25, 1)
    assert first["num_predict"] == 9 and local.num_predict is None


def test_what_the_caller_chose_reaches_an_openai_compatible_server(server: EgressRecorder) -> None:
    local = ChatOpenAI(base_url=server.base_url, api_key=SecretStr("key"), model="any")
    chat(local).invoke("Write a note.", max_tokens=5, temperature=0.5, top_p=0.5, seed=3)
    sent = json.loads(server.requests[-1].content)
    assert sent.get("max_tokens", sent.get("max_completion_tokens")) == 5
    assert (sent["temperature"], sent["top_p"], sent["seed"]) == (0.5, 0.5, 3)


def test_a_server_that_is_not_there_is_named_with_its_address() -> None:
    with EgressRecorder() as gone:
        address = gone.url
    local = LocalChatModel(ChatOllama(model="llama3", base_url=address))
    prompt = [PrivateMessage("user", PrivateText("Oksana"))]
    with pytest.raises(LocalModelError, match=address) as caught:
        list(local.stream(prompt, GenerationOptions()))
    assert "Connect" in caught.value.what and "server runs" in caught.value.remedy
    assert "Oksana" not in str(caught.value)


@pytest.mark.parametrize("name", ["Qwen/Qwen2.5-0.5B-Instruct", "hf:Qwen/Qwen2.5-0.5B-Instruct"])
def test_a_hub_id_is_answered_with_the_forms_that_work(name: str) -> None:
    with pytest.raises(ModelFileUnknown) as caught:
        open_local_model(name)
    assert "hf:owner/repository/file.gguf" in caught.value.remedy
    assert "TransformersModel" in caught.value.remedy


def test_without_the_package_the_remedy_is_its_installation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "langchain_ollama", None)
    with pytest.raises(ConfigurationError, match="langchain-ollama") as caught:
        open_local_model("ollama:llama3")
    assert "pip install" in caught.value.remedy


def cut_off(*deltas: dict[str, Any]) -> Behaviour:
    """Stream an answer that ends at the limit of tokens."""
    told = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def behave(exchange: Exchange) -> None:
        reasons = [None] * len(deltas) + ["length"]
        choices = [
            {"index": 0, "delta": delta, "finish_reason": reason}
            for delta, reason in zip([*deltas, {}], reasons, strict=True)
        ]
        lines = [f"data: {json.dumps(told | {'choices': [choice]})}\n\n" for choice in choices]
        body = "".join([*lines, "data: [DONE]\n\n"])
        exchange.answer(200, body.encode(), {"Content-Type": "text/event-stream"})

    return behave


def openai_at(server: EgressRecorder) -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=server.base_url, api_key=SecretStr("none"))


def test_a_streamed_text_that_is_cut_off_says_so(server: EgressRecorder) -> None:
    server.play(cut_off({"role": "assistant", "content": "Dear n"}))
    answer = chat(openai_at(server)).invoke("Write a note.")
    assert (answer.text, answer.response_metadata["finish_reason"]) == ("Dear n", "length")


def test_a_streamed_call_that_is_cut_off_is_not_completed(server: EgressRecorder) -> None:
    """LangChain would close its JSON: half a mail must not be sent."""
    begun = '{"to": "obi@dental.example", "text": "Please do NOT'
    function = {"name": "send_mail", "arguments": begun}
    call = {"index": 0, "id": "c1", "type": "function", "function": function}
    server.play(cut_off({"role": "assistant", "content": "", "tool_calls": [call]}))

    def send_mail(to: str, text: str) -> str:
        """Send a mail."""
        return "sent"

    model = chat(openai_at(server)).bind_tools([send_mail], tool_choice="any")
    answer = model.invoke("Write to obi@dental.example.")
    assert answer.tool_calls == [] and begun in str(answer.invalid_tool_calls[0]["args"])
    assert answer.response_metadata["finish_reason"] == "length"


def test_a_call_of_no_arguments_in_a_stream_is_whole(server: EgressRecorder) -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "today"}}
    server.play(cut_off({"role": "assistant", "content": None, "tool_calls": [call]}))

    def today() -> str:
        """Tell the date."""
        return ""

    answer = chat(openai_at(server)).bind_tools([today], tool_choice="any").invoke("Go.")
    assert [(one["name"], one["args"]) for one in answer.tool_calls] == [("today", {})]
