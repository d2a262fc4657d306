"""The type of a metric, and the Inspect scorer of a group; the groups are in `text_scorers.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal, TypeAlias

from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import TaskState

from cogenesis_langchain.datasets.record import Record
from experiments.attempt import Attempt

Measure: TypeAlias = Callable[[Record, Attempt], float | None]
"""Returns the value of one text, or None if the metric does not apply to it."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is measured on each text.

    Attributes:
        name: For tables and logs.
        unit: "share", "words", "seconds", ...
        better: Which values are better; None if neither.
        measure: Computes the value.
    """

    name: str
    unit: str
    better: Literal["higher", "lower"] | None
    measure: Measure


def of_text(measure: Measure) -> Measure:
    """Apply a measure only to written texts.

    Failed attempts have a metric of their own (`traffic.FAILED`). So a text that an unreachable
    endpoint prevented does not count as a text without facts.
    """
    return lambda record, attempt: None if attempt.failure else measure(record, attempt)


def score_with(metrics: Sequence[Metric]) -> Scorer:
    """Score a sample with several metrics; the value is NaN where a metric does not apply."""

    async def score(state: TaskState, target: Target) -> Score:
        record = Record.model_validate(state.metadata["record"])
        attempt = Attempt.load(state.store)
        found = {metric.name: metric.measure(record, attempt) for metric in metrics}
        return Score(value={name: nan if v is None else float(v) for name, v in found.items()})

    return score
