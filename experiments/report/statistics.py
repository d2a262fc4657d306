"""Means with bootstrap intervals, and differences of two settings over the same records.

The percentile bootstrap (Efron, 1979): the sample is drawn again from itself, with replacement,
many times; an interval of level 95 % reaches from the 2.5th to the 97.5th percentile of the means
so found. It is seeded, so the same values give the same interval.

Values of one record belong together: several texts or ratings of one record are averaged first
(`mean_by_record`), because drawing them one by one would make intervals too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import EvaluationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES: Final = 10_000
"""How often the sample is drawn again; the ends of an interval then move by about 1 % of its
length from one seed to another."""

LEVEL: Final = 0.95
_DRAWN_AT_ONCE: Final = 1_000_000
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and how far it can be trusted.

    Attributes:
        mean: Of the values.
        low: Lower end of the interval.
        high: Upper end of the interval.
        count: How many values there were.
    """

    mean: float
    low: float
    high: float
    count: int


def estimate_mean(
    values: Sequence[float], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Return the mean of some values with its bootstrap interval.

    Args:
        values: One a record. A single value has an interval of no length, which says nothing.
        level: Share of intervals made like this that hold the true mean, in (0, 1).
        resamples: How often the values are drawn again.
        seed: Of the drawing.

    Raises:
        EvaluationError: There are no values, or one is not a finite number.
    """
    import numpy as np

    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        raise EvaluationError(
            "there are no values to average",
            remedy="average only what was measured at least once",
        )
    if not np.isfinite(sample).all():
        raise EvaluationError(
            f"{int((~np.isfinite(sample)).sum())} of {sample.size} values are no finite numbers",
            remedy="leave out records to which a figure does not apply",
        )
    means = _means(sample, resamples, np.random.default_rng(seed))
    tail = (1.0 - level) / 2
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Estimate(float(sample.mean()), float(low), float(high), sample.size)


def estimate_difference(
    ours: Mapping[str, float],
    theirs: Mapping[str, float],
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Return the mean difference of two settings over the same records, paired by record.

    Some records are harder than others for every setting. Paired, that cancels out, so the
    interval is narrower than the two means' own intervals suggest.

    Args:
        ours: Record id to value; see `mean_by_record`.
        theirs: The same records' values of the setting that is subtracted.
        level: As for `estimate_mean`.
        resamples: How often the records are drawn again.
        seed: Of the drawing.

    Returns:
        The mean of ``ours - theirs``; its interval holds 0 where the data show no difference.

    Raises:
        EvaluationError: The two are not about the same records, or about none.
    """
    if odd := ours.keys() ^ theirs.keys():
        shown = ", ".join(sorted(odd)[:_SHOWN])
        raise EvaluationError(
            f"{len(odd)} records have a value of one setting and none of the other, "
            f"such as {shown}",
            remedy="finish the run, or compare only the records that both settings have",
        )
    differences = [ours[record] - theirs[record] for record in sorted(ours)]
    return estimate_mean(differences, level=level, resamples=resamples, seed=seed)


def mean_by_record(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Average the values of each record, so that each record counts once.

    Args:
        values: Pairs of record id and value, in any order.

    Returns:
        Record id to mean, in the order in which the records first appear.
    """
    gathered: dict[str, list[float]] = {}
    for record, value in values:
        gathered.setdefault(record, []).append(value)
    return {record: sum(found) / len(found) for record, found in gathered.items()}


def stability_curve(
    values: Sequence[float], *, level: float = LEVEL, resamples: int = 2_000, seed: int = 0
) -> list[Estimate]:
    """Return the mean of the first 1, 2, ... values: how it settles (the paper's Figure 7).

    Args:
        values: One a record, in the order in which the records were sampled.
        level: As for `estimate_mean`.
        resamples: For each point of the curve.
        seed: Of the drawing.

    Returns:
        One estimate for each number of values; `Estimate.count` is that number.
    """
    return [
        estimate_mean(values[:count], level=level, resamples=resamples, seed=seed)
        for count in range(1, len(values) + 1)
    ]


def _means(
    sample: NDArray[np.float64], resamples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Means of samples drawn again, some at a time so that large samples fit the memory."""
    import numpy as np

    at_once = max(1, _DRAWN_AT_ONCE // sample.size)
    parts = []
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = random.integers(sample.size, size=(rows, sample.size), dtype=np.int32)
        parts.append(sample[drawn].mean(axis=1))
    return np.concatenate(parts)
