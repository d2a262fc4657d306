"""Values that were not retrieved are private too, whatever wraps the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever
from cogenesis_langchain.retrievers.vector_store import ContextVectorStore
from cogenesis_langchain.testing import FakeLocal

INSTRUCTION = "Write a note to Zimlor Quovex about the Brindlewick matter."
REST = ["Zimlor", "Quovex", "Brindlewick"]


class Wrapper(BaseRetriever):
    """As a compression, an ensemble or a multi-query retriever: hands on one document."""

    cogenesis_local: ClassVar[bool] = True
    inner: Any

    def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
        return [Document("The weather was fine.")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ContextStore]:
    with ContextStore(tmp_path / "store", embeddings=WordEmbeddings()) as opened:
        opened.add("The weather was fine.")
        opened.add("My landlord is Zimlor Quovex.", metadata={"case": "Mr Odo Brindlewick"})
        yield opened


def retriever(store: ContextStore) -> PrivateContextRetriever:
    return PrivateContextRetriever(store=store, k=1)


WRAPPERS: dict[str, Callable[[ContextStore], BaseRetriever]] = {
    "retriever": retriever,
    "vector store": lambda store: ContextVectorStore(store).as_retriever(),
    "wrapper": lambda store: Wrapper(inner=retriever(store)),
    "list of wrappers": lambda store: Wrapper(inner=[Wrapper(inner={"a": retriever(store)})]),
    "vector store in a wrapper": lambda store: Wrapper(inner=ContextVectorStore(store)),
    "function": lambda store: Wrapper(inner=asking(retriever(store))),
    "store": lambda store: Wrapper(inner=store),
}


def asking(inner: BaseRetriever) -> Runnable[Any, Any]:
    return RunnableLambda(lambda query: inner.invoke(query))


def model(ledger: MemoryLedger, **settings: Any) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=FakeListChatModel(responses=["No."]),
        local=FakeLocal(),
        ledger=ledger,
        on_fallback="silent",
        **settings,
    )


def sent(ledger: MemoryLedger) -> str:
    return b"".join(entry.payload for entry in ledger.entries).decode()


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_the_whole_store_guards_behind_a_wrapper_and_in_a_chain(
    store: ContextStore, wrapper: str
) -> None:
    ledger = MemoryLedger()
    model(ledger, retriever=WRAPPERS[wrapper](store)).invoke(INSTRUCTION)
    create_sketch_fill_chain(model(ledger), WRAPPERS[wrapper](store)).invoke({"input": INSTRUCTION})
    assert "NAME_1" in sent(ledger)
    assert not [word for word in REST if word in sent(ledger)]


def test_control_a_wrapper_without_a_store_guards_what_was_retrieved(store: ContextStore) -> None:
    ledger = MemoryLedger()
    model(ledger, retriever=Wrapper(inner=None)).invoke("Write a note about brindlewick.")
    assert "brindlewick" in sent(ledger)


def test_metadata_of_a_retrieved_document_are_private() -> None:
    class Told(Wrapper):
        def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
            return [Document("The weather.", metadata={"of": "Mr Odo Brindlewick", "page": 3})]

    ledger = MemoryLedger()
    model(ledger, retriever=Told(inner=None)).invoke("Write a note about Brindlewick.")
    assert sent(ledger) and "Brindlewick" not in sent(ledger)
