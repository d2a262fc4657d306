"""From the lines of a run to figures that can be compared: one value a setting and record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.bootstrap import (
    Estimate,
    estimate_difference,
    estimate_mean,
    mean_by_record,
)
from cogenesis_langchain.evaluation.metrics.metric import Metric
from cogenesis_langchain.evaluation.results import Aspect, Attempt, Likelihood, Rating, Verdict

_NO_BREAK: Final = "\N{NO-BREAK SPACE}"

GAP: Final = "gap closed"

ByRecord = Mapping[str, float]
"""A value for each record that has one, in the order of the records."""


@dataclass(frozen=True, slots=True)
class Results:
    """A run, in the order of its settings and records, whatever order it was computed in.

    Attributes:
        settings: Names of the settings, in the order of the report.
        records: What was written about.
        attempts: The texts.
        likelihoods: How likely the references are.
        ratings: What the judge said of texts.
        verdicts: What the judge said of two texts, in one order and in the other.
    """

    settings: Sequence[str]
    records: Sequence[Record]
    attempts: Sequence[Attempt]
    likelihoods: Sequence[Likelihood] = ()
    ratings: Sequence[Rating] = ()
    verdicts: Sequence[Verdict] = ()

    @classmethod
    def sorted(
        cls,
        settings: Sequence[str],
        records: Sequence[Record],
        attempts: Iterable[Attempt],
        likelihoods: Iterable[Likelihood] = (),
        ratings: Iterable[Rating] = (),
        verdicts: Iterable[Verdict] = (),
    ) -> Results:
        """Put lines in order, so that an interrupted run gives the report of a whole one.

        Raises:
            EvaluationError: A line is about a record that is not among the records.
        """
        rank = {record.id: place for place, record in enumerate(records)}

        def place(line: Attempt | Likelihood | Rating | Verdict) -> tuple[object, ...]:
            if line.record not in rank:
                raise EvaluationError(
                    f"the results are about a record {line.record!r}, which the data do not hold",
                    remedy="report with the records that the run was made with",
                )
            return (rank[line.record], *line.key)

        return cls(
            settings,
            records,
            sorted(attempts, key=place),
            sorted(likelihoods, key=place),
            sorted(ratings, key=place),
            sorted(verdicts, key=place),
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing that was measured.

    Attributes:
        name: What it is.
        unit: Of its values; empty for plain numbers.
        higher_is_better: None where neither is.
        values: Settings to their values by record; settings without a value are absent.
    """

    name: str
    unit: str
    higher_is_better: bool | None
    values: Mapping[str, ByRecord]

    @property
    def title(self) -> str:
        """Name and unit, where the name does not say it."""
        if not self.unit or self.unit in self.name.split():
            return self.name
        return f"{self.name} ({self.unit.replace(' ', _NO_BREAK)})"

    def estimate(self, setting: str) -> Estimate | None:
        """The mean of a setting over its records; None where it has no value."""
        values = self.values.get(setting)
        return estimate_mean(list(values.values())) if values else None

    def difference(self, setting: str, baseline: str) -> Estimate | None:
        """The mean difference to the baseline over the records that both have a value for.

        None for the baseline itself, and where the two share no record.
        """
        ours, theirs = self.values.get(setting, {}), self.values.get(baseline, {})
        shared = [record for record in ours if record in theirs]
        if setting == baseline or not shared:
            return None
        return estimate_difference(
            {record: ours[record] for record in shared},
            {record: theirs[record] for record in shared},
        )


def gather(
    name: str,
    unit: str,
    higher_is_better: bool | None,
    points: Iterable[tuple[str, str, float | None]],
) -> Measured:
    """Average values by setting and record.

    Args:
        name: Of the measure.
        unit: Of the values.
        higher_is_better: None where neither is.
        points: Setting, record id and value; None where the measure does not apply.
    """
    found: dict[str, list[tuple[str, float]]] = {}
    for setting, record, value in points:
        if value is not None:
            found.setdefault(setting, []).append((record, value))
    values = {setting: mean_by_record(pairs) for setting, pairs in found.items()}
    return Measured(name, unit, higher_is_better, values)


def of_texts(results: Results, metric: Metric) -> Measured:
    """Measure every attempt; shares are given in percent."""
    records = {record.id: record for record in results.records}
    unit, factor = ("%", 100.0) if metric.unit == "share" else (metric.unit, 1.0)
    found = (
        (attempt.setting, attempt.record, metric.measure(records[attempt.record], attempt))
        for attempt in results.attempts
    )
    return gather(
        metric.name,
        unit,
        None if metric.better is None else metric.better == "higher",
        ((setting, record, value and value * factor) for setting, record, value in found),
    )


def of_likelihoods(results: Results) -> Measured:
    """Negative log-likelihood of the references."""
    points = (
        (line.setting, line.record, line.nats / line.tokens if line.tokens else None)
        for line in results.likelihoods
    )
    return gather("reference likelihood", "nats a token", False, points)


def of_ratings(results: Results) -> list[Measured]:
    """The judge's ratings, one measure an aspect; those that could not be read are left out."""
    return [
        gather(
            aspect,
            "1 to 10",
            True,
            ((r.setting, r.record, r.value) for r in results.ratings if r.aspect == aspect),
        )
        for aspect in get_args(Aspect)
    ]


def gap_closed(likelihood: Measured, baseline: str, upper: str) -> Measured | None:
    """The share of the way from the baseline's likelihood to the upper bound's.

    The length of the way, the difference of the two means, is taken as known: the intervals
    are those of the setting's own way.

    Returns:
        Percent, 0 for the baseline and 100 for the upper bound over the records that all three
        have; None where one of the two is missing or the upper bound is no better.
    """
    low, high = likelihood.values.get(baseline, {}), likelihood.values.get(upper, {})
    shared = [record for record in low if record in high]
    way = sum(low[record] - high[record] for record in shared) / max(len(shared), 1)
    if way <= 0:
        return None
    points = (
        (setting, record, 100.0 * (low[record] - values[record]) / way)
        for setting, values in likelihood.values.items()
        for record in shared
        if record in values
    )
    return gather(GAP, "%", True, points)
