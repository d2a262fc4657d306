from __future__ import annotations

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from support.scripted import CONTEXT, INSTRUCTION, OUTLINE, Documents, ScriptedLocal

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain
from cogenesis_langchain.errors import ConfigurationError

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
