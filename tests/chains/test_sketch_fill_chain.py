from __future__ import annotations

import re
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from support.scripted import CONTEXT, INSTRUCTION, OUTLINE, Documents, ScriptedLocal

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.chains.fused_decoding import create_fused_decoding_chain
from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain
from cogenesis_langchain.errors import ConfigurationError, InstructionError

RETRIEVER = Documents(texts=[CONTEXT])


def model(local: ScriptedLocal, ledger: MemoryLedger, **settings: object) -> ChatCoGenesis:
    cloud = FakeListChatModel(responses=[OUTLINE])
    return ChatCoGenesis(cloud=cloud, local=local, ledger=ledger, sketch="outline", **settings)


def test_the_output_has_input_context_sketch_and_answer() -> None:
    local, ledger = ScriptedLocal(), MemoryLedger()
    result = create_sketch_fill_chain(model(local, ledger), RETRIEVER).invoke(
        {"input": INSTRUCTION}
    )
    assert list(result) == ["input", "context", "answer", "sketch"]
    assert result["input"] == INSTRUCTION
    assert [document.page_content for document in result["context"]] == [CONTEXT]
    assert result["sketch"].startswith("1. point about topic 1\n2. point")
    assert result["answer"] == "Dear neighbour, the hedge."
    assert CONTEXT in local.prompts[0] and local.prompts[0].startswith(local.read_ahead[0])
    assert b"Quist" not in ledger.entries[0].payload


async def test_streaming_yields_the_answer_in_pieces_and_the_sketch_once() -> None:
    chain = create_sketch_fill_chain(model(ScriptedLocal(), MemoryLedger()), RETRIEVER)
    for chunks in (
        list(chain.stream({"input": INSTRUCTION})),
        [chunk async for chunk in chain.astream({"input": INSTRUCTION})],
    ):
        pieces = [chunk["answer"] for chunk in chunks if "answer" in chunk]
        assert pieces == ["Dear ", "neighbour, ", "the hedge.", ""]
        assert sum("sketch" in chunk for chunk in chunks) == 1


def test_a_model_with_its_own_retriever_is_refused() -> None:
    owner = model(ScriptedLocal(), MemoryLedger(), retriever=RETRIEVER)
    with pytest.raises(ConfigurationError, match="its own retriever"):
        create_sketch_fill_chain(owner, RETRIEVER)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"question": INSTRUCTION}, r"dict with the keys \['question'\]"),
        ({"input": None}, r"dict with the keys \['input'\]"),
        (INSTRUCTION, "str$"),
    ],
)
def test_an_input_without_an_instruction_is_a_clear_error(given: Any, told: str) -> None:
    ledger = MemoryLedger()
    chain = create_sketch_fill_chain(model(ScriptedLocal(), ledger), RETRIEVER)
    with pytest.raises(InstructionError) as caught:
        chain.invoke(given)
    assert re.search(told, caught.value.what) and '{"input"' in caught.value.remedy
    assert not ledger.entries


def test_parts_of_another_type_are_refused_when_the_chain_is_made() -> None:
    writer = model(ScriptedLocal(), MemoryLedger())
    with pytest.raises(ConfigurationError, match="retriever is a list"):
        create_sketch_fill_chain(writer, [RETRIEVER])  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="model is a ScriptedLocal"):
        create_sketch_fill_chain(ScriptedLocal(), RETRIEVER)  # type: ignore[arg-type]


def test_names_in_the_metadata_of_documents_are_masked_in_the_instruction() -> None:
    """The local model does not read them, and they are as private as the text."""
    author = "Zbynek Quistgaard"

    class Letters(Documents):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return [Document("Please pay soon.", metadata={"author": author, "page": 3})]

    ledger, local = MemoryLedger(), ScriptedLocal()
    chain = create_sketch_fill_chain(model(local, ledger), Letters(texts=[]))
    chain.invoke({"input": f"Write a short reply to {author}."})
    assert ledger.entries and not any(b"Quist" in entry.payload for entry in ledger.entries)
    assert "Please pay soon." in local.prompts[0]


def test_a_model_of_the_other_mode_is_refused() -> None:
    writer = model(ScriptedLocal(), MemoryLedger())
    with pytest.raises(ConfigurationError, match='mode="sketch", not mode="fused"'):
        create_fused_decoding_chain(writer, RETRIEVER)


def test_the_chain_tells_its_types() -> None:
    chain = create_sketch_fill_chain(model(ScriptedLocal(), MemoryLedger()), RETRIEVER)
    given = chain.get_input_jsonschema()["$defs"]["WritingInput"]
    assert set(given["properties"]) == {"input"}
    told = chain.get_output_jsonschema()["$defs"]["SketchFillOutput"]
    assert set(told["properties"]) == {"input", "context", "answer", "sketch"}
