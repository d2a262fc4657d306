from __future__ import annotations

import itertools

import numpy as np
import pytest

from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.bootstrap import (
    Estimate,
    estimate_difference,
    estimate_mean,
    mean_by_record,
    stability_curve,
)


def test_the_interval_of_three_values_is_that_of_all_samples_that_can_be_drawn() -> None:
    values = [0.0, 1.0, 5.0]
    means = sorted(sum(drawn) / 3 for drawn in itertools.product(values, repeat=3))
    found = estimate_mean(values, level=0.8, resamples=100_000)
    assert found.mean == 2.0
    # 27 equally likely samples: a tenth lies below the third and above the third from the end.
    assert found.low == pytest.approx(means[2])
    assert found.high == pytest.approx(means[-3])


def test_values_that_agree_have_an_interval_of_no_length() -> None:
    assert estimate_mean([7.0] * 9) == Estimate(7.0, 7.0, 7.0, 9)


def test_the_same_values_give_the_same_interval_and_another_seed_another() -> None:
    values = list(np.random.default_rng(5).normal(size=30))
    assert estimate_mean(values) == estimate_mean(values)
    assert estimate_mean(values, seed=1).low != estimate_mean(values).low


def test_a_sample_too_large_to_draw_at_once_gives_the_interval_of_theory() -> None:
    values = np.random.default_rng(3).normal(size=30_000)
    found = estimate_mean(values.tolist(), resamples=400)
    theory = 1.96 * values.std() / np.sqrt(values.size)
    assert found.high - found.mean == pytest.approx(theory, rel=0.2)


def test_intervals_hold_the_true_mean_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(11)
    trials, held = 400, {0.95: 0, 0.5: 0}
    for trial in range(trials):
        sample = random.exponential(size=40).tolist()  # skewed, mean 1
        for level in held:
            found = estimate_mean(sample, level=level, resamples=500, seed=trial)
            held[level] += found.low <= 1.0 <= found.high
    # Two percentile points are lost on skewed data of this size; four standard errors either way.
    assert 0.88 < held[0.95] / trials < 0.99
    assert 0.38 < held[0.5] / trials < 0.60


def test_a_paired_difference_sees_what_the_two_means_alone_do_not() -> None:
    hardness = np.random.default_rng(2).normal(scale=3.0, size=40)
    theirs = {f"r{number}": float(value) for number, value in enumerate(hardness)}
    ours = {record: value + 0.5 for record, value in reversed(theirs.items())}
    difference = estimate_difference(ours, theirs)
    assert difference.mean == pytest.approx(0.5)
    assert difference.low == pytest.approx(0.5)
    apart = [estimate_mean(list(side.values())) for side in (ours, theirs)]
    assert apart[0].low < apart[1].high  # unpaired, the two could be equal


def test_a_difference_needs_the_same_records() -> None:
    with pytest.raises(EvaluationError, match=r"^2 records .* such as b, c"):
        estimate_difference({"a": 1.0, "b": 2.0}, {"a": 1.0, "c": 2.0})


def test_no_values_and_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no values"):
        estimate_mean([])
    with pytest.raises(EvaluationError, match="no values"):
        estimate_difference({}, {})
    with pytest.raises(EvaluationError, match="1 of 2 values"):
        estimate_mean([1.0, float("nan")])


def test_each_record_counts_once_however_many_texts_it_has() -> None:
    pairs = [("b", 1.0), ("a", 4.0), ("b", 2.0), ("b", 6.0)]
    assert mean_by_record(pairs) == {"b": 3.0, "a": 4.0}
    assert list(mean_by_record(pairs)) == ["b", "a"]


def test_the_stability_curve_narrows_and_ends_in_the_estimate_of_all() -> None:
    values = np.random.default_rng(4).normal(5.0, 1.0, size=60).tolist()
    curve = stability_curve(values)
    assert [point.count for point in curve] == list(range(1, 61))
    assert curve[0] == Estimate(values[0], values[0], values[0], 1)
    assert curve[2].mean == pytest.approx(sum(values[:3]) / 3)
    assert curve[-1] == estimate_mean(values, resamples=2_000)
    assert curve[-1].high - curve[-1].low < curve[9].high - curve[9].low
    assert stability_curve([]) == []
