"""An answer as LangChain streams it: chunks of a message, the last one with the report."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import asdict

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.models.tools import ToolCall


def answer_chunks(
    pieces: Iterator[str | ToolCall | Report], model_name: str
) -> Iterator[ChatGenerationChunk]:
    """Turn what a writer yields into chunks.

    Args:
        pieces: Text and calls of tools, then one report.
        model_name: For the metadata.
    """
    calls = 0
    for piece in pieces:
        if isinstance(piece, str):
            message = AIMessageChunk(content=piece)
        elif isinstance(piece, ToolCall):
            message = _call(piece, calls)
            calls += 1
        else:
            message = _ending(piece, model_name, called=calls > 0)
        yield ChatGenerationChunk(message=message)


def _call(call: ToolCall, index: int) -> AIMessageChunk:
    chunk = tool_call_chunk(
        name=call.name, args=call.arguments, id=f"call_{uuid.uuid4().hex}", index=index
    )
    return AIMessageChunk(content="", tool_call_chunks=[chunk])


def _ending(report: Report, model_name: str, *, called: bool) -> AIMessageChunk:
    total = report.cloud + report.local
    told = asdict(report)
    told["usage"] = {"cloud": told.pop("cloud"), "local": told.pop("local")}
    finish_reason = told.pop("finish_reason")
    return AIMessageChunk(
        content="",
        usage_metadata=UsageMetadata(
            input_tokens=total.input_tokens,
            output_tokens=total.output_tokens,
            total_tokens=total.input_tokens + total.output_tokens,
        ),
        response_metadata={
            "model_name": model_name,
            "model_provider": "cogenesis",
            "finish_reason": "tool_calls" if called and finish_reason == "stop" else finish_reason,
            "cogenesis": told,
        },
        chunk_position="last",
    )
