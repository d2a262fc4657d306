"""Chain for fused decoding, with the keys of LangChain's retrieval chains."""

from __future__ import annotations

from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable

from cogenesis_langchain.chains.writing import WritingInput, WritingOutput, create_writing_chain
from cogenesis_langchain.chat_model import ChatCoGenesis


class FusedDecodingOutput(WritingOutput):
    """Output of the chain.

    Attributes:
        trace: Which model wrote each token, as JSON-compatible values; `Trace.from_json` and
            ``cogenesis trace`` read their JSON.
    """

    trace: dict[str, object]


def create_fused_decoding_chain(
    model: ChatCoGenesis, retriever: BaseRetriever
) -> Runnable[WritingInput, FusedDecodingOutput]:
    """Create a chain of retrieval and fused decoding.

    Args:
        model: A chat model with ``mode="fused"`` and without its own retriever.
        retriever: Supplies the private context; the input is its query.

    Returns:
        A runnable ``{"input"} -> {"input", "context", "answer", "trace"}``. When streamed, the
        answer arrives in pieces and the trace with the last one.

    Raises:
        ConfigurationError: The model's mode is not ``"fused"``, or it has a retriever.
    """
    return create_writing_chain(
        model,
        retriever,
        mode="fused",
        output_type=FusedDecodingOutput,
        report_key="trace",
        name="fused_decoding",
    )
