"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.evaluation.results import Attempt

Measure: TypeAlias = Callable[[Record, Attempt], float | None]
"""The figure of one text; None where the metric does not apply to it. Pure."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is measured of each text.

    Attributes:
        name: For tables.
        says: What it says, in one line.
        unit: Of its values: "share", "words", "seconds", ...
        better: Which values are better; None where a value is neither good nor bad by itself.
        measure: The figure of one text.
    """

    name: str
    says: str
    unit: str
    better: Literal["higher", "lower"] | None
    measure: Measure


def of_text(measure: Measure) -> Measure:
    """Make a measure apply only where there is a text: not to failed attempts.

    Those are counted by a metric of their own (`traffic.FAILED`), so that an endpoint that dies is
    not taken for a writer that forgets facts.
    """
    return lambda record, attempt: None if attempt.failure else measure(record, attempt)
