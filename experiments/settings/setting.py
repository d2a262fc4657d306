"""What a setting is, and the parts that settings are built from.

A setting is a function from a record and a seed to a text. Each writes through the product: the
upper bound, a large model that sees everything, is `ChatCoGenesis` with that model in the place of
the local one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from cogenesis_langchain.chat_model import ChatCoGenesis
from cogenesis_langchain.collaboration.preparation import Preparation
from cogenesis_langchain.models.base import LocalTextModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.instruction import MAX_PUBLIC_WORDS
from cogenesis_langchain.privacy.marks import private, public
from experiments.config import ExperimentConfig
from experiments.models import CLOUD
from experiments.records.record import Record

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

    from cogenesis_langchain.privacy.ledger.entry import EgressLedger

Part = Literal[
    "baseline", "upper", "sketch", "template", "full content", "other sketches", "fused", "other"
]
"""The part that a setting has in the comparison."""

Shown = Literal["nothing", "instruction", "text so far", "masked context", "context"]
"""What of a record the cloud model is shown."""

Write: TypeAlias = Callable[[Record, int], AIMessage | str]
"""Writes the text for a record with a seed. Of a message of `ChatCoGenesis`, its report of sketch,
rung and local tokens is kept too."""

_SKETCH_TOKENS: Final = 600  # of a template; an outline ends long before


@dataclass(frozen=True, slots=True)
class Setting:
    """A way to write.

    Attributes:
        name: Unique in a run.
        part: What it is compared as.
        shows: What the cloud model is shown.
        write: Gives the text.
    """

    name: str
    part: Part
    shows: Shown
    write: Write


@dataclass(frozen=True, slots=True)
class SettingModels:
    """What settings are built from.

    Attributes:
        config: The experiment.
        local: The local model.
        fine_tuned: The fine-tuned local model, where one is configured.
        ledger: Records what passes the border.
        open_chat: Makes a chat model for an endpoint of the run, with parameters.
    """

    config: ExperimentConfig
    local: LocalTextModel
    fine_tuned: LocalTextModel | None
    ledger: EgressLedger
    open_chat: Callable[[str, Mapping[str, float | int]], ChatOpenAI]

    def cloud_model(self, seed: int) -> ChatOpenAI:
        """The cloud model as one that writes whole texts; its traffic is counted."""
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

    def sketch_model(self, endpoint: str = CLOUD) -> ChatOpenAI:
        """A model that sketches, without sampling; its traffic is counted.

        Args:
            endpoint: The cloud model, or the name of a configured sketch model.
        """
        return self.open_chat(endpoint, {"temperature": 0, "max_completion_tokens": _SKETCH_TOKENS})

    def cogenesis(
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
            on_fallback="silent",  # the attempt keeps the reason
            **chosen,
        )


def conversation(record: Record, *, shown: Callable[[str], str] = str) -> list[BaseMessage]:
    """Turn a record into a conversation: its context private, the general instruction public.

    The private details follow the instruction, so that they are read as part of the task.

    Args:
        record: The record.
        shown: Applied to private texts before a model is shown them, such as masking.
    """
    parts: list[str | dict[Any, Any]] = [
        private(shown(f"{part.title}\n{part.text}")) for part in record.context_parts
    ]
    parts.append(public(record.instruction.general))
    if record.instruction.personal:
        parts.append(private(shown(record.instruction.personal)))
    return [HumanMessage(content=parts)]


def preparation(border: Border) -> Preparation:
    """Split a record's conversation as `ChatCoGenesis` does by default.

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


def through(model: ChatCoGenesis) -> Write:
    """Write with the product."""
    return lambda record, seed: model.invoke(conversation(record), seed=seed)


def cloud_as_local(models: SettingModels, *, shown: Callable[[str], str] = str) -> Write:
    """Write with the cloud model in the place of the local one.

    Args:
        models: What to build it from.
        shown: Applied to private texts before the cloud model is shown them.
    """

    def write(record: Record, seed: int) -> str:
        cloud = models.cloud_model(seed)
        model = models.cogenesis(cloud, cloud, instruction=nothing_public)
        return model.invoke(conversation(record, shown=shown)).text

    return write
