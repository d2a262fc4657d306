"""A context of any size fits the local model's window, and does not decide what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import ContextTooLong
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage
from cogenesis_langchain.testing import EgressRecorder, FakeLocal, FixedContext, behaviours

INSTRUCTION: Final = "Write a short letter to my landlord."
WINDOW: Final = 4000


class Narrow(FakeLocal):
    """A local model with a window of so many characters."""

    def _require_fit(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        needed = sum(len(message.text) for message in messages) + options.max_tokens
        if needed > WINDOW:
            raise ContextTooLong(needed, WINDOW)

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        self._require_fit(messages, options)

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        self._require_fit(messages, options)
        return super().stream(messages, options)


class FixedDocuments(BaseRetriever):
    """Finds the same documents for every request."""

    cogenesis_local: ClassVar[bool] = True
    found: list[Document]

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return self.found


def chat(cloud: EgressRecorder, retriever: BaseRetriever, local: FakeLocal) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")),
        local=local,
        retriever=retriever,
        ledger=MemoryLedger(),
        max_tokens=50,
    )


DOCUMENTS: Final = {
    "none": [],
    "short": ["The flat is on the second floor."],
    "long": ["The flat is on the second floor. " * 400],
    "one word": ["a" * 9000],
    "digits": ["1234567890" * 2000],
    "many": [f"Note {number}: the flat is on the second floor." for number in range(200)],
}


@pytest.mark.slow
@pytest.mark.parametrize("answer", [behaviours.TEMPLATE, behaviours.OUTLINE, "No."])
def test_the_size_of_the_context_does_not_change_the_requests(answer: str) -> None:
    with EgressRecorder() as cloud:
        cloud.play(behaviours.chat(answer))
        sent = set()
        for texts in DOCUMENTS.values():
            cloud.clear()
            chat(cloud, FixedContext(texts=texts), Narrow()).invoke(INSTRUCTION)
            sent.add(tuple(request.body for request in cloud.requests))
        assert len(sent) == 1 and sent != {()}


@pytest.mark.slow
def test_the_metadata_tell_how_much_was_left_out() -> None:
    with EgressRecorder() as cloud:
        told = {}
        for name, texts in DOCUMENTS.items():
            local = Narrow()
            answer = chat(cloud, FixedContext(texts=texts), local).invoke(INSTRUCTION)
            told[name] = answer.response_metadata["cogenesis"]["context_left_out"]
            if name == "many":
                assert "Note 0:" in local.prompts[-1] and "Note 199:" not in local.prompts[-1]
        assert told["none"] == told["short"] == 0
        assert told["long"] > 9000 and told["digits"] > 16000 and told["many"] > 4000


def test_the_metadata_name_the_documents_that_were_read() -> None:
    found = [
        Document("The flat is on the second floor.", id="a", metadata={"source": "flat.txt"}),
        Document("The heating is off. " * 400, id="b"),
        Document("It is cold.", id="c"),
    ]
    with EgressRecorder() as cloud:
        cloud.play(behaviours.chat())
        answer = chat(cloud, FixedDocuments(found=found), Narrow()).invoke(INSTRUCTION)
    assert answer.response_metadata["cogenesis"]["sources"] == (
        {"id": "a", "metadata": {"source": "flat.txt"}},
        {"id": "b", "metadata": {}},
    ), "there was no room for the last one"


def test_a_conversation_that_does_not_fit_is_told_after_the_request() -> None:
    """An earlier turn is private too, so its size must not show in a missing request."""
    with EgressRecorder() as cloud:
        model = chat(cloud, FixedContext(texts=[]), Narrow())
        with pytest.raises(ContextTooLong):
            model.invoke([("human", "word " * 2000), ("ai", "Yes."), ("human", INSTRUCTION)])
        asked = cloud.requests
        cloud.clear()
        model.invoke([("human", "word"), ("ai", "Yes."), ("human", INSTRUCTION)])
        assert [request.body for request in cloud.requests] == [request.body for request in asked]
