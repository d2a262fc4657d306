"""A record as the conversation that its person has with the chat model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.privacy.messages.marks import private, public


def conversation(record: Record, *, shown: Callable[[str], str] = str) -> list[BaseMessage]:
    """Turn a record into a message: its context private, the general instruction public.

    The private details follow the instruction, so that they are read as part of the task. ``shown``
    is applied to each private text, for example to mask it.
    """
    parts: list[str | dict[Any, Any]] = [
        private(shown(f"{part.title}\n{part.text}")) for part in record.context_parts
    ]
    parts.append(public(record.instruction.general))
    if record.instruction.personal:
        parts.append(private(shown(record.instruction.personal)))
    return [HumanMessage(content=parts)]
