"""What a metric is, and the Inspect scorer of a group of metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal, TypeAlias

from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import TaskState

from experiments.attempt import Attempt
from experiments.records.record import Record

Measure: TypeAlias = Callable[[Record, Attempt], float | None]
"""The value of one text; None where the metric does not apply to it. Pure."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is measured of each text.

    Attributes:
        name: For tables and logs.
        says: What it says, in one line.
        unit: Of its values: "share", "words", "seconds", ...
        better: Which values are better; None where neither is.
        measure: The value of one text.
    """

    name: str
    says: str
    unit: str
    better: Literal["higher", "lower"] | None
    measure: Measure


def of_text(measure: Measure) -> Measure:
    """Make a measure apply only where there is a text, not to failed attempts.

    Those are counted by a metric of their own (`traffic.FAILED`), so that an endpoint that dies
    is not mistaken for a writer that forgets facts.
    """
    return lambda record, attempt: None if attempt.failure else measure(record, attempt)


def score_with(metrics: Sequence[Metric]) -> Scorer:
    """Score a sample with several metrics; one that does not apply has the value NaN."""

    async def score(state: TaskState, target: Target) -> Score:
        record = Record.model_validate(state.metadata["record"])
        attempt = Attempt.load(state.store)
        found = {metric.name: metric.measure(record, attempt) for metric in metrics}
        return Score(value={name: nan if v is None else float(v) for name, v in found.items()})

    return score
