"""Reads the slots of many records: one resumable Inspect task for each model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Final

import anyio.to_thread
from inspect_ai import Task, task
from inspect_ai.dataset import Dataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from pydantic import Field, field_validator

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.datasets.record import Record
from experiments.config import LocalConfig, Section, load_as
from experiments.eval_sets import evaluate, held
from experiments.models import hash_of_local, machine, open_local
from experiments.results import SLOTS, logs_of
from experiments.slots.reading import RecordSlots, SlotReader
from experiments.tasks import Conditions, dataset, sample

READINGS: Final = "slots"
"""Key of the readings in a sample's store."""


class SlotsConfig(Section):
    """What is read.

    Attributes:
        records: Files of records.
        models: The local models that are compared; each opens when its turn comes.
        limit: Only the first records; None for all.
        seed: Decides the templates.
    """

    records: Annotated[tuple[Path, ...], Field(min_length=1)]
    models: Annotated[tuple[LocalConfig, ...], Field(min_length=1)]
    limit: int | None = Field(default=None, ge=1)
    seed: int = 1

    @field_validator("models")
    @classmethod
    def _no_repetition(cls, models: tuple[LocalConfig, ...]) -> tuple[LocalConfig, ...]:
        if len(set(map(name_of, models))) < len(models):
            raise ValueError("names a model twice")
        return models


def load_slots_config(path: Path) -> SlotsConfig:
    """Read a configuration.

    Raises:
        ExperimentConfigInvalid: See `load_as`.
    """
    return load_as(SlotsConfig, path, example="experiments/configs/slots.toml")


def name_of(local: LocalConfig) -> str:
    """How a model is named in the table."""
    return f"{local.model} with {local.adapter.name}" if local.adapter else local.model


def read_all_slots(config: SlotsConfig, folder: Path) -> None:
    """Read the slots that are missing.

    Raises:
        DatasetError: The records cannot be read.
        RunDiffers: The folder holds readings of other models or with another seed.
        RunStopped: Something failed; the same call continues from there.
    """
    records = [record for path in config.records for record in load_records(path)]
    conditions = {
        "seed": config.seed,
        "models": {name_of(local): hash_of_local(local) for local in config.models},
    }
    with held(folder):
        samples = dataset(_samples(records, config.limit))
        tasks = []
        for place, local in enumerate(config.models):
            made = reading_slots(name_of(local), samples, local, conditions)
            made.metadata = {"place": place, "machine": machine()}
            tasks.append(made)
        evaluate(tasks, logs_of(folder, SLOTS), conditions, at_once=1)


@task
def reading_slots(model: str, samples: Dataset, local: LocalConfig, conditions: Conditions) -> Task:
    """Read the slots of all records with one model."""
    solve = read_record(local, conditions["seed"])
    return Task(name=model, dataset=samples, solver=solve, scorer=exact_slots())


@solver
def read_record(local: LocalConfig, seed: int) -> Solver:
    """Read the slots of a sample's record."""
    opened: list[SlotReader] = []

    def read(metadata: dict[str, Any]) -> dict[str, Any]:
        if not opened:
            model = open_local(local, local.model, local.adapter)
            opened.append(SlotReader(model.tokens(), model.tokens()))
        other = metadata["other"]
        return (
            opened[0]
            .read(
                Record.model_validate(metadata["record"]),
                Record.model_validate(other) if other else None,
                seed,
            )
            .as_json()
        )

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.store.set(READINGS, await anyio.to_thread.run_sync(read, state.metadata))
        return state

    return solve


@scorer(metrics=[mean()])
def exact_slots() -> Scorer:
    """The share of the slots that are filled with the right words; 0 for a record without slots."""

    async def score(state: TaskState, target: Target) -> Score:
        slots = RecordSlots.of_json(state.store.get(READINGS)).slots
        return Score(value=fmean(slot.is_exact for slot in slots) if slots else 0.0)

    return score


def _samples(records: Sequence[Record], limit: int | None) -> Iterator[Sample]:
    """A sample for each record; the next record gives a slot that cannot be filled."""
    for number, record in enumerate(records[:limit]):
        other = records[(number + 1) % len(records)] if len(records) > 1 else None
        yield sample(record, other=other.model_dump(mode="json") if other else None)
