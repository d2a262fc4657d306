"""The Inspect tasks of an experiment: writing, reading the references, rating and comparing.

The arguments of a task (``conditions``) contain everything that changes its results. Inspect then
reuses the finished samples of an interrupted run, and never those of another configuration. Records
are not among them, so a run can be continued with further records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import Dataset, MemoryDataset, Sample
from inspect_ai.model import Model, ModelOutput
from inspect_ai.solver import Generate, Solver, TaskState, solver

from cogenesis_langchain.datasets.record import Record
from experiments.config import Aspect
from experiments.judge import judge_preference, judge_rating
from experiments.likelihood import Readers, nats_per_token, read_reference
from experiments.scorers.text_scorers import text_scorers
from experiments.settings.setting import Setting
from experiments.settings.solver import Workers, write_text

Conditions = Mapping[str, Any]
"""The conditions that change the results of a task, as JSON."""


def dataset(samples: Iterable[Sample]) -> Dataset:
    """Make a data set, which Inspect logs by its name."""
    return MemoryDataset(list(samples), name="records")


def sample(record: Record, name: str = "", **metadata: object) -> Sample:
    """Make a sample of a record.

    Args:
        record: Is kept whole in the metadata.
        name: Name of the sample; the record's id by default.
        **metadata: Further metadata, as JSON.
    """
    instruction = record.instruction
    return Sample(
        id=name or record.id,
        input=f"{record.context}\n\n{instruction.general}\n{instruction.personal}".rstrip(),
        target=record.reference,
        metadata={"record": record.model_dump(mode="json"), **metadata},
    )


@task
def writing(made: Setting, records: Dataset, workers: Workers, conditions: Conditions) -> Task:
    """Write a text for each record with one setting, one epoch for each seed."""
    return Task(
        name=made.name,
        dataset=records,
        solver=write_text(made.name, workers),
        scorer=text_scorers(with_closeness=conditions["closeness"]),
        epochs=Epochs(len(conditions["seeds"]), "mean"),
        metadata={"part": made.part, "shows": made.shows},
    )


@task
def reading(records: Dataset, readers: Readers, conditions: Conditions) -> Task:
    """Read the reference of each record under every setting; samples hold its outlines."""
    return Task(
        name="reference likelihood",
        dataset=records,
        solver=read_reference(readers),
        scorer=nats_per_token(readers.settings(conditions["sketches"])),
    )


@solver
def written_text() -> Solver:
    """Take the text in a sample's metadata as the model's output."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.output = ModelOutput.from_content("written", state.metadata["text"])
        return state

    return solve


@task
def rating(
    texts: Dataset,
    judge: Model,
    aspects: Sequence[Aspect],
    seeds: Sequence[int],
    conditions: Conditions,
) -> Task:
    """Have the judge rate written texts, once for each aspect and seed."""
    return Task(
        name="ratings",
        dataset=texts,
        solver=written_text(),
        scorer=judge_rating(judge, aspects, seeds),
    )


@task
def comparing(
    pairs: Dataset, judge: Model, settings: Sequence[str], conditions: Conditions
) -> Task:
    """Have the judge compare the texts of two settings in both orders."""
    return Task(
        name="order check",
        dataset=pairs,
        solver=[],
        scorer=judge_preference(judge, "overall with context", 0),
        metadata={"settings": list(settings)},
    )
