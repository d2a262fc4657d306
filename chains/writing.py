"""Shared parts of the ready-made chains: retrieve, write, report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Set
from functools import partial
from typing import Any, Literal, cast

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
from typing_extensions import TypedDict  # pydantic makes no schema of typing's before Python 3.12

from cogenesis_langchain.chat_model import ChatCoGenesis
from cogenesis_langchain.errors import ConfigurationError, InstructionError
from cogenesis_langchain.privacy.messages.marks import private
from cogenesis_langchain.privacy.trust.admission import require_trusted
from cogenesis_langchain.privacy.trust.private_chain import private_chain


class WritingInput(TypedDict):
    """Input of a chain.

    Attributes:
        input: The instruction.
    """

    input: str


class WritingOutput(TypedDict):
    """Output that all chains have in common.

    Attributes:
        input: The instruction.
        context: The documents that the local model read.
        answer: The finished text.
    """

    input: str
    context: list[Document]
    answer: str


def create_writing_chain(
    model: ChatCoGenesis,
    retriever: BaseRetriever,
    *,
    mode: Literal["sketch", "fused"],
    output_type: type[WritingOutput],
    report_key: str,
    name: str,
) -> Runnable[Any, Any]:
    """Create a chain of retrieval and writing.

    Args:
        model: A chat model without its own retriever.
        retriever: Supplies the private context; the input is its query.
        mode: The mode that the model has to have.
        output_type: The type of the output, for schemas.
        report_key: The entry of ``response_metadata["cogenesis"]`` that is added to the output.
        name: Name of the run.

    Raises:
        ConfigurationError: One of them is of another type, or the model has another mode, or a
            retriever, so that the context would be read twice.
        UntrustedLocalModel: When called: the retriever is not known to keep text here.
    """
    if not isinstance(model, ChatCoGenesis):
        raise ConfigurationError(
            f"the chain's model is a {type(model).__name__}", remedy="pass a ChatCoGenesis"
        )
    if not isinstance(retriever, BaseRetriever):
        raise ConfigurationError(
            f"the chain's retriever is a {type(retriever).__name__}",
            remedy="pass a PrivateContextRetriever or another retriever of LangChain",
        )
    if model.mode != mode:
        raise ConfigurationError(
            f'the model has mode="{model.mode}", not mode="{mode}"',
            remedy=f'create it with mode="{mode}", or use the chain of the other mode',
        )
    if model.retriever is not None:
        raise ConfigurationError(
            "the model has its own retriever",
            remedy="pass the retriever to the chain or to the model, not to both",
        )

    model = model.model_copy(update={"private_sources": (*model.private_sources, retriever)})

    own_keys = {"context", "message", "answer", report_key}

    def query(state: Mapping[str, str]) -> str:
        require_trusted(retriever, model.trusted_hosts, model.trust)
        return state["input"]

    chain = (
        RunnableLambda(partial(_checked, own_keys))
        | RunnablePassthrough.assign(context=RunnableLambda(query) | retriever)
        | RunnablePassthrough.assign(message=RunnableLambda(_messages) | model)
        | RunnableGenerator(partial(_outputs, report_key), partial(_aoutputs, report_key))
    )
    named = chain.with_config(run_name=name)
    return private_chain(
        named.with_types(input_type=WritingInput, output_type=cast("type[Any]", output_type)),
        trusted_hosts=model.trusted_hosts,
        trust=model.trust,
        allow_tracing=model.allow_tracing,
    )


def _checked(own_keys: Set[str], given: Any) -> dict[str, Any]:
    """The input of the chain, with its further keys, but without those that the output has.

    Raises:
        InstructionError: It is no mapping, or holds no instruction.
    """
    if isinstance(given, Mapping) and isinstance(given.get("input"), str):
        if given["input"].strip():
            return {key: value for key, value in given.items() if key not in own_keys}
        raise InstructionError(
            "the chain's input is blank", remedy='invoke the chain with {"input": "Write ..."}'
        )
    keys = f" with the keys {sorted(map(str, given))}" if isinstance(given, Mapping) else ""
    raise InstructionError(
        f"the chain's input holds no text under the key 'input': {type(given).__name__}{keys}",
        remedy='invoke the chain with {"input": "Write ..."}',
    )


def _messages(state: dict[str, Any]) -> list[HumanMessage]:
    """Build the prompt: the documents as private parts, then the instruction."""
    documents = [private(one.page_content, metadata=one.metadata) for one in state["context"]]
    return [HumanMessage(content=[*documents, {"type": "text", "text": state["input"]}])]


def _outputs(report_key: str, chunks: Iterator[Mapping[str, object]]) -> Iterator[AddableDict]:
    yield from (_output(report_key, chunk) for chunk in chunks)


async def _aoutputs(
    report_key: str, chunks: AsyncIterator[Mapping[str, object]]
) -> AsyncIterator[AddableDict]:
    async for chunk in chunks:
        yield _output(report_key, chunk)


def _output(report_key: str, chunk: Mapping[str, object]) -> AddableDict:
    """Replace the model's message by the answer and the entry of its report."""
    output = AddableDict(chunk)
    message = output.pop("message", None)
    if isinstance(message, AIMessage):
        output["answer"] = message.text
        # When streamed, only the last chunk has the metadata.
        if "cogenesis" in message.response_metadata:
            output[report_key] = message.response_metadata["cogenesis"][report_key]
    return output
