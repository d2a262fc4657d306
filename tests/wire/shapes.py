"""What a model stands in: alone, in the ready-made chain, in a chain of one's own, in an agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

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
from wire.world import INSTRUCTION, World

from cogenesis_langchain import ChatCoGenesis, private
from cogenesis_langchain.chains.private_chain import private_chain
from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain

AnyRunnable: TypeAlias = Runnable[Any, Any]


class CurrentContext(BaseRetriever):
    """Finds the private document of the call in progress."""

    world: Any = Field(exclude=True, repr=False)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(self.world.canaries.document)]


@dataclass(frozen=True)
class Shape:
    """A way to put a model to use.

    Attributes:
        build: Around a model; a `ChatCoGenesis` gets what the library has for it.
        given: The input of one call, with the private document where the shape has it.
    """

    build: Callable[[AnyRunnable, World], AnyRunnable]
    given: Callable[[World], Any]


def _guarded(chain: AnyRunnable, model: AnyRunnable) -> AnyRunnable:
    return private_chain(chain) if _model_of(model) is not None else chain


def _model_of(model: AnyRunnable) -> ChatCoGenesis | None:
    bare = model.bound if isinstance(model, RunnableBinding) else model
    return bare if isinstance(bare, ChatCoGenesis) else None


def _ready_made(model: AnyRunnable, world: World) -> AnyRunnable:
    retriever = CurrentContext(world=world)
    if (bare := _model_of(model)) is not None:
        return create_sketch_fill_chain(bare, retriever)
    prompt = ChatPromptTemplate.from_messages([("system", "{context}"), ("human", "{input}")])
    found: AnyRunnable = RunnablePassthrough.assign(
        context=(lambda given: given["input"]) | retriever
    )
    return found | prompt | model


def _own(model: AnyRunnable, world: World) -> AnyRunnable:
    prompt = ChatPromptTemplate.from_messages([("system", "{notes}"), ("human", "{task}")])
    return _guarded(prompt | model | StrOutputParser(), model)


def _agent(model: AnyRunnable, world: World) -> AnyRunnable:
    if isinstance(model, RunnableWithFallbacks):
        first, *others = (cast("BaseChatModel", one) for one in model.runnables)
        return create_agent(first, tools=[], middleware=[ModelFallbackMiddleware(*others)])
    bare = cast("BaseChatModel", model.bound if isinstance(model, RunnableBinding) else model)
    return _guarded(create_agent(bare, tools=[]), bare)


def _messages(world: World) -> list[Any]:
    document = world.canaries.document
    request = HumanMessage([{"type": "text", "text": INSTRUCTION}, private(document)])
    return [SystemMessage(document), request]


SHAPES: Mapping[str, Shape] = {
    "model": Shape(lambda model, world: model, _messages),
    "sketch-fill chain": Shape(_ready_made, lambda world: {"input": INSTRUCTION}),
    "own chain": Shape(_own, lambda world: {"notes": world.canaries.document, "task": INSTRUCTION}),
    "agent": Shape(_agent, lambda world: {"messages": _messages(world)}),
}
