"""Sketch-fill as a chain with the keys that retrieval chains have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from operator import itemgetter
from typing import Any, TypedDict, cast

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnablePassthrough,
)
from langchain_core.runnables.utils import AddableDict

from cogenesis_langchain.chains.private_chain import private_chain
from cogenesis_langchain.chat_model import ChatCoGenesis
from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.privacy.instruction import private


class SketchFillInput(TypedDict):
    """What the chain takes."""

    input: str


class SketchFillOutput(TypedDict):
    """What the chain gives.

    Attributes:
        input: The instruction.
        context: The documents that the local model read.
        sketch: The outline's points; empty when the local model wrote without one.
        answer: The finished text.
    """

    input: str
    context: list[Document]
    sketch: list[str]
    answer: str


def create_sketch_fill_chain(
    model: ChatCoGenesis, retriever: BaseRetriever
) -> Runnable[SketchFillInput, SketchFillOutput]:
    """Compose retrieval and sketch-fill.

    The documents are part of the chain's own data, so it does not start while tracing is on, as
    `ChatCoGenesis` does not.

    Args:
        model: A chat model without a retriever of its own.
        retriever: Supplies the private context; it gets the input as the query.

    Returns:
        A runnable ``{"input"} -> {"input", "context", "sketch", "answer"}``. Streamed, the answer
        comes in pieces and the sketch with the last one.

    Raises:
        ConfigurationError: The model has a retriever, so the context would be read twice.
    """
    if model.retriever is not None:
        raise ConfigurationError(
            "the model has a retriever of its own",
            remedy="give the retriever to the chain or to the model, not to both",
        )
    chain = (
        RunnablePassthrough.assign(context=itemgetter("input") | retriever)
        | RunnablePassthrough.assign(message=RunnableLambda(_messages) | model)
        | RunnableGenerator(_told, _atold)
    )
    named = cast(
        "Runnable[SketchFillInput, SketchFillOutput]", chain.with_config(run_name="sketch_fill")
    )
    return named if model.allow_tracing else private_chain(named, trusted_hosts=model.trusted_hosts)


def _messages(state: dict[str, Any]) -> list[HumanMessage]:
    """The documents as private parts, then the instruction."""
    documents = [private(document.page_content) for document in state["context"]]
    return [HumanMessage(content=[*documents, {"type": "text", "text": state["input"]}])]


def _told(chunks: Iterator[Mapping[str, object]]) -> Iterator[AddableDict]:
    yield from (_tell(chunk) for chunk in chunks)


async def _atold(chunks: AsyncIterator[Mapping[str, object]]) -> AsyncIterator[AddableDict]:
    async for chunk in chunks:
        yield _tell(chunk)


def _tell(chunk: Mapping[str, object]) -> AddableDict:
    """Put the answer and the sketch in the place of the model's message."""
    told = AddableDict(chunk)
    message = told.pop("message", None)
    if isinstance(message, AIMessage):
        told["answer"] = message.text
        if "cogenesis" in message.response_metadata:
            told["sketch"] = list(message.response_metadata["cogenesis"]["sketch"])
    return told
