"""Means and paired differences with bootstrap intervals, seeded so that they are reproducible.

There is one value for each record. Several texts or ratings of a record are averaged before,
because resampling them one by one would make the intervals too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

RESAMPLES: Final = 10_000
LEVEL: Final = 0.95
FEWEST: Final = 6
"""Minimum number of records for a marked difference. Fewer records differ in the same direction by
chance more than once in twenty times (2 * 0.5 ** 5 > 0.05)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of ``count`` values and the ends of its bootstrap interval."""

    mean: float
    low: float
    high: float
    count: int

    @property
    def differs(self) -> bool:
        """Whether there are enough records, and the interval excludes 0."""
        return self.count >= FEWEST and (self.low > 0 or self.high < 0)


def estimate_mean(values: Sequence[float], *, resamples: int = RESAMPLES) -> Estimate:
    """Return the mean of at least one finite value; a single value has an interval of no length."""
    sample = np.asarray(values, dtype=np.float64)
    return _estimate(float(sample.mean()), (sample,), np.mean, resamples)


def estimate_difference(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """Return the mean of ``ours - theirs``, whose values belong to the same records in order.

    Pairing removes the differences between records, so the interval is narrower than those of the
    two means suggest.
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (ours, theirs))
    return _estimate(float((one - other).mean()), (one, other), _mean_difference, RESAMPLES)


def stability_curve(values: Sequence[float]) -> list[Estimate]:
    """Return the estimates from the first 1, 2, ... values (the paper's Figure 7)."""
    return [estimate_mean(values[:count], resamples=2_000) for count in range(1, len(values) + 1)]


def _mean_difference(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], axis: int = -1
) -> NDArray[np.float64]:
    return np.asarray((ours - theirs).mean(axis=axis))


def _estimate(
    centre: float,
    samples: tuple[NDArray[np.float64], ...],
    statistic: Callable[..., NDArray[np.float64]],
    resamples: int,
) -> Estimate:
    count = samples[0].size
    if count == 1:
        return Estimate(centre, centre, centre, 1)
    interval = bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(centre, float(interval.low), float(interval.high), count)
