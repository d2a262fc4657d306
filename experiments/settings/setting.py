"""What a setting is, and what settings are made of.

A setting is a LangChain runnable from a task, that is a record and a seed, to a text. Each writes
through the product: what stands for a large model that may see everything is the product with that
model in the place of the local one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableLambda

from cogenesis_langchain.chat_model import ChatCoGenesis
from cogenesis_langchain.collaboration.preparation import Preparation
from experiments.records.record import Record
from experiments.config import EvaluationConfig
from cogenesis_langchain.models.base import LocalTextModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.instruction import MAX_PUBLIC_WORDS, private, public

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

    from cogenesis_langchain.privacy.ledger.entry.entry import EgressLedger

Role = Literal["baseline", "upper", "sketch", "full content", "other sketches", "fused", "other"]
"""What a setting is compared as."""

Shown = Literal["nothing", "instruction", "text so far", "masked context", "context"]
"""What of a record the cloud model is shown."""

CLOUD: Final = "cloud"
"""Name of the cloud model among the endpoints of a run."""

_SKETCH_TOKENS: Final = 300


@dataclass(frozen=True, slots=True)
class Task:
    """What a setting is asked for: a text for a record."""

    record: Record
    seed: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A way to write.

    Attributes:
        name: Unique in a run.
        role: What it is compared as.
        shows: What the cloud model is shown.
        write: Gives the text. Where that is a message of `ChatCoGenesis`, what it reports of
            sketch, rung and local tokens is kept too.
    """

    name: str
    role: Role
    shows: Shown
    write: Runnable[Task, AIMessage] | Runnable[Task, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """What settings are made of.

    Attributes:
        config: The evaluation.
        local: The local model.
        fine_tuned: The fine-tuned local model, where one is configured.
        ledger: Records what passes the border.
        open_chat: Makes a chat model for an endpoint of the run, with parameters.
    """

    config: EvaluationConfig
    local: LocalTextModel
    fine_tuned: LocalTextModel | None
    ledger: EgressLedger
    open_chat: Callable[[str, Mapping[str, float | int]], ChatOpenAI]

    def writer(self, seed: int) -> ChatOpenAI:
        """The cloud model as one that writes whole texts; what it sends is counted."""
        generation = self.config.generation
        return self.open_chat(
            CLOUD,
            {
                "max_completion_tokens": generation.max_tokens,
                "temperature": generation.temperature,
                "top_p": generation.top_p,
                "seed": seed,
            },
        )

    def outliner(self, endpoint: str = CLOUD) -> ChatOpenAI:
        """A model that outlines, always alike for the same instruction; what it sends is counted.

        Args:
            endpoint: The cloud model, or the name of a configured sketcher.
        """
        return self.open_chat(endpoint, {"temperature": 0, "max_completion_tokens": _SKETCH_TOKENS})

    def product(
        self, cloud: ChatOpenAI, local: LocalTextModel | ChatOpenAI, **chosen: Any
    ) -> ChatCoGenesis:
        """`ChatCoGenesis` with the configured generation.

        Args:
            cloud: The model beyond the border.
            local: The model that is shown everything.
            **chosen: Fields of `ChatCoGenesis` besides.
        """
        generation = self.config.generation
        return ChatCoGenesis(
            cloud=cloud,
            local=local,
            ledger=self.ledger,
            max_tokens=generation.max_tokens,
            temperature=generation.temperature,
            top_p=generation.top_p,
            timeout=self.config.cloud.timeout,
            **chosen,
        )


def conversation(record: Record, *, shown: Callable[[str], str] = str) -> list[BaseMessage]:
    """Put a record as a conversation: its context private, the general instruction public.

    The private details follow the instruction: so they are read as part of the task.

    Args:
        record: The record.
        shown: What is done to private texts before a model is shown them, such as masking.
    """
    parts: list[str | dict[Any, Any]] = [
        private(shown(f"{part.title}\n{part.text}")) for part in record.context_parts
    ]
    parts.append(public(record.instruction.general))
    if record.instruction.personal:
        parts.append(private(shown(record.instruction.personal)))
    return [HumanMessage(content=parts)]


def preparation(border: Border) -> Preparation:
    """What takes a record's conversation apart, as `ChatCoGenesis` does by default.

    Args:
        border: Decides what leaves.
    """
    return Preparation(
        border=border,
        retriever=None,
        rule="last_human",
        max_public_words=MAX_PUBLIC_WORDS,
        trusted_hosts=(),
    )


def nothing_public(messages: Sequence[BaseMessage]) -> None:
    """An `InstructionRule` under which the cloud model is not asked at all."""


def through(model: ChatCoGenesis) -> Runnable[Task, AIMessage]:
    """The runnable of a setting that is the product."""

    def write(task: Task) -> AIMessage:
        return model.invoke(conversation(task.record), seed=task.seed)

    return RunnableLambda(write)


def cloud_as_local(desk: Desk, *, shown: Callable[[str], str] = str) -> Runnable[Task, str]:
    """The runnable of a setting in which the cloud model takes the place of the local one.

    Args:
        desk: What to make it of.
        shown: What is done to private texts before the cloud model is shown them.
    """
    return RunnableLambda(partial(_write_with_context, desk, shown))


def _write_with_context(desk: Desk, shown: Callable[[str], str], task: Task) -> str:
    writer = desk.writer(task.seed)
    model = desk.product(writer, writer, instruction=nothing_public)
    return model.invoke(conversation(task.record, shown=shown)).text
