"""The likelihood of the reference text of a record under each setting.

The prompts are those of the settings, since the record is split as `ChatCoGenesis` splits it. The
models must be in this process. Without the cloud model's weights, only the settings of the local
model have a likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import Final

import anyio.to_thread
import numpy as np
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from cogenesis_langchain.collaboration.preparation import Prepared
from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.teacher_forcing import (
    FusedReading,
    Prompts,
    TokenProbabilities,
    read_fused,
    read_text,
)
from cogenesis_langchain.models.base import PrivateMessage, TokenModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.prompts import FUSED_TASK
from cogenesis_langchain.sketch.outline import Outline
from experiments.errors import ExperimentError
from experiments.settings.setting import preparation

LOCAL: Final = "local alone"
FINE_TUNED: Final = "local fine-tuned"
CLOUD_WITHOUT: Final = "cloud without context"
CLOUD_WITH: Final = "cloud with context"
ORACLE: Final = "oracle"
"""The likelier of both models at each token: an upper bound for any choice of weights."""

WEIGHTS: Final = tuple(number / 20 for number in range(21))
"""The fixed weights to try; 0 is the cloud model alone, 1 the local one."""

Sketches = Mapping[str, Sequence[str]]
"""Settings to the points of their outline, or the lines of a whole text in its place."""


@dataclass(frozen=True, slots=True)
class Readers:
    """The models that read, and how much they read.

    Attributes:
        local: The local model.
        cloud: The cloud model, with the same tokens, if its weights are on this machine.
        fine_tuned: The fine-tuned local model, if there is one.
        operators: How the two are fused.
        tokens: Maximum number of tokens of a reference, at least 1.
    """

    local: TokenModel
    cloud: TokenModel | None = None
    fine_tuned: TokenModel | None = None
    operators: Sequence[Operator] = ()
    tokens: int = 128

    def settings(self, sketches: Sequence[str]) -> list[str]:
        """Every setting under which a reference can have a likelihood, and the oracle.

        Args:
            sketches: The settings that write from an outline, for some of the records at least.
        """
        names = [*sketches, LOCAL]
        if self.cloud is not None:
            fused = [f"fused {operator.name}" for operator in self.operators]
            names += [CLOUD_WITHOUT, *fused, ORACLE, CLOUD_WITH]
        return names if self.fine_tuned is None else [*names, FINE_TUNED]


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """The likelihoods of one reference.

    Attributes:
        nats: Negative log-likelihood of all tokens, by setting and for the oracle.
        tokens: Number of tokens.
        fixed_weights: The nats under each of `WEIGHTS`; empty if nothing was fused.
    """

    nats: Mapping[str, float]
    tokens: int
    fixed_weights: tuple[float, ...] = ()


@solver
def read_reference(readers: Readers) -> Solver:
    """Read a sample's reference under every setting; see `likelihoods`."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        record = Record.model_validate(state.metadata["record"])
        found = await anyio.to_thread.run_sync(
            likelihoods, record, state.metadata["sketches"], readers
        )
        state.store.set("nats", dict(found.nats))
        state.store.set("tokens", found.tokens)
        state.store.set("fixed_weights", list(found.fixed_weights))
        return state

    return solve


@scorer(metrics={"*": [mean()]})
def nats_per_token(settings: Sequence[str]) -> Scorer:
    """Negative log-likelihood of the reference under each setting, in nats per token.

    Inspect asks for the same names in each sample: a setting without a likelihood is not a number.
    """

    async def score(state: TaskState, target: Target) -> Score:
        tokens = state.store.get("tokens")
        nats: dict[str, float] = state.store.get("nats", {})
        return Score(
            value={setting: nats.get(setting, nan) / tokens for setting in settings},
            metadata={"fixed_weights": state.store.get("fixed_weights"), "tokens": tokens},
        )

    return score


def likelihoods(record: Record, sketches: Sketches, readers: Readers) -> Likelihoods:
    """Read the reference of one record under every setting.

    Rounding depends on what a model's cache held before. So each record is read from an empty
    cache, in a fixed order and as a whole: an interrupted run gives the same figures.

    Args:
        record: The record.
        sketches: Outlines for the local model; each makes a setting.
        readers: The models.

    Raises:
        ExperimentError: The two models have different tokens.
        ContextTooLong: The record does not fit a model's window.
    """
    for model in filter(None, (readers.local, readers.cloud, readers.fine_tuned)):
        model.read(model.encode(b".")[:1], 1, lambda _: None)  # no prompt begins like this
    return _Reading(record, sketches, readers).all()


class _Reading:
    """Reads the reference of one record."""

    def __init__(self, record: Record, sketches: Sketches, readers: Readers) -> None:
        self._record = record
        self._sketches = sketches
        self._readers = readers
        text = record.reference.encode()
        self._text = readers.local.encode(text)[: readers.tokens]
        for other in filter(None, (readers.cloud, readers.fine_tuned)):
            if other.encode(text)[: readers.tokens] != self._text:
                raise ExperimentError(
                    "the models cut the references into different tokens",
                    remedy="read likelihoods with models of one family, or leave them out",
                )

    def all(self) -> Likelihoods:
        """Read every setting; first those that share a prefix in the local model's cache."""
        cloud, instruction, fused = self._readers.cloud, self._instruction, None
        found: dict[str, TokenProbabilities] = {
            setting: self._read(self._readers.local, Outline(tuple(points)))
            for setting, points in self._sketches.items()
        }
        if cloud is not None and instruction is not None:
            fused = self._fused(cloud, instruction)
            found |= {LOCAL: fused.local, CLOUD_WITHOUT: fused.cloud}
            found |= {f"fused {operator}": read for operator, read in fused.fused.items()}
            found[ORACLE] = np.maximum(fused.local, fused.cloud_completed)
        else:
            found[LOCAL] = self._read(self._readers.local)
        if cloud is not None:
            found[CLOUD_WITH] = self._read(cloud)
        if self._readers.fine_tuned is not None:
            found[FINE_TUNED] = self._read(self._readers.fine_tuned)
        nats = {setting: _nats(probabilities) for setting, probabilities in found.items()}
        return Likelihoods(nats, len(self._text), tuple(_grid(fused)) if fused else ())

    def _read(self, model: TokenModel, outline: Outline | None = None) -> TokenProbabilities:
        return read_text(model, self._prompt(outline), self._text)

    def _fused(self, cloud: TokenModel, instruction: PublicText) -> FusedReading:
        task = PublicText.compose(FUSED_TASK, {"instruction": instruction})
        prompts = Prompts(
            local=self._prompt(),
            baseline=self._prepared.prompt.without_context(),
            cloud=[PrivateMessage("user", PrivateText(str(task)))],
        )
        return read_fused(self._readers.local, cloud, prompts, self._text, self._readers.operators)

    def _prompt(self, outline: Outline | None = None) -> Sequence[PrivateMessage]:
        return self._prepared.prompt.complete(outline)

    @property
    def _instruction(self) -> PublicText | None:
        """What the cloud model may see; None if the border releases nothing."""
        release = self._prepared.release
        return None if release is None else release.text

    @cached_property
    def _prepared(self) -> Prepared:
        """The record as `ChatCoGenesis` splits it."""
        prepared = preparation(Border(ledger=MemoryLedger()), self._readers.local)
        return prepared.prepare(conversation(self._record))


def _grid(read: FusedReading) -> Iterator[float]:
    for weight in WEIGHTS:
        yield _nats(weight * read.local + (1.0 - weight) * read.cloud_completed)


def _nats(probabilities: TokenProbabilities) -> float:
    return float(-np.log(probabilities).sum())
