"""Everything that was measured in a run, as one value for each setting and record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd

from experiments.config import PriceConfig
from experiments.likelihood import CLOUD_WITH, LOCAL, WEIGHTS
from experiments.report.statistics import Estimate, estimate_difference, estimate_mean
from experiments.results import Results, WrittenText, scores_of
from experiments.scorers.likeness import CLOSENESS
from experiments.scorers.text_scorers import METRICS

LIKELIHOOD: Final = "reference likelihood"
GAP: Final = "gap closed"
COST: Final = "cost"
BEST_FIXED_WEIGHT: Final = "best fixed w"
"""The fixed weight ``w`` that is best over all records, chosen on these same texts: a bound."""

_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_MILLION: Final = 1_000_000

Point: TypeAlias = tuple[str, str, float]
"""Setting, record id and value."""


@dataclass(frozen=True)
class Measured:
    """One measure of a run.

    Attributes:
        name: Of the measure.
        unit: Of its values; empty for plain numbers.
        higher_is_better: None if neither is better.
        values: One row for each record and one column for each setting; NaN for no value.
    """

    name: str
    unit: str
    higher_is_better: bool | None
    values: pd.DataFrame

    @property
    def title(self) -> str:
        """The name, with the unit if the name does not contain it."""
        if not self.unit or self.unit in self.name.split():
            return self.name
        return f"{self.name} ({self.unit.replace(' ', _NO_BREAK)})"

    def of(self, setting: str) -> pd.Series[float]:
        """The values of a setting by record; empty where it has none."""
        if setting not in self.values:
            return pd.Series(dtype=float)
        return self.values[setting].dropna()

    def estimate(self, setting: str) -> Estimate | None:
        """The mean of a setting over its records; None without values."""
        values = self.of(setting)
        return None if values.empty else estimate_mean(values.tolist())

    def difference(self, setting: str, baseline: str) -> Estimate | None:
        """The mean difference to the baseline over the records of both.

        None for the baseline itself, or if they share no record.
        """
        ours, theirs = self.of(setting), self.of(baseline)
        shared = ours.index.intersection(theirs.index)
        if setting == baseline or shared.empty:
            return None
        return estimate_difference(ours[shared].tolist(), theirs[shared].tolist())


def gather(
    name: str,
    unit: str,
    higher_is_better: bool | None,
    points: Iterable[Point],
    order: Sequence[str],
) -> Measured:
    """Make a measure of points, averaged by setting and record; ``order`` lists all record ids."""
    frame = pd.DataFrame(list(points), columns=["setting", "record", "value"])
    values = frame.pivot_table(index="record", columns="setting", values="value", aggfunc="mean")
    return Measured(name, unit, higher_is_better, values.reindex(list(order)))


def measures(results: Results, prices: PriceConfig | None) -> dict[str, Measured]:
    """Map names to measures; without prices there is no cost."""
    order = [record.id for record in results.records]
    found = [*_of_texts(results.texts, order)]
    if prices is not None:
        costs = [(t.setting, t.record.id, _cost(t, prices)) for t in results.texts]
        found.append(gather(COST, "dollars", False, costs, order))
    if results.likelihoods:
        likelihood = gather(LIKELIHOOD, "nats a token", False, _nats(results), order)
        gap = gap_closed(likelihood)
        found += [likelihood] if gap is None else [likelihood, gap]
    ratings: dict[str, list[Point]] = {}
    for sample in results.ratings:
        setting, record = sample.metadata["setting"], sample.metadata["record"]["id"]
        for aspect, value in scores_of(sample).items():
            ratings.setdefault(aspect, []).append((setting, record, value))
    found += [gather(name, "1 to 10", True, points, order) for name, points in ratings.items()]
    return {measured.name: measured for measured in found}


def _of_texts(texts: Sequence[WrittenText], order: Sequence[str]) -> Iterable[Measured]:
    """The metrics of texts; shares become percentages."""
    for metric in (*METRICS, CLOSENESS):
        unit, factor = ("%", 100.0) if metric.unit == "share" else (metric.unit, 1.0)
        better = None if metric.better is None else metric.better == "higher"
        points = [
            (text.setting, text.record.id, factor * text.scores[metric.name])
            for text in texts
            if metric.name in text.scores
        ]
        yield gather(metric.name, unit, better, points, order)


def _cost(text: WrittenText, prices: PriceConfig) -> float:
    """What the cloud model's tokens cost; the local model is free."""
    traffic = text.attempt.traffic
    return (traffic.input_tokens * prices.input + traffic.output_tokens * prices.output) / _MILLION


def best_fixed_weight(results: Results) -> float | None:
    """The fixed weight of the local model that is best over all records; None without fusion."""
    grid = _grid(results)
    return None if grid is None else WEIGHTS[int(grid.sum(axis=0).argmin())]


def _grid(results: Results) -> np.ndarray | None:
    """Nats under each fixed weight, one row for each record."""
    rows = [sample.store["fixed_weights"] for sample in results.likelihoods]
    return np.array(rows) if rows and all(rows) else None


def _nats(results: Results) -> Iterable[Point]:
    """Negative log-likelihood per token, with the bound of the best fixed weight."""
    grid = _grid(results)
    for place, sample in enumerate(results.likelihoods):
        record, tokens = str(sample.id), sample.store["tokens"]
        for setting, nats in sample.store["nats"].items():
            yield setting, record, nats / tokens
        if grid is not None:
            best = int(grid.sum(axis=0).argmin())
            yield BEST_FIXED_WEIGHT, record, grid[place, best] / tokens


def gap_closed(likelihood: Measured) -> Measured | None:
    """Rescale the likelihood to 0 % for the local model alone and 100 % for the upper bound.

    The distance between the means of these two is taken as exact, so the intervals are those of the
    setting alone. None if one of the two is missing, or the upper bound is no better.
    """
    values = likelihood.values
    if LOCAL not in values or CLOUD_WITH not in values:
        return None
    shared = values.dropna(subset=[LOCAL, CLOUD_WITH])
    way = (shared[LOCAL] - shared[CLOUD_WITH]).mean() if len(shared) else 0.0
    if not way > 0:
        return None
    closed = 100.0 * (-shared.sub(shared[LOCAL], axis=0)) / way
    return Measured(GAP, "%", True, closed)


def settings_of(measured: Iterable[Measured], known: Mapping[str, object]) -> list[str]:
    """Settings of measures that are not known settings, such as bounds that write nothing."""
    return list(dict.fromkeys(str(s) for one in measured for s in one.values if s not in known))
