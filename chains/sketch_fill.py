"""Sketch-fill as a chain with the keys that retrieval chains have."""

from __future__ import annotations

from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable

from cogenesis_langchain.chains.writing import WritingInput, WritingOutput, create_writing_chain
from cogenesis_langchain.chat_model import ChatCoGenesis


class SketchFillOutput(WritingOutput):
    """What the chain gives.

    Attributes:
        sketch: The outline's points; empty when the local model wrote without one.
    """

    sketch: list[str]


def create_sketch_fill_chain(
    model: ChatCoGenesis, retriever: BaseRetriever
) -> Runnable[WritingInput, SketchFillOutput]:
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
    return create_writing_chain(model, retriever, told="sketch", name="sketch_fill")
