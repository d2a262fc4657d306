"""Tries models on the slots of many records: one resumable Inspect task for each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
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
from cogenesis_langchain.models.files.verification import sha256_of
from experiments.config import LocalConfig, Section, load_as
from experiments.eval_sets import evaluate, held
from experiments.models import hash_of_local, machine, open_local
from experiments.results import SLOTS, logs_of
from experiments.slots.trial import RecordSlots, SlotTrial
from experiments.tasks import Conditions, dataset, sample

RESULTS: Final = "slots"
"""Key of the results in a sample's store."""


class SlotsConfig(Section):
    """What is tried.

    Attributes:
        records: Files of records.
        models: The local models that are compared. One is open at a time.
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
        if any(local.fine_tuned for local in models):
            raise ValueError("has no use for fine_tuned: name that model by itself")
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


def try_all_slots(config: SlotsConfig, folder: Path) -> None:
    """Try the models on the records that are missing.

    Raises:
        DatasetError: The records cannot be read.
        RunDiffers: The folder holds results of other models, records or another seed.
        RunStopped: Something failed; the same call continues from there.
    """
    files = {str(path): load_records(path) for path in config.records}
    conditions = {
        "seed": config.seed,
        "models": {name_of(local): hash_of_local(local) for local in config.models},
        "records": {str(path): sha256_of(path) for path in config.records},
    }
    opened = OneModel()
    with held(folder):
        samples = dataset(islice(_samples(files), config.limit))
        tasks = []
        for number, local in enumerate(config.models):
            made = trying(name_of(local), samples, opened, local, conditions)
            made.metadata = {"place": number, "machine": machine()}
            tasks.append(made)
        evaluate(tasks, logs_of(folder, SLOTS), conditions, at_once=1)


class OneModel:
    """Opens models one after the other, and keeps the last one."""

    def __init__(self) -> None:
        self._name = ""
        self._trial: SlotTrial | None = None

    def trial(self, local: LocalConfig) -> SlotTrial:
        """Return the trial of a model."""
        if self._trial is None or self._name != name_of(local):
            self._trial = None  # its memory is free before the next one opens
            model = open_local(local, local.model, local.adapter)
            self._trial = SlotTrial(model.tokens(), model.tokens())
            self._name = name_of(local)
        return self._trial


@task
def trying(
    model: str, samples: Dataset, opened: OneModel, local: LocalConfig, conditions: Conditions
) -> Task:
    """Try one model on all records."""
    solve = try_record(opened, local, conditions["seed"])
    return Task(name=model, dataset=samples, solver=solve, scorer=exact_values())


@solver
def try_record(opened: OneModel, local: LocalConfig, seed: int) -> Solver:
    """Try a model on a sample's record."""

    def run(metadata: dict[str, Any]) -> dict[str, Any]:
        record = Record.model_validate(metadata["record"])
        other = metadata["other"]
        foreign = Record.model_validate(other) if other else None
        return opened.trial(local).run(record, foreign, seed).as_json()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.store.set(RESULTS, await anyio.to_thread.run_sync(run, state.metadata))
        return state

    return solve


@scorer(metrics=[mean()])
def exact_values() -> Scorer:
    """The share of a record's short slots with exactly the right words; 0 without such slots."""

    async def score(state: TaskState, target: Target) -> Score:
        slots = RecordSlots.of_json(state.store.get(RESULTS)).slots
        exact = [slot.is_exact for slot in slots if slot.kind != "sentences"]
        return Score(value=fmean(exact) if exact else 0.0)

    return score


def _samples(files: Mapping[str, Sequence[Record]]) -> Iterator[Sample]:
    """A sample for each record; the next one of its file gives a slot that cannot be filled."""
    for records in files.values():
        for number, record in enumerate(records):
            other = records[(number + 1) % len(records)] if len(records) > 1 else None
            yield sample(record, other=other.model_dump(mode="json") if other else None)
