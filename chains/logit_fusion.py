"""Fused decoding as a chain with the keys that retrieval chains have."""

from __future__ import annotations

from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable

from cogenesis_langchain.chains.writing import WritingInput, WritingOutput, create_writing_chain
from cogenesis_langchain.chat_model import ChatCoGenesis
from cogenesis_langchain.errors import ConfigurationError


class LogitFusionOutput(WritingOutput):
    """What the chain gives.

    Attributes:
        trace: Who wrote each token; `Trace.from_json` and ``cogenesis trace`` read it as JSON.
    """

    trace: dict[str, object]


def create_logit_fusion_chain(
    model: ChatCoGenesis, retriever: BaseRetriever
) -> Runnable[WritingInput, LogitFusionOutput]:
    """Compose retrieval and fused decoding.

    Args:
        model: A chat model with ``mode="fused"`` and no retriever of its own.
        retriever: Supplies the private context; it gets the input as the query.

    Returns:
        A runnable ``{"input"} -> {"input", "context", "answer", "trace"}``. Streamed, the answer
        comes in pieces and the trace with the last one.

    Raises:
        ConfigurationError: The model writes by sketch-fill, or has a retriever.
    """
    if model.mode != "fused":
        raise ConfigurationError(
            "the model does not write by fused decoding",
            remedy='make it with mode="fused" and disclosure="open", or use '
            "create_sketch_fill_chain",
        )
    return create_writing_chain(model, retriever, told="trace", name="logit_fusion")
