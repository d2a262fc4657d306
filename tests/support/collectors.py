"""Observers of a chain: a LangSmith tracer with a collector, and a callback handler."""

from __future__ import annotations

from typing import Any

import langsmith
from langchain_core.callbacks import (
    BaseCallbackHandler,
)
from langchain_core.messages import BaseMessage
from langchain_core.tracers.langchain import LangChainTracer

COLLECTOR = "https://collector.test"


class Listener(BaseCallbackHandler):
    """Records the messages that chat models are sent."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        self.heard += [message.text for batch in messages for message in batch]


def client(url: str = COLLECTOR, **settings: Any) -> langsmith.Client:
    return langsmith.Client(api_url=url, api_key="key", auto_batch_tracing=False, **settings)


def tracer(url: str = COLLECTOR, **settings: Any) -> LangChainTracer:
    return LangChainTracer(client=client(url, **settings))
