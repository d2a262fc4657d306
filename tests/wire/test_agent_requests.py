"""Non-interference of agents: tools and their results do not change what the cloud receives."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ContextEditingMiddleware,
    HumanInTheLoopMiddleware,
    LLMToolEmulator,
    LLMToolSelectorMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    PIIMiddleware,
    SummarizationMiddleware,
    TodoListMiddleware,
    ToolCallLimitMiddleware,
    ToolErrorMiddleware,
    ToolRetryMiddleware,
)
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.types import Command
from pydantic import SecretStr
from support.scripted_turns import ScriptedTurns, call

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.agents.planning.progress import Progress
from cogenesis_langchain.privacy.border import Border, Release
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.text import BORDER_SEAL, PrivateText, PublicText
from cogenesis_langchain.testing import (
    Canaries,
    EgressRecorder,
    assert_no_private_value,
    assert_non_interference,
    behaviours,
    make_canaries,
)

REQUEST = "Write to my landlord about the broken heating."
PLAN = json.dumps(
    {
        "steps": [
            {"tool": "find_mail", "fill": {"words": "mail of the landlord"}},
            {
                "tool": "send_mail",
                "fill": {"to": "the address, from $1", "text": "the heating"},
                "each": "landlord in $1",
            },
            {"tool": "find_mail", "fill": {"words": "an answer"}, "if": "$1 asks for one"},
        ],
        "answer": "say that the mail was sent",
    }
)
SENT: list[str] = []
"""To whom agents tried to send mails."""
Style = Callable[[Any, dict[str, Any]], object]


def _streamed(*modes: str) -> Style:
    return lambda agent, given: list(agent.stream(given, stream_mode=list(modes)))


def _astreamed(*modes: str) -> Style:
    async def collect(agent: Any, given: dict[str, Any]) -> list[object]:
        return [piece async for piece in agent.astream(given, stream_mode=list(modes))]

    return lambda agent, given: asyncio.run(collect(agent, given))


def _approved(agent: Any, given: dict[str, Any]) -> object:
    """Approve the call of `send_mail` when the agent waits for a person."""
    thread = {"configurable": {"thread_id": uuid.uuid4().hex}}
    state = agent.invoke(given, thread)
    while state.get("__interrupt__"):
        state = agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), thread)
    return state


STYLES: dict[str, Style] = {
    "invoke": lambda agent, given: agent.invoke(given),
    "ainvoke": lambda agent, given: asyncio.run(agent.ainvoke(given)),
    "stream values": _streamed("values"),
    "stream updates": _streamed("updates"),
    "stream messages": _streamed("messages"),
    "stream all": _streamed("values", "updates", "messages", "custom", "checkpoints", "tasks"),
    "astream values": _astreamed("values"),
    "astream messages": _astreamed("messages"),
    "astream all": _astreamed("values", "updates", "messages", "custom", "tasks"),
}
MIDDLEWARES: dict[str, Callable[[ChatCoGenesis], AgentMiddleware[Any, Any]]] = {
    "summarization": lambda model: SummarizationMiddleware(
        model, trigger=("messages", 4), keep=("messages", 1)
    ),
    "call limit": lambda model: ModelCallLimitMiddleware(run_limit=9),
    "tool limit": lambda model: ToolCallLimitMiddleware(run_limit=9),
    "model retry": lambda model: ModelRetryMiddleware(max_retries=1),
    "tool retry": lambda model: ToolRetryMiddleware(max_retries=1),
    "context editing": lambda model: ContextEditingMiddleware(),
    "pii": lambda model: PIIMiddleware("email", strategy="mask"),
    "todo": lambda model: TodoListMiddleware(),
    "tool selection": lambda model: LLMToolSelectorMiddleware(model=model),
    "emulator": lambda model: LLMToolEmulator(tools=["send_mail"], model=model),
    "fallback": lambda model: ModelFallbackMiddleware(model),
    "tool error": lambda model: ToolErrorMiddleware(lambda error, _: str(error)),
}
WHOLE = ("invoke", "ainvoke", "stream all", "astream all")
CELLS = [(style, name) for style in WHOLE for name in MIDDLEWARES]


@pytest.fixture(scope="module")
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


def tools_of(world: Canaries) -> list[BaseTool]:
    @tool
    def find_mail(words: str) -> str:
        """Find mails."""
        return f"From {world.name} <{world.email}>:\n{world.document}\n{REQUEST * 3}"

    @tool
    def send_mail(to: str, text: str) -> str:
        """Send a mail."""
        SENT.append(to)
        raise ToolException(f"no route to {to}, {world.iban}")

    send_mail.handle_tool_error = True
    return [find_mail, send_mail]


def local_of(world: Canaries) -> ScriptedTurns:
    send = json.dumps({"to": world.email, "text": f"It is cold. {world.name}"})

    after_errors = iter(["again"])

    def write(prompt: str) -> str:
        last = prompt.rpartition("\nuser: ")[2]
        if "select the most relevant tools" in prompt:
            return json.dumps({"tools": ["find_mail", "send_mail"]})
        if "For which items" in last:
            return json.dumps({"items": [world.name]})
        if "Is this step needed" in last:
            return json.dumps({"needed": False})
        if '{"next": "again"}' in last:
            return json.dumps({"next": next(after_errors, "go on")})
        if "done again" in last:
            return json.dumps({"items": [world.name]})
        if "Now do this" in last:
            due = last.rpartition("Now do this")[2]
            return call("send_mail", send) if "call send_mail" in due else FIND
        return f"Sent to {world.name}."

    return ScriptedTurns(write)


FIND = call("find_mail", '{"words": "landlord"}')


def given(world: Canaries) -> dict[str, Any]:
    history = [SystemMessage(world.document), HumanMessage(world.word), AIMessage(world.name)]
    return {"messages": [*history, HumanMessage(REQUEST)]}


def agent_of(
    world: Canaries,
    cloud: EgressRecorder,
    *middlewares: Callable[..., AgentMiddleware[Any, Any]],
    checkpointer: InMemorySaver | None = None,
    **settings: Any,
) -> Any:
    model = ChatCoGenesis(
        cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("none")),
        local=local_of(world),
        ledger=MemoryLedger(),
        max_retries=0,
        on_fallback="silent",
        **settings,
    )
    return create_agent(
        model,
        tools_of(world),
        middleware=[middleware(model) for middleware in middlewares],
        checkpointer=checkpointer,
    )


def worlds() -> list[Canaries]:
    return [make_canaries(1), make_canaries(2)]


def check(
    cloud: EgressRecorder, run: Callable[[Canaries], object], requests: int = 1, mails: int = 2
) -> None:
    """Run in two worlds; each agent sends a mail once more after an error, where mails are sent."""
    SENT.clear()
    assert_non_interference(run, worlds(), recorder=cloud)
    assert sorted(SENT) == sorted(mails * [world.email for world in worlds()])
    assert len(cloud.requests) == requests
    for world in worlds():
        assert_no_private_value(cloud, [world.document], values=world.values)


@pytest.mark.parametrize("style", STYLES)
def test_two_private_worlds_give_the_same_requests(cloud: EgressRecorder, style: str) -> None:
    cloud.play(behaviours.chat(PLAN))
    check(cloud, lambda world: STYLES[style](agent_of(world, cloud), given(world)))


@pytest.mark.parametrize("answer", ["no plan", PLAN[:-40], PLAN.replace("find_mail", "hack")])
def test_also_where_the_plan_is_of_no_use(cloud: EgressRecorder, answer: str) -> None:
    def run(world: Canaries) -> object:
        cloud.play(behaviours.chat(answer))
        local = ScriptedTurns(FIND, f"I found {world.name}.")
        model = ChatCoGenesis(
            cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("none")),
            local=local,
            ledger=MemoryLedger(),
            on_fallback="silent",
        )
        agent: Any = create_agent(model, tools_of(world))
        return agent.invoke(given(world))

    check(cloud, run, requests=2, mails=0)


@pytest.mark.parametrize(("style", "name"), CELLS)
def test_also_with_the_middlewares_of_langchain(
    cloud: EgressRecorder, style: str, name: str
) -> None:
    cloud.play(behaviours.chat(PLAN))
    check(
        cloud,
        lambda world: STYLES[style](agent_of(world, cloud, MIDDLEWARES[name]), given(world)),
        mails=0 if name == "emulator" else 2,
    )


def test_also_where_a_person_approves_a_call(cloud: EgressRecorder) -> None:
    cloud.play(behaviours.chat(PLAN))

    def run(world: Canaries) -> object:
        agent = agent_of(
            world,
            cloud,
            lambda model: HumanInTheLoopMiddleware(interrupt_on={"send_mail": True}),
            checkpointer=InMemorySaver(),
        )
        state: Any = _approved(agent, given(world))
        assert world.name in state["messages"][-1].text
        return state

    check(cloud, run)


def test_a_plan_after_a_forced_call_does_not_depend_on_its_result(cloud: EgressRecorder) -> None:
    """The result holds the word of the instruction, as a private value, in one world alone."""
    cloud.play(behaviours.chat(PLAN))
    request = "Write to Odalys Quillfeather about the heating."

    def run(world: Canaries) -> object:
        named = world.name == worlds()[0].name
        found = "Name: Odalys Quillfeather" if named else "Nothing."
        calls = [{"name": "find_mail", "args": {"words": "x"}, "id": "1"}]
        turn = {"mode": "agent", "rung": "local", "plan": {}, "fallback_reason": ""}
        forced = AIMessage("", tool_calls=calls, response_metadata={"cogenesis": turn})
        history = [HumanMessage(request), forced, ToolMessage(found, tool_call_id="1")]
        return agent_of(world, cloud).invoke({"messages": history})

    check(cloud, run)


def test_control_a_plain_agent_is_seen_to_leak(cloud: EgressRecorder) -> None:
    cloud.play(behaviours.chat("An answer."))

    def run(world: Canaries) -> object:
        brain = ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("none"))
        agent: Any = create_agent(brain, tools_of(world))
        return agent.invoke(given(world))

    with pytest.raises(AssertionError, match="differs"):
        assert_non_interference(run, worlds(), recorder=cloud)
    with pytest.raises(AssertionError, match="private values"):
        assert_no_private_value(cloud, [worlds()[1].document])


def test_control_a_plan_made_again_after_results_is_seen_to_leak(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if each turn were planned, with what a tool has returned as a part of the instruction."""
    monkeypatch.setattr(
        "cogenesis_langchain.agents.agent_turn.read_progress", lambda messages: Progress()
    )
    monkeypatch.setattr(
        "cogenesis_langchain.agents.agent_turn.up_to_request", lambda messages: messages
    )
    monkeypatch.setattr(Border, "release", _release_everything)
    cloud.play(behaviours.chat(PLAN))

    def run(world: Canaries) -> None:
        agent = agent_of(world, cloud, instruction=lambda messages: messages[-1].text)
        with suppress(GraphRecursionError):
            agent.invoke(given(world), {"recursion_limit": 4})

    with pytest.raises(AssertionError, match="differs"):
        assert_non_interference(run, worlds(), recorder=cloud)


def _release_everything(
    self: Border, candidate: PrivateText, values: ValueSet, placeholders: object
) -> Release:
    return Release(PublicText(candidate.reveal(), seal=BORDER_SEAL), "clean", {})
