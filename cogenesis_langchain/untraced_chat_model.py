"""A chat model that refuses to be recorded, and whose failures reach no untrusted fallback.

LangChain's tracers and debug printers record the messages of every call, before the model sees
them. So each public way of calling looks for tracers first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import Runnable, RunnableConfig, RunnableWithFallbacks
from langchain_core.runnables.config import ensure_config
from pydantic import Field, model_validator

from cogenesis_langchain.fixed_fields import FixedFieldsChatModel
from cogenesis_langchain.privacy.trust.admission import require_trusted
from cogenesis_langchain.privacy.trust.fallbacks import keeping_from_fallbacks
from cogenesis_langchain.privacy.trust.untraced import refuse_tracing


class UntracedChatModel(FixedFieldsChatModel):
    """A `BaseChatModel` whose calls raise `TracingLeak` where a tracer would record them."""

    trusted_hosts: Sequence[str] = ()
    """Hosts besides loopback that may receive private text; of an address its host counts, whatever
    the port."""
    trust: Sequence[Any] = Field(default=(), exclude=True, repr=False)
    """Objects and classes that keep private text within trust, although this library does not know
    them: a local chat model, an embedding model, a retriever, a store."""
    allow_tracing: bool = False
    """Let tracers and debug printers record private text."""

    @model_validator(mode="after")
    def _begin_untraced(self) -> UntracedChatModel:
        self._refuse_tracing()
        return self

    def _refuse_tracing(self, callbacks: Callbacks = None) -> None:
        if not self.allow_tracing:
            refuse_tracing(callbacks, self.callbacks, trusted_hosts=self.trusted_hosts)

    def _keeping_from_fallbacks(self) -> AbstractContextManager[None]:
        return keeping_from_fallbacks(self, self.trusted_hosts, self.trust)

    def invoke(  # noqa: D102  # as BaseChatModel
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        with self._keeping_from_fallbacks():
            return super().invoke(input, config, stop=stop, **kwargs)

    async def ainvoke(  # noqa: D102  # as BaseChatModel
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        with self._keeping_from_fallbacks():
            return await super().ainvoke(input, config, stop=stop, **kwargs)

    def generate(  # noqa: D102  # as BaseChatModel
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        self._refuse_tracing(callbacks)
        return super().generate(messages, stop, callbacks, **kwargs)

    async def agenerate(  # noqa: D102  # as BaseChatModel
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        self._refuse_tracing(callbacks)
        return await super().agenerate(messages, stop, callbacks, **kwargs)

    def stream(  # noqa: D102  # as BaseChatModel
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        with self._keeping_from_fallbacks():
            self._refuse_tracing(ensure_config(config).get("callbacks"))
            yield from super().stream(input, config, stop=stop, **kwargs)

    async def astream(  # noqa: D102  # as BaseChatModel
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        with self._keeping_from_fallbacks():
            self._refuse_tracing(ensure_config(config).get("callbacks"))
            async for chunk in super().astream(input, config, stop=stop, **kwargs):
                yield chunk

    def stream_events(  # noqa: D102  # as BaseChatModel
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        self._refuse_tracing(ensure_config(config).get("callbacks"))
        return super().stream_events(input, config, **kwargs)

    def astream_events(  # noqa: D102  # as BaseChatModel
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        self._refuse_tracing(ensure_config(config).get("callbacks"))
        return super().astream_events(input, config, **kwargs)

    def with_fallbacks(
        self, fallbacks: Sequence[Runnable[LanguageModelInput, AIMessage]], **kwargs: Any
    ) -> RunnableWithFallbacks[LanguageModelInput, AIMessage]:
        """Add fallbacks, which get the whole private request when this model fails.

        Raises:
            UntrustedLocalModel: One of them is a client of another host.
        """
        for fallback in fallbacks:
            require_trusted(fallback, self.trusted_hosts, self.trust)
        return super().with_fallbacks(fallbacks, **kwargs)
