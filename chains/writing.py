"""What the ready-made chains share: retrieve, write, tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, TypedDict

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


class WritingInput(TypedDict):
    """What a chain takes.

    Attributes:
        input: The instruction.
    """

    input: str


class WritingOutput(TypedDict):
    """What every chain gives.

    Attributes:
        input: The instruction.
        context: The documents that the local model read.
        answer: The finished text.
    """

    input: str
    context: list[Document]
    answer: str


def create_writing_chain(
    model: ChatCoGenesis, retriever: BaseRetriever, *, told: str, name: str
) -> Runnable[Any, Any]:
    """Compose retrieval and writing.

    Args:
        model: A chat model without a retriever of its own.
        retriever: Supplies the private context; it gets the input as the query.
        told: The part of the model's report that becomes a key of the output.
        name: Name of the run.

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
        | RunnableGenerator(partial(_tell_each, told), partial(_atell_each, told))
    )
    named = chain.with_config(run_name=name)
    return named if model.allow_tracing else private_chain(named, trusted_hosts=model.trusted_hosts)


def _messages(state: dict[str, Any]) -> list[HumanMessage]:
    """The documents as private parts, then the instruction."""
    documents = [private(document.page_content) for document in state["context"]]
    return [HumanMessage(content=[*documents, {"type": "text", "text": state["input"]}])]


def _tell_each(told: str, chunks: Iterator[Mapping[str, object]]) -> Iterator[AddableDict]:
    yield from (_tell(told, chunk) for chunk in chunks)


async def _atell_each(
    told: str, chunks: AsyncIterator[Mapping[str, object]]
) -> AsyncIterator[AddableDict]:
    async for chunk in chunks:
        yield _tell(told, chunk)


def _tell(told: str, chunk: Mapping[str, object]) -> AddableDict:
    """Put the answer and what is told of it in the place of the model's message."""
    output = AddableDict(chunk)
    message = output.pop("message", None)
    if isinstance(message, AIMessage):
        output["answer"] = message.text
        if "cogenesis" in message.response_metadata:
            output[told] = message.response_metadata["cogenesis"][told]
    return output
