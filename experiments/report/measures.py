"""From samples to measures that can be compared: one value for each setting and record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd

from experiments.config import PriceConfig
from experiments.likelihood.references import CLOUD_WITH, LOCAL, WEIGHTS
from experiments.report.statistics import Estimate, estimate_difference, estimate_mean
from experiments.results import Results, WrittenText, scores_of
from experiments.scorers.likeness import CLOSENESS
from experiments.scorers.text_scorers import METRICS

LIKELIHOOD: Final = "reference likelihood"
GAP: Final = "gap closed"
COST: Final = "cost"
BEST_FIXED_WEIGHT: Final = "best fixed w"
"""The one weight ``w`` that is best over all records, chosen on these very texts: a bound."""

_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_MILLION: Final = 1_000_000

Point: TypeAlias = tuple[str, str, float]
"""Setting, record id and value."""


@dataclass(frozen=True)
class Measured:
    """One thing that was measured.

    Attributes:
        name: What it is.
        unit: Of its values; empty for plain numbers.
        higher_is_better: None where neither is.
        values: A row a record, a column a setting; NaN where there is no value.
    """

    name: str
    unit: str
    higher_is_better: bool | None
    values: pd.DataFrame

    @property
    def title(self) -> str:
        """Name and unit, where the name does not say it."""
        if not self.unit or self.unit in self.name.split():
            return self.name
        return f"{self.name} ({self.unit.replace(' ', _NO_BREAK)})"

    def of(self, setting: str) -> pd.Series[float]:
        """The values of a setting by record; empty where it has none."""
        if setting not in self.values:
            return pd.Series(dtype=float)
        return self.values[setting].dropna()

    def estimate(self, setting: str) -> Estimate | None:
        """The mean of a setting over its records; None where it has no value."""
        values = self.of(setting)
        return None if values.empty else estimate_mean(values.tolist())

    def difference(self, setting: str, baseline: str) -> Estimate | None:
        """The mean difference to the baseline over the records that both have a value for.

        None for the baseline itself, and where the two share no record.
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
    """Average values by setting and record.

    Args:
        name: Of the measure.
        unit: Of the values.
        higher_is_better: None where neither is.
        points: Values; several of a setting and record are averaged.
        order: Ids of all records, in order.
    """
    frame = pd.DataFrame(list(points), columns=["setting", "record", "value"])
    values = frame.pivot_table(index="record", columns="setting", values="value", aggfunc="mean")
    return Measured(name, unit, higher_is_better, values.reindex(list(order)))


def measures(results: Results, prices: PriceConfig | None) -> dict[str, Measured]:
    """Everything that was measured in a run, by name.

    Args:
        results: Of the run.
        prices: Of the cloud model; None leaves the cost out.
    """
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
    """The metrics of texts; shares are given in percent."""
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
    """The weight of the local model that is best over all records; None where nothing was fused."""
    grid = _grid(results)
    return None if grid is None else WEIGHTS[int(grid.sum(axis=0).argmin())]


def _grid(results: Results) -> np.ndarray | None:
    """Nats under each fixed weight; a row a record."""
    rows = [sample.store["fixed_weights"] for sample in results.likelihoods]
    return np.array(rows) if rows and all(rows) else None


def _nats(results: Results) -> Iterable[Point]:
    """Negative log-likelihood a token, with the bound of the best fixed weight."""
    grid = _grid(results)
    for place, sample in enumerate(results.likelihoods):
        record, tokens = str(sample.id), sample.store["tokens"]
        for setting, nats in sample.store["nats"].items():
            yield setting, record, nats / tokens
        if grid is not None:
            best = int(grid.sum(axis=0).argmin())
            yield BEST_FIXED_WEIGHT, record, grid[place, best] / tokens


def gap_closed(likelihood: Measured) -> Measured | None:
    """The share of the way from the local model's likelihood to that of the upper bound.

    The length of the way, the difference of the two means, is taken as known: the intervals are
    those of the setting's own way.

    Returns:
        Percent, 0 for the local model alone and 100 for the cloud model with context, over the
        records that all three have; None where one of the two is missing or the upper bound is no
        better.
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
    """Settings that only some measures know, such as bounds that write nothing."""
    return list(dict.fromkeys(str(s) for one in measured for s in one.values if s not in known))
