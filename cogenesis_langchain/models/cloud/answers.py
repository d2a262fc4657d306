"""Reads the answers of chat models, and writes messages as JSON for the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult

from cogenesis_langchain.errors import CloudAnswerInvalid
from cogenesis_langchain.models.base import CloudAnswer, Usage


def as_json(prompt: Sequence[BaseMessage]) -> bytes:
    """Return the messages as the ledger shows them, where the body of the request is not seen."""
    body = {
        "messages": [
            {"role": turn.type, "content": turn.content, **_calls(turn)} for turn in prompt
        ]
    }
    return json.dumps(body, ensure_ascii=False).encode()


def _calls(turn: BaseMessage) -> dict[str, Any]:
    calls = turn.tool_calls if isinstance(turn, AIMessage) else []
    return {"tool_calls": [(call["name"], call["args"]) for call in calls]} if calls else {}


def turn_of(result: ChatResult) -> AIMessage:
    """Return the assistant's turn, with the metadata that LangChain would add to it.

    Raises:
        CloudAnswerInvalid: There is none.
    """
    generation = result.generations[0] if result.generations else None
    message = None if generation is None else generation.message
    if generation is None or not isinstance(message, AIMessage):
        raise CloudAnswerInvalid("the cloud model gave no answer", remedy="check the model")
    told = {**(result.llm_output or {}), **(generation.generation_info or {})}
    return message.model_copy(update={"response_metadata": {**told, **message.response_metadata}})


def answer_of(result: ChatResult) -> CloudAnswer:
    """Return the text of an answer.

    Raises:
        CloudAnswerInvalid: It is empty.
    """
    message = result.generations[0].message if result.generations else AIMessage("")
    text = message.text
    if not text.strip():
        raise CloudAnswerInvalid(
            "the cloud model's answer is empty",
            remedy="check the model; a reasoning model may need a higher max_tokens",
        )
    return CloudAnswer(text, _usage(getattr(message, "usage_metadata", None)))


def _usage(told: object) -> Usage:
    """The tokens that the endpoint counted; none where it tells no number."""
    counts = told if isinstance(told, Mapping) else {}
    tokens = (counts.get(name) for name in ("input_tokens", "output_tokens"))
    return Usage(*(count if type(count) is int and count >= 0 else 0 for count in tokens))
