from __future__ import annotations

import itertools

import numpy as np
import pytest

from experiments.report.statistics import (
    FEWEST,
    Estimate,
    estimate_difference,
    estimate_mean,
    stability_curve,
)


def test_the_interval_of_three_values_is_that_of_all_samples_that_can_be_drawn() -> None:
    values = [0.0, 1.0, 5.0]
    means = sorted(sum(drawn) / 3 for drawn in itertools.product(values, repeat=3))
    found = estimate_mean(values, resamples=100_000)
    assert found.mean == 2.0
    # 27 equally likely samples, each 3.7 %: the outermost on both sides hold more than 2.5 %.
    assert found.low == pytest.approx(means[0])
    assert found.high == pytest.approx(means[-1])


def test_values_that_agree_have_an_interval_of_no_length() -> None:
    assert estimate_mean([7.0] * 9) == Estimate(7.0, 7.0, 7.0, 9)


def test_the_same_values_give_the_same_interval() -> None:
    values = list(np.random.default_rng(5).normal(size=30))
    assert estimate_mean(values) == estimate_mean(values)


def test_a_large_sample_gives_the_interval_of_theory() -> None:
    values = np.random.default_rng(3).normal(size=3_000)
    found = estimate_mean(values.tolist(), resamples=1_000)
    theory = 1.96 * values.std() / np.sqrt(values.size)
    assert found.high - found.mean == pytest.approx(theory, rel=0.2)


def test_intervals_hold_the_true_mean_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(11)
    trials, held = 300, 0
    for _ in range(trials):
        found = estimate_mean(random.exponential(size=40).tolist(), resamples=500)  # mean 1
        held += found.low <= 1.0 <= found.high
    # Two percentile points are lost on skewed data of this size; four standard errors either way.
    assert 0.88 < held / trials < 0.99


def test_a_paired_difference_sees_what_the_two_means_alone_do_not() -> None:
    theirs = np.random.default_rng(2).normal(scale=3.0, size=40).tolist()
    ours = [value + 0.5 for value in theirs]
    difference = estimate_difference(ours, theirs)
    assert difference.mean == pytest.approx(0.5)
    assert difference.low == pytest.approx(0.5)
    assert difference.differs
    apart = [estimate_mean(side) for side in (ours, theirs)]
    assert apart[0].low < apart[1].high  # unpaired, the two could be equal


def test_too_few_records_show_no_difference() -> None:
    few = estimate_difference([2.0] * (FEWEST - 1), [1.0] * (FEWEST - 1))
    assert few.low > 0 and not few.differs
    assert estimate_difference([2.0] * FEWEST, [1.0] * FEWEST).differs
    assert not estimate_difference([2.0, 1.0] * FEWEST, [1.0, 2.0] * FEWEST).differs


def test_the_stability_curve_narrows_and_ends_in_the_estimate_of_all() -> None:
    values = np.random.default_rng(4).normal(5.0, 1.0, size=60).tolist()
    curve = stability_curve(values)
    assert [point.count for point in curve] == list(range(1, 61))
    assert curve[0] == Estimate(values[0], values[0], values[0], 1)
    assert curve[2].mean == pytest.approx(sum(values[:3]) / 3)
    assert curve[-1] == estimate_mean(values, resamples=2_000)
    assert curve[-1].high - curve[-1].low < curve[9].high - curve[9].low
    assert stability_curve([]) == []
