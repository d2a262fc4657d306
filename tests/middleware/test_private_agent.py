from __future__ import annotations

import asyncio
import gc
import json
import re
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, ModelFallbackMiddleware
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.agents.rules import private_tool
from cogenesis_langchain.errors import ConfigurationError, PrivacyViolation, TracingLeak
from cogenesis_langchain.middleware.conversation_view import PublicView
from cogenesis_langchain.middleware.private_agent import PrivateAgentMiddleware
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.values import detect
from cogenesis_langchain.testing import (
    Canaries,
    EgressRecorder,
    FakeLocal,
    assert_no_private_value,
    make_canaries,
)
from cogenesis_langchain.testing.behaviours import Behaviour
from cogenesis_langchain.testing.exchange import Exchange

WORLD = make_canaries(7)
REQUEST = f"Write to {WORLD.name} that the rent of {WORLD.amount} was paid."
SENT: list[dict[str, Any]] = []


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    SENT.clear()
    with EgressRecorder() as recorder:
        yield recorder


def tools() -> list[BaseTool]:
    @tool
    def find_address(name: str) -> str:
        """Find the address of a person."""
        SENT.append({"name": name})
        return f"{WORLD.email}, {WORLD.document}"

    @tool
    def send_mail(to: str, text: str) -> str:
        """Send a mail."""
        SENT.append({"to": to, "text": text})
        return "sent"

    return [find_address, send_mail]


def tags(exchange: Exchange, kind: str) -> list[str]:
    return re.findall(rf"\[{kind}_\d+\]", exchange.request.content.decode())


def answer(message: Callable[[Exchange], dict[str, Any]]) -> Behaviour:
    """Answer with an assistant message that is made from the request."""

    def behave(exchange: Exchange) -> None:
        choice = {"index": 0, "finish_reason": "stop", "message": message(exchange)}
        body = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "cloud",
            "choices": [choice],
        }
        exchange.answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    return behave


def calls(called: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": called, "arguments": json.dumps(arguments)}
    made = [{"id": f"call-{called}", "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "tool_calls": made}


FIND = answer(lambda asked: calls("find_address", name=tags(asked, "NAME")[0]))
SEND = answer(
    lambda asked: calls(
        "send_mail", to=tags(asked, "EMAIL")[0], text=f"Dear {tags(asked, 'NAME')[0]}, paid."
    )
)
DONE = answer(lambda asked: {"role": "assistant", "content": f"{tags(asked, 'NAME')[0]} knows."})


def brain(cloud: EgressRecorder, **settings: Any) -> ChatOpenAI:
    key = SecretStr("none")
    return ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=key, **settings)


def agent(cloud: EgressRecorder, *others: Any, **settings: Any) -> Any:
    private = PrivateAgentMiddleware(ledger=MemoryLedger(), max_retries=0)
    return create_agent(
        brain(cloud),
        settings.pop("tools", None) or tools(),
        system_prompt=f"The user says: {WORLD.document}",
        middleware=[private, *others],
        **settings,
    )


def check(cloud: EgressRecorder, requests: int) -> None:
    assert len(cloud.requests) == requests
    assert_no_private_value(cloud, [WORLD.document], values=WORLD.values)


def given() -> dict[str, Any]:
    return {"messages": [HumanMessage(REQUEST)]}


@pytest.mark.parametrize("style", ["invoke", "ainvoke", "stream", "astream"])
def test_tools_get_real_values_and_the_model_sees_placeholders(
    cloud: EgressRecorder, style: str
) -> None:
    cloud.play(FIND, SEND, DONE)
    made = agent(cloud)
    if style == "invoke":
        state = made.invoke(given())
        assert "private_values" not in state
    elif style == "ainvoke":
        state = asyncio.run(made.ainvoke(given()))
    elif style == "stream":
        *_, state = made.stream(given(), stream_mode="values")
    else:

        async def collect() -> list[Any]:
            return [one async for one in made.astream(given(), stream_mode="values")]

        *_, state = asyncio.run(collect())
    assert [
        {"name": WORLD.name},
        {"to": WORLD.email, "text": f"Dear {WORLD.name}, paid."},
    ] == SENT
    assert state["messages"][-1].content == f"{WORLD.name} knows."
    assert state["messages"][0].content == REQUEST
    assert "[NAME_" not in str(state)
    check(cloud, 3)


def test_a_stream_of_messages_is_restored(cloud: EgressRecorder) -> None:
    cloud.play(DONE)
    pieces = [
        message.text
        for message, _ in agent(cloud).stream(given(), stream_mode="messages")
        if isinstance(message, AIMessageChunk | AIMessage)
    ]
    assert "".join(pieces) == f"{WORLD.name} knows."
    check(cloud, 1)


def test_a_value_keeps_its_placeholder_over_turns_and_checkpoints(cloud: EgressRecorder) -> None:
    saver = InMemorySaver()
    config = {"configurable": {"thread_id": "1"}}
    cloud.play(FIND, DONE)
    agent(cloud, checkpointer=saver).invoke(given(), config)
    cloud.play(DONE)
    again = {"messages": [HumanMessage(f"Who is {make_canaries(8).name}, and {WORLD.name}?")]}
    state = agent(cloud, checkpointer=saver).invoke(again, config)
    bodies = [json.loads(request.body)["messages"] for request in cloud.requests]
    assert bodies[0][:2] == bodies[2][:2]
    assert state["messages"][-1].content == f"{WORLD.name} knows."
    check(cloud, 3)


def test_an_interrupt_shows_originals_and_resumes(cloud: EgressRecorder) -> None:
    cloud.play(SEND_FIRST, DONE)
    approval = HumanInTheLoopMiddleware(interrupt_on={"send_mail": True})
    made = agent(cloud, approval, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    state = made.invoke(given(), config)
    assert WORLD.name in str(state["__interrupt__"])
    state = made.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config)
    assert [{"to": WORLD.name, "text": "paid"}] == SENT
    check(cloud, 2)


SEND_FIRST = answer(lambda asked: calls("send_mail", to=tags(asked, "NAME")[0], text="paid"))


def test_a_placeholder_that_the_model_invents_is_refused(cloud: EgressRecorder) -> None:
    invented = answer(lambda asked: calls("find_address", name="[NAME_77]"))
    cloud.play(invented, FIND, DONE)
    state = agent(cloud).invoke(given())
    (refused,) = [
        one for one in state["messages"] if isinstance(one, ToolMessage) and one.status == "error"
    ]
    assert "stands for nothing" in refused.text and [{"name": WORLD.name}] == SENT
    check(cloud, 3)


def test_values_that_the_assistant_writes_first_are_masked(cloud: EgressRecorder) -> None:
    other = make_canaries(9)
    own = answer(lambda asked: calls("find_address", name=other.email))
    cloud.play(own, DONE)
    agent(cloud).invoke(given())
    assert [{"name": other.email}] == SENT
    assert other.email.encode() not in cloud.requests[1].body
    check(cloud, 2)


def test_a_fallback_behind_it_sees_placeholders_and_is_restored(cloud: EgressRecorder) -> None:
    class Spare(FakeListChatModel):
        seen: list[str] = []  # noqa: RUF012

        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

        def _call(self, messages: Any, *rest: Any, **kwargs: Any) -> str:
            self.seen.append(str(messages))
            return "I tell [NAME_1]."

    spare = Spare(responses=["x"])
    cloud.play(answer(lambda asked: {"role": "assistant", "content": "x"}))
    made = agent(cloud, ModelFallbackMiddleware(spare))
    cloud.play(lambda exchange: exchange.answer(500, b"{}", {}))
    state = made.invoke(given())
    assert state["messages"][-1].content == f"I tell {WORLD.name}."
    assert spare.seen and not any(value in spare.seen[0] for value in WORLD.values)


def test_control_without_it_values_leave(cloud: EgressRecorder) -> None:
    cloud.play(answer(lambda asked: {"role": "assistant", "content": "x"}))
    plain: Any = create_agent(brain(cloud), tools())
    plain.invoke(given())
    with pytest.raises(AssertionError, match="private values"):
        assert_no_private_value(cloud, [WORLD.document], values=WORLD.values)


def test_two_threads_share_no_placeholder(cloud: EgressRecorder) -> None:
    made = agent(cloud)

    def ask(world: Canaries) -> bytes:
        cloud.play(answer(lambda asked: {"role": "assistant", "content": "ok"}))
        made.invoke({"messages": [HumanMessage(f"Who is {world.name}?")]})
        return cloud.requests[-1].body

    assert ask(make_canaries(1)) == ask(make_canaries(2))


def test_private_keys_of_arguments_are_masked_and_restored(cloud: EgressRecorder) -> None:
    paid: list[dict[str, int]] = []

    @tool
    def split_rent(shares: dict[str, int]) -> str:
        """Split the rent."""
        paid.append(shares)
        return "split"

    split = answer(lambda asked: calls("split_rent", shares={tags(asked, "NAME")[0]: 30}))
    cloud.play(split, DONE)
    agent(cloud, tools=[split_rent]).invoke(given())
    assert paid == [{WORLD.name: 30}]
    assert b'{\\"[NAME_1]\\": 30}' in cloud.requests[-1].body
    check(cloud, 2)


def test_a_private_term_in_a_declaration_or_a_header_is_refused(cloud: EgressRecorder) -> None:
    @tool
    def read_folder() -> str:
        """Read the folder of Odalys Quillfeather."""
        return ""

    private = PrivateAgentMiddleware(ledger=MemoryLedger(), private_terms=["Odalys Quillfeather"])
    plain = brain(cloud)
    named = brain(cloud, default_headers={"X-User": "Odalys Quillfeather"})
    for model, declared in ((plain, [read_folder]), (named, tools())):
        made: Any = create_agent(model, declared, middleware=[private])
        with pytest.raises(PrivacyViolation, match="private values"):
            made.invoke(given())
    assert not cloud.requests


class OtherProvider(BaseChatModel):
    """A chat model that is not of langchain-openai: it looks somebody up, then answers."""

    seen: list[str]
    stop_sequences: list[str] = []  # noqa: RUF012  # pydantic copies it
    default_headers: dict[str, str] = {}  # noqa: RUF012  # pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "other"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[one.name for one in tools])

    def _generate(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> ChatResult:
        self.seen.append("\n".join(map(repr, messages)))
        (who,) = re.findall(r"Write to (\[[A-Z]+_1\])", messages[0].text)
        find = {"name": "find_address", "args": {"name": who}, "id": "1"}
        called = len(messages) > 1
        message = AIMessage(f"{who} knows.") if called else AIMessage("", tool_calls=[find])
        return ChatResult(generations=[ChatGeneration(message=message)])


def test_a_model_of_another_provider_runs_the_agent() -> None:
    SENT.clear()
    seen: list[str] = []
    private = PrivateAgentMiddleware(ledger=MemoryLedger(), max_retries=0)
    made: Any = create_agent(
        OtherProvider.model_construct(seen=seen, stop_sequences=[], default_headers={}),
        tools(),
        middleware=[private],
    )
    state = made.invoke(given())
    assert state["messages"][-1].content == f"{WORLD.name} knows." and len(seen) == 2
    assert [{"name": WORLD.name}] == SENT
    assert not any(value in text for value in WORLD.values for text in seen)


@pytest.mark.parametrize(
    "settings", [{"stop_sequences": ["Zbynek"]}, {"default_headers": {"X-User": "Zbynek"}}], ids=str
)
def test_settings_of_another_provider_are_checked(settings: dict[str, Any]) -> None:
    other = OtherProvider.model_construct(seen=[], **settings)
    terms, ledger = ["Zbynek"], MemoryLedger()
    private = PrivateAgentMiddleware(ledger=ledger, private_terms=terms)
    made: Any = create_agent(other, tools(), middleware=[private])
    with pytest.raises(PrivacyViolation, match="settings of the cloud model"):
        made.invoke(given())
    with pytest.raises(PrivacyViolation, match="settings of the cloud model"):
        ChatCoGenesis(cloud=other, local=FakeLocal(), private_terms=terms, ledger=ledger)
    assert other.seen == []


def test_a_private_term_may_be_a_keyword_of_schemas(cloud: EgressRecorder) -> None:
    cloud.play(answer(lambda asked: {"role": "assistant", "content": "ok"}))
    private = PrivateAgentMiddleware(ledger=MemoryLedger(), private_terms=["String", "Object"])
    made: Any = create_agent(brain(cloud), tools(), middleware=[private])
    assert made.invoke({"messages": [HumanMessage("Hello.")]})["messages"][-1].content == "ok"


def test_a_connection_lives_as_long_as_its_model(cloud: EgressRecorder) -> None:
    """An application may make a model for each request."""
    private = PrivateAgentMiddleware(ledger=MemoryLedger())
    view = PublicView(Border(ledger=MemoryLedger()), (), detect, Placeholders())
    kept = brain(cloud)
    first = private.masked(kept, view).connection
    made = [weakref.ref(private.masked(brain(cloud), view).connection) for _ in range(5)]
    gc.collect()
    assert not any(connection() for connection in made)
    assert private.masked(kept, view).connection is first


def test_tracing_is_refused_until_it_is_allowed(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = PublicView(Border(ledger=MemoryLedger()), (), detect, Placeholders())
    early = PrivateAgentMiddleware(ledger=MemoryLedger())
    monkeypatch.setattr("langchain_core.globals._debug", True)
    with pytest.raises(TracingLeak):
        early.masked(brain(cloud), view)
    with pytest.raises(TracingLeak):
        PrivateAgentMiddleware(ledger=MemoryLedger())
    allowed = PrivateAgentMiddleware(ledger=MemoryLedger(), allow_tracing=True)
    assert allowed.masked(brain(cloud), view).allow_tracing


def test_a_private_tool_is_refused(cloud: EgressRecorder) -> None:
    """The model would see its declaration like every other."""
    with pytest.raises(ConfigurationError, match="is a private_tool"):
        agent(cloud, tools=[private_tool(tools()[0])]).invoke(given())
    assert not cloud.requests


@pytest.mark.parametrize("streaming", [False, True])
def test_the_answer_has_the_metadata_of_the_cloud_model(
    cloud: EgressRecorder, streaming: bool
) -> None:
    private = PrivateAgentMiddleware(ledger=MemoryLedger(), max_retries=0)
    made: Any = create_agent(brain(cloud, streaming=streaming), [], middleware=[private])
    with get_usage_metadata_callback() as usage:
        told = made.invoke(given())["messages"][-1].response_metadata
    assert told["finish_reason"] == "stop" and told["model_name"] == "recorded"
    assert told["cogenesis"]["mode"] == "masked"
    assert usage.usage_metadata["recorded"]["total_tokens"] > 0
