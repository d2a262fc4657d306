"""Ways to use a chat model: alone, in the ready-made chain, in a custom chain, in an agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, cast

from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableBinding,
    RunnablePassthrough,
    RunnableWithFallbacks,
)
from pydantic import Field
from wire.harness import INSTRUCTION, Harness

from cogenesis_langchain import ChatCoGenesis, private
from cogenesis_langchain.chains.fused_decoding import create_fused_decoding_chain
from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain
from cogenesis_langchain.privacy.trust.private_chain import private_chain

AnyRunnable: TypeAlias = Runnable[Any, Any]


class CurrentContext(BaseRetriever):
    """Returns the private document of the current call."""

    cogenesis_local: ClassVar[bool] = True

    harness: Any = Field(exclude=True, repr=False)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(self.harness.canaries.document)]


@dataclass(frozen=True)
class Composition:
    """A way to use a chat model.

    Attributes:
        build: Builds the runnable; for a `ChatCoGenesis`, with the library's own parts.
        given: Returns the input of one call, private document included.
    """

    build: Callable[[AnyRunnable, Harness], AnyRunnable]
    given: Callable[[Harness], Any]


def _guarded(chain: AnyRunnable, model: AnyRunnable) -> AnyRunnable:
    return private_chain(chain) if _model_of(model) is not None else chain


def _model_of(model: AnyRunnable) -> ChatCoGenesis | None:
    bare = model.bound if isinstance(model, RunnableBinding) else model
    return bare if isinstance(bare, ChatCoGenesis) else None


def _ready_made(model: AnyRunnable, harness: Harness) -> AnyRunnable:
    retriever = CurrentContext(harness=harness)
    if (bare := _model_of(model)) is not None:
        return create_sketch_fill_chain(bare, retriever)
    prompt = ChatPromptTemplate.from_messages([("system", "{context}"), ("human", "{input}")])
    found: AnyRunnable = RunnablePassthrough.assign(
        context=(lambda given: given["input"]) | retriever
    )
    return found | prompt | model


def _fused_chain(model: AnyRunnable, harness: Harness) -> AnyRunnable:
    if (bare := _model_of(model)) is not None:
        return create_fused_decoding_chain(bare, CurrentContext(harness=harness))
    return _ready_made(model, harness)


def _own(model: AnyRunnable, harness: Harness) -> AnyRunnable:
    prompt = ChatPromptTemplate.from_messages([("system", "{notes}"), ("human", "{task}")])
    return _guarded(prompt | model | StrOutputParser(), model)


def _agent(model: AnyRunnable, harness: Harness) -> AnyRunnable:
    if isinstance(model, RunnableWithFallbacks):
        first, *others = (cast("BaseChatModel", one) for one in model.runnables)
        return create_agent(first, tools=[], middleware=[ModelFallbackMiddleware(*others)])
    bare = cast("BaseChatModel", model.bound if isinstance(model, RunnableBinding) else model)
    return _guarded(create_agent(bare, tools=[]), bare)


def _messages(harness: Harness) -> list[Any]:
    document = harness.canaries.document
    request = HumanMessage([{"type": "text", "text": INSTRUCTION}, private(document)])
    return [SystemMessage(document), request]


COMPOSITIONS: Mapping[str, Composition] = {
    "model": Composition(lambda model, harness: model, _messages),
    "sketch-fill chain": Composition(_ready_made, lambda harness: {"input": INSTRUCTION}),
    "own chain": Composition(
        _own, lambda harness: {"notes": harness.canaries.document, "task": INSTRUCTION}
    ),
    "agent": Composition(_agent, lambda harness: {"messages": _messages(harness)}),
}
FUSED_COMPOSITIONS: Mapping[str, Composition] = {
    "model": COMPOSITIONS["model"],
    "fused-decoding chain": Composition(_fused_chain, lambda harness: {"input": INSTRUCTION}),
}
