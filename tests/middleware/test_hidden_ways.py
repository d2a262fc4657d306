"""Ways around the masking of a cloud agent's conversation that an attacker found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import before_model, dynamic_prompt, wrap_model_call
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from pydantic import BaseModel, SecretStr

from cogenesis_langchain import MemoryLedger, private, public
from cogenesis_langchain.errors import PrivacyViolation
from cogenesis_langchain.middleware.conversation_view import PublicView
from cogenesis_langchain.middleware.private_agent import PrivateAgentMiddleware
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.values import detect
from cogenesis_langchain.testing import EgressRecorder, behaviours, make_canaries
from cogenesis_langchain.testing.behaviours import Behaviour
from cogenesis_langchain.testing.search import find_leaks

WORLD = make_canaries(11)
NOTES = f"The user is {WORLD.name}, {WORLD.email}, account {WORLD.iban}."
VALUES = [WORLD.name, WORLD.email, WORLD.iban]
ORIGINAL = f"I am {WORLD.name}, and my account is {WORLD.iban}."


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder(behaviours.chat("Noted.")) as recorder:
        yield recorder


def agent(cloud: EgressRecorder, *behind: Any, tools: Sequence[Any] = (), **settings: Any) -> Any:
    brain = ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("none"))
    mine = PrivateAgentMiddleware(ledger=MemoryLedger(), max_retries=0, **settings)
    return create_agent(
        brain, list(tools), middleware=[mine, *behind], checkpointer=InMemorySaver()
    )


def ask(made: Any, *content: Any) -> list[Any]:
    config = {"configurable": {"thread_id": "1"}}
    messages: list[Any] = made.invoke({"messages": [HumanMessage(list(content))]}, config)[
        "messages"
    ]
    return messages


def calling(name: str, **arguments: str) -> Behaviour:
    """Answer with a call of a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": "1", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "c", "choices": [choice]}
    return lambda exchange: exchange.answer(
        200, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )


def shown(cloud: EgressRecorder) -> str:
    return "\n".join(
        str(message.get("content")) for message in json.loads(cloud.requests[-1].body)["messages"]
    )


@dynamic_prompt
def adding_a_prompt(request: Any) -> str:
    return f"You are helpful. {NOTES}"


@wrap_model_call
def adding_a_message(request: Any, handler: Callable[[Any], Any]) -> Any:
    return handler(request.override(messages=[HumanMessage(NOTES), *request.messages]))


@wrap_model_call
def adding_to_a_message(request: Any, handler: Callable[[Any], Any]) -> Any:
    first = HumanMessage(f"{NOTES}\n\n{request.messages[0].text}")
    return handler(request.override(messages=[first, *request.messages[1:]]))


@pytest.mark.parametrize(
    "behind", [adding_a_prompt, adding_a_message, adding_to_a_message], ids=lambda one: one.name
)
def test_what_a_middleware_behind_it_adds_is_masked(cloud: EgressRecorder, behind: Any) -> None:
    ask(agent(cloud, behind), f"What should {WORLD.name} do today?")
    assert not find_leaks(cloud.received, VALUES)
    assert "[TEXT_" not in shown(cloud)  # its own placeholders are not masked again


def test_a_private_part_is_hidden_as_a_whole_and_restored(cloud: EgressRecorder) -> None:
    cloud.play(behaviours.chat("Dear Ada, [TEXT_1]"))
    told = "we quarrel about money and drink too much"
    answer = ask(agent(cloud), private(told), public("Write a letter to my wife."))[-1]
    assert shown(cloud) == "[TEXT_1]\nWrite a letter to my wife."
    assert answer.text == f"Dear Ada, {told}"


@before_model
def keeping_the_last(state: Any, runtime: Any) -> dict[str, Any]:
    last = state["messages"][-1]
    return {"messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), last]}


def test_values_of_messages_that_were_taken_out_stay_masked(cloud: EgressRecorder) -> None:
    made = agent(cloud, keeping_the_last)
    ask(made, "My sister is called Wibke Strandhuis.")
    tag = shown(cloud).removeprefix("My sister is called ").removesuffix(".")
    ask(made, "please buy Wibke Strandhuis a gift")
    assert shown(cloud) == f"please buy {tag} a gift"


def test_blocks_of_a_message_do_not_hide_each_others_values(cloud: EgressRecorder) -> None:
    @tool
    def contact() -> list[dict[str, str]]:
        """Find a contact."""
        return [{"type": "text", "text": text} for text in ("Contact", WORLD.name, "born", "here")]

    cloud.play(calling("contact"), behaviours.chat("Done."))
    ask(agent(cloud, tools=[contact]), f"My dentist is {WORLD.name}. Look him up.")
    assert len(cloud.requests) == 2
    assert not find_leaks(cloud.received, VALUES)


def test_ids_and_names_of_calls_with_a_private_value_are_numbered(cloud: EgressRecorder) -> None:
    call = {"name": "ask_zbynek", "args": {}, "id": "call-zbynek"}
    made = agent(cloud, private_terms=["zbynek"])
    history = [HumanMessage("Hello."), AIMessage("", tool_calls=[call])]
    made.invoke(
        {"messages": [*history, {"role": "tool", "content": "ok", "tool_call_id": "call-zbynek"}]},
        {"configurable": {"thread_id": "2"}},
    )
    assert not find_leaks(cloud.received, ["zbynek"])


def test_what_looks_like_a_placeholder_may_be_passed_to_a_tool(cloud: EgressRecorder) -> None:
    sent: list[str] = []

    @tool
    def send(text: str) -> str:
        """Send a text."""
        sent.append(text)
        return "sent"

    def copying(exchange: Any) -> None:
        asked = json.loads(exchange.request.content)["messages"][-1]["content"]
        function = {"name": "send", "arguments": json.dumps({"text": asked})}
        call = {"id": "1", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "c"}
        answer = json.dumps({**body, "choices": [choice]}).encode()
        exchange.answer(200, answer, {"Content-Type": "application/json"})

    cloud.play(copying, behaviours.chat("Done."))
    ask(agent(cloud, tools=[send]), "See [Step 3].")
    assert sent == ["See [Step 3]."]


@dynamic_prompt
def naming_the_daughter(request: Any) -> str:
    return "Her daughter is called Juniper."


def test_what_a_middleware_behind_it_reveals_is_masked_in_earlier_texts_too(
    cloud: EgressRecorder,
) -> None:
    ask(agent(cloud, naming_the_daughter), "Ask juniper whether she will come.")
    assert not find_leaks(cloud.received, ["juniper"])


def test_names_of_tools_are_shown(cloud: EgressRecorder) -> None:
    """A detector takes a name such as get_weather for an identifier."""

    @tool
    def get_weather(town: str) -> str:
        """Tell the weather."""
        return "rain"

    call = {"name": "get_weather", "args": {"town": "Bergen"}, "id": "toolu_01A09q90qw90lq917835"}
    history = [HumanMessage("Use get_weather."), AIMessage("", tool_calls=[call])]
    result = {"role": "tool", "content": "rain", "tool_call_id": call["id"]}
    made = agent(cloud, tools=[get_weather])
    made.invoke({"messages": [*history, result]}, {"configurable": {"thread_id": "3"}})
    messages = json.loads(cloud.requests[-1].body)["messages"]
    assert messages[0]["content"] == "Use get_weather."
    (made_call,) = messages[1]["tool_calls"]
    assert made_call["function"]["name"] == "get_weather"
    assert made_call["id"] == messages[2]["tool_call_id"]


def test_a_view_that_shows_a_value_that_was_found_later_may_not_leave_any_more() -> None:
    view = PublicView(Border(ledger=MemoryLedger()), (), detect, Placeholders())
    first = HumanMessage("Ask juniper whether she will come.")
    view.learn([first])
    earlier = view.message(first).text
    assert [str(text) for text in view.public] == [earlier] and "juniper" in earlier
    view.learn([HumanMessage("Her daughter is called Juniper.")])
    shown = view.message(HumanMessage(earlier), masked_before=True).text
    assert [str(text) for text in view.public] == [shown] and "juniper" not in shown


@pytest.mark.parametrize("times", [1, 100], ids=["short", "long"])
def test_a_private_part_stays_hidden_when_the_model_passes_it_on(
    cloud: EgressRecorder, times: int
) -> None:
    told = " ".join(["we quarrel about money and drink too much"] * times)

    @tool
    def save_note(text: str) -> str:
        """Save a note."""
        return f"saved: {json.dumps({'text': text.replace(' ', '  ')})}"

    cloud.play(calling("save_note", text="[TEXT_1]"), behaviours.chat("Dear Ada, [TEXT_1]"))
    made = agent(cloud, tools=[save_note])
    ask(made, private(told), public("Write a letter to my wife."))
    ask(made, "Make it shorter.")
    assert len(cloud.requests) == 3
    assert not find_leaks(cloud.received, [told, "quarrel"])
    assert "saved: " in shown(cloud) and "[TEXT_1]" in shown(cloud)


@pytest.mark.parametrize("times", [1, 100], ids=["short", "long"])
def test_a_private_part_stays_hidden_where_the_application_keeps_the_messages(
    cloud: EgressRecorder, times: int
) -> None:
    told = " ".join(["we quarrel about money and drink too much"] * times)
    brain = ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("none"))
    made: Any = create_agent(
        brain, middleware=[PrivateAgentMiddleware(ledger=MemoryLedger(), max_retries=0)]
    )
    cloud.play(behaviours.chat("Dear Ada, [TEXT_1]"), behaviours.chat("Done."))
    messages = [HumanMessage([private(told), public("Write a letter to my wife.")])]
    messages = made.invoke({"messages": messages})["messages"]
    assert told in messages[-1].text
    made.invoke({"messages": [*messages, HumanMessage("Shorter: we quarrel about money.")]})
    assert len(cloud.requests) == 2
    assert not find_leaks(cloud.received, [told, "quarrel"])


def test_a_private_part_of_one_short_word_is_hidden_where_it_stands(cloud: EgressRecorder) -> None:
    ask(agent(cloud), private("no"), public("Is there no bread?"))
    assert shown(cloud) == "[TEXT_1]\nIs there no bread?"


def test_a_private_part_of_an_answer_is_hidden_too(cloud: EgressRecorder) -> None:
    told = "we quarrel about money"
    made = agent(cloud)
    made.invoke(
        {"messages": [HumanMessage("Hello"), AIMessage([private(told)]), HumanMessage("Go on.")]},
        {"configurable": {"thread_id": "1"}},
    )
    assert shown(cloud) == "Hello\n[TEXT_1]\nGo on."


@wrap_model_call
def naming_the_user(request: Any, handler: Callable[[Any], Any]) -> Any:
    return handler(request.override(model_settings={"user": WORLD.name}))


@wrap_model_call
def stopping_at_the_name(request: Any, handler: Callable[[Any], Any]) -> Any:
    return handler(request.override(model_settings={"stop": [WORLD.name]}))


@pytest.mark.parametrize("behind", [naming_the_user, stopping_at_the_name])
def test_settings_of_a_call_with_a_private_value_are_refused(
    cloud: EgressRecorder, behind: Any
) -> None:
    with pytest.raises(PrivacyViolation, match="settings of this call") as caught:
        ask(agent(cloud, behind), ORIGINAL)
    assert WORLD.name not in str(caught.value)
    assert not cloud.requests


def test_a_value_with_a_quote_is_restored_in_a_structured_answer(cloud: EgressRecorder) -> None:
    class Letter(BaseModel):
        """A letter."""

        text: str

    told = 'he said "no"\nand left'
    placeholders = Placeholders()
    placeholders.mask_whole(told)
    view = PublicView(Border(ledger=MemoryLedger()), (), detect, placeholders)
    block = {"type": "text", "text": '{"text": "[TEXT_1]"}'}
    content = view.restored(AIMessage([block])).content
    assert isinstance(content, list) and isinstance(content[0], dict)
    assert json.loads(content[0]["text"]) == {"text": told}
    cloud.play(behaviours.chat(json.dumps({"text": "[TEXT_1]"})))
    brain = ChatOpenAI(model="gpt-4o", base_url=cloud.base_url, api_key=SecretStr("none"))
    made: Any = create_agent(
        brain,
        response_format=ProviderStrategy(Letter),
        middleware=[PrivateAgentMiddleware(ledger=MemoryLedger(), max_retries=0)],
    )
    state = made.invoke({"messages": [HumanMessage([private(told), public("Write a letter.")])]})
    assert state["structured_response"] == Letter(text=told)
