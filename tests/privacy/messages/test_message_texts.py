"""Every text of a message is read: what it says, and what else it holds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from support.scripted import ScriptedLocal

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.privacy.messages.message_texts import text_of, unread_texts, written_calls
from cogenesis_langchain.privacy.messages.nested_texts import texts_in
from cogenesis_langchain.testing.search import find_leaks

NAME = "Felix Quistorp"


class Found(BaseRetriever):
    """Finds one document."""

    cogenesis_local: ClassVar[bool] = True

    document: Document

    def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
        return [self.document]


CALL = {"name": "find", "args": {"guest": NAME}, "id": "1"}


def blocks(*texts: str) -> list[str | dict[object, object]]:
    return [{"type": "text", "text": text} for text in texts]


def test_blocks_stand_on_lines_of_their_own() -> None:
    for kind in (HumanMessage, SystemMessage):
        assert text_of(kind(blocks("Felix", "Quistorp"))) == "Felix\nQuistorp"


def test_the_blocks_of_an_answer_are_pieces_of_one_text_and_are_read_apart_too() -> None:
    answer = AIMessage(blocks("It is Ober", "maier", "."))
    assert text_of(answer) == "It is Obermaier."
    assert "It is Ober\nmaier\n." in unread_texts(answer)


BLOCKS: dict[str, list[dict[str, object]]] = {
    "Anthropic": [
        {"type": "thinking", "thinking": f"It is {NAME}.", "signature": "EqQBCkYIARgCKkDQ"},
        {"type": "tool_use", "id": "toolu_01A9", "name": "get_weather", "input": {"q": NAME}},
    ],
    "OpenAI": [
        {
            "type": "reasoning",
            "id": "rs_68a",
            "summary": [{"type": "summary_text", "text": f"It is {NAME}."}],
            "encrypted_content": "gAAAAABo3Kd",
        },
        {
            "type": "function_call",
            "call_id": "call_x1",
            "name": "get_weather",
            "arguments": f'{{"q": "{NAME}"}}',
        },
    ],
    "media": [{"type": "image", "base64": "aGVsbG8gd29ybGQ=", "mime_type": "image/png"}],
}


@pytest.mark.parametrize("provider", BLOCKS)
def test_of_other_blocks_only_words_and_arguments_are_read(provider: str) -> None:
    given: list[Any] = list(BLOCKS[provider])
    found = [text for text in unread_texts(AIMessage(given)) if text]
    assert not any(
        word in text for text in found for word in ("get_weather", "_", "gAA", "Eq", "aG")
    )
    assert bool(found) == (provider != "media")
    assert all(NAME in text or text == "q" for text in found)


def test_an_artifact_that_contains_itself_or_vectors_is_read_once_and_quickly() -> None:
    artifact: dict[str, object] = {"note": NAME, "vector": [0.5] * 200_000, "raw": memoryview(b"x")}
    artifact["self"] = artifact
    message = ToolMessage("ok", tool_call_id="1", artifact=artifact)
    assert list(unread_texts(message)) == ["note", NAME, "vector", "raw", "self"]


def test_arguments_are_written_as_they_are() -> None:
    call = {"name": "invite", "args": {"guest": "Zbyněk"}, "id": "1"}
    assert written_calls(AIMessage("", tool_calls=[call])) == ['invite({"guest": "Zbyněk"})']


def test_texts_of_nested_data_are_found_at_every_depth() -> None:
    data = {
        "key": ["a", ("b",), {"c"}, {"d": None, "e": True}],
        "number": 42,
        "day": date(2026, 3, 14),
        "path": Path("/notes"),
        "document": Document(id="id", page_content="page", metadata={"from": "x"}),
        "raw": b"bytes",
    }
    wanted = ["key", "a", "b", "c", "d", "e", "number", "42", "day", "2026-03-14", "path"]
    wanted += ["/notes", "document", "id", "page", "from", "x", "raw"]
    assert list(texts_in(data)) == wanted


TURNS: dict[str, list[AnyMessage]] = {
    "a name": [HumanMessage("Hello.", name=NAME)],
    "an artifact": [
        AIMessage("", tool_calls=[CALL | {"args": {}}]),
        ToolMessage("ok", tool_call_id="1", artifact=[Document(page_content=NAME)]),
        AIMessage("Done."),
    ],
    "a call that could not be parsed": [
        AIMessage(
            "",
            invalid_tool_calls=[
                {"name": "find", "args": f'{{"guest": "{NAME}"', "id": "1", "error": None}
            ],
        )
    ],
    "a block of thoughts": [AIMessage([{"type": "reasoning", "reasoning": f"It is {NAME}."}])],
    "a result in blocks": [
        AIMessage("", tool_calls=[CALL | {"args": {}}]),
        ToolMessage(blocks("Contact", NAME, "born"), tool_call_id="1"),
        AIMessage("Done."),
    ],
    "a result with escapes": [
        AIMessage("", tool_calls=[CALL | {"args": {}}]),
        ToolMessage(json.dumps({"guest": "Zbyněk Dvořák"}), tool_call_id="1"),
        AIMessage("Done."),
    ],
    "arguments with accents": [
        AIMessage("", tool_calls=[CALL | {"args": {"guest": "Zbyněk Dvořák"}}]),
        ToolMessage("ok", tool_call_id="1"),
        AIMessage("Done."),
    ],
}


@pytest.mark.parametrize("place", TURNS)
def test_a_value_that_stands_anywhere_in_a_turn_is_masked_in_the_instruction(place: str) -> None:
    name = "Zbyněk Dvořák" if place.endswith(("escapes", "accents")) else NAME
    ledger = MemoryLedger()
    model = ChatCoGenesis(
        cloud=FakeListChatModel(responses=["none"]),
        local=ScriptedLocal(),
        ledger=ledger,
        on_fallback="silent",
    )
    request = HumanMessage(f"Write a card to {name} about dinner.")
    model.invoke([HumanMessage("Find him."), *TURNS[place], request])
    assert ledger.entries
    assert not find_leaks(b"".join(one.payload for one in ledger.entries), [name])


@pytest.mark.parametrize(
    "document",
    [
        Document(id=NAME, page_content="a note"),
        Document(page_content="a note", metadata={NAME: 1}),
        Document(page_content="a note", metadata={"authors": {NAME}}),
    ],
    ids=["id", "key", "set"],
)
def test_a_value_that_stands_beside_a_document_is_masked(document: Document) -> None:
    ledger = MemoryLedger()
    model = ChatCoGenesis(
        cloud=FakeListChatModel(responses=["none"]),
        local=ScriptedLocal(),
        retriever=Found(document=document),
        ledger=ledger,
        on_fallback="silent",
    )
    model.invoke(f"Write a card to {NAME} about dinner.")
    assert ledger.entries
    assert not find_leaks(b"".join(one.payload for one in ledger.entries), [NAME])


def test_names_of_tools_are_the_developers() -> None:
    called = AIMessage("", tool_calls=[CALL | {"name": "find_quistorp", "args": {}}])
    result = ToolMessage("ok", tool_call_id="1", name="find_quistorp")
    assert not list(unread_texts(called)) and not list(unread_texts(result))
