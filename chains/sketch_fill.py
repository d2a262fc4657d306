"""Chain for sketch-fill, with the keys of LangChain's retrieval chains."""

from __future__ import annotations

from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable

from cogenesis_langchain.chains.writing import WritingInput, WritingOutput, create_writing_chain
from cogenesis_langchain.chat_model import ChatCoGenesis


class SketchFillOutput(WritingOutput):
    """Output of the chain.

    Attributes:
        sketch: The cloud's template or outline; empty if the local model wrote without one.
    """

    sketch: str


def create_sketch_fill_chain(
    model: ChatCoGenesis, retriever: BaseRetriever
) -> Runnable[WritingInput, SketchFillOutput]:
    """Create a chain of retrieval and sketch-fill.

    The documents pass through the chain itself, so the chain refuses to run while tracing is on, as
    `ChatCoGenesis` does.

    Args:
        model: A chat model without its own retriever.
        retriever: Supplies the private context; the input is its query.

    Returns:
        A runnable ``{"input"} -> {"input", "context", "sketch", "answer"}``. When streamed, the
            answer arrives in pieces and the sketch with the last one.

    Raises:
        ConfigurationError: The model's mode is not ``"sketch"``, or it has a retriever, so that the
            context would be read twice.
    """
    return create_writing_chain(
        model,
        retriever,
        mode="sketch",
        output_type=SketchFillOutput,
        report_key="sketch",
        name="sketch_fill",
    )
