"""The type of a setting, and the parts that settings are built from.

A setting is a function from a record and a seed to a text. Each writes through `ChatCoGenesis`. For
the upper bound, the cloud model takes the place of the local one and sees everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage

from cogenesis_langchain.chat_model import ChatCoGenesis
from cogenesis_langchain.collaboration.preparation import Preparation
from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.models.base import LocalTextModel, needs_example
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.messages.instruction import MAX_PUBLIC_WORDS
from experiments.config import ExperimentConfig
from experiments.models import CLOUD

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

    from cogenesis_langchain.privacy.ledger.entry import EgressLedger

Comparison = Literal[
    "baseline", "upper", "sketch", "template", "full content", "other sketches", "fused", "other"
]
"""The part that a setting plays in the comparison."""

Shown = Literal[
    "nothing", "instruction", "text so far", "masked text so far", "masked context", "context"
]
"""The part of a record that the cloud model sees."""

Write: TypeAlias = Callable[[Record, int], AIMessage | str]
"""Writes the text for a record with a seed. The metadata of a message of `ChatCoGenesis` (sketch,
rung, local tokens) is kept too."""

_SKETCH_TOKENS: Final = 600  # of a template; an outline ends long before


@dataclass(frozen=True, slots=True)
class Setting:
    """A way to write.

    Attributes:
        name: Unique in a run.
        part: Its part in the comparison.
        shows: What the cloud model sees.
        write: Writes the text.
    """

    name: str
    part: Comparison
    shows: Shown
    write: Write


@dataclass(frozen=True, slots=True)
class SettingModels:
    """What settings are built from.

    Attributes:
        config: The experiment.
        local: The local model.
        fine_tuned: The fine-tuned local model, where one is configured.
        ledger: Records what is sent.
        open_chat: Makes a chat model for an endpoint of the run, whose traffic is counted.
    """

    config: ExperimentConfig
    local: LocalTextModel
    fine_tuned: LocalTextModel | None
    ledger: EgressLedger
    open_chat: Callable[[str, Mapping[str, float | int]], ChatOpenAI]

    def cloud_model(self, seed: int) -> ChatOpenAI:
        """The cloud model with the configured generation, for whole texts."""
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
        """The cloud model, or a configured sketch model by name, for greedy sketches."""
        return self.open_chat(endpoint, {"temperature": 0, "max_completion_tokens": _SKETCH_TOKENS})

    def cogenesis(
        self, cloud: ChatOpenAI, local: LocalTextModel | ChatOpenAI, **chosen: Any
    ) -> ChatCoGenesis:
        """`ChatCoGenesis` with the configured generation, and further fields as keywords."""
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


def preparation(border: Border, local: object) -> Preparation:
    """Split a record's conversation as `ChatCoGenesis` does by default for a local model."""
    return Preparation(
        border=border,
        retriever=None,
        rule="last_human",
        max_public_words=MAX_PUBLIC_WORDS,
        trusted_hosts=(),
        shows_example=needs_example(local),
    )


def nothing_public(messages: Sequence[BaseMessage]) -> None:
    """An `InstructionRule` under which the cloud model is never asked."""


def through(model: ChatCoGenesis) -> Write:
    """Write with `ChatCoGenesis`."""
    return lambda record, seed: model.invoke(conversation(record), seed=seed)


def cloud_as_local(models: SettingModels, *, shown: Callable[[str], str] = str) -> Write:
    """Write with the cloud model in the place of the local one; see `conversation`."""

    def write(record: Record, seed: int) -> str:
        cloud = models.cloud_model(seed)
        model = models.cogenesis(cloud, cloud, instruction=nothing_public)
        return model.invoke(conversation(record, shown=shown)).text

    return write
