"""Means with bootstrap intervals, and paired differences of two settings.

The percentile bootstrap of scipy, seeded, so that the same values give the same interval. Values
of one record belong together: several texts or ratings of a record are averaged before, because
drawing them one by one would make intervals too narrow.
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
"""Records below which no difference is marked: so few differ in the same direction by chance more
than one time in twenty (2 * 0.5 ** 5 > 0.05), and the bootstrap would call that a difference."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its bootstrap interval.

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

    @property
    def differs(self) -> bool:
        """Whether a difference of enough records has an interval that excludes 0."""
        return self.count >= FEWEST and (self.low > 0 or self.high < 0)


def estimate_mean(values: Sequence[float], *, resamples: int = RESAMPLES) -> Estimate:
    """Return the mean of some values with its interval.

    Args:
        values: One a record, at least one, all finite. A single value has an interval of no
            length, which says nothing.
        resamples: How often the values are drawn again.
    """
    sample = np.asarray(values, dtype=np.float64)
    return _estimate(float(sample.mean()), (sample,), np.mean, resamples)


def estimate_difference(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """Return the mean difference of two settings over the same records, paired by record.

    Some records are harder than others for every setting. Paired, that cancels out, so the
    interval is narrower than the two means' own intervals suggest.

    Args:
        ours: One a record, at least one.
        theirs: Of the setting that is subtracted, for the same records in the same order.
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
    if count == 1:  # cannot be drawn again
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
