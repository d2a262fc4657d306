"""The formulas of `Bounded`: the clip of a token, and what a whole text adds up to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.fusion.bounded.clipping import clipped
from cogenesis_langchain.fusion.bounded.target import BoundedTarget, Reading
from cogenesis_langchain.fusion.operators import operator_named
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.models.decoding.sampling import SamplingParameters, TokenDistribution
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.views.limits import Bounded

Floats = NDArray[np.float64]

chances_of_six = st.lists(
    st.just(0.0) | st.just(5e-324) | st.floats(1e-9, 1.0), min_size=6, max_size=6
)
distributions = chances_of_six.filter(lambda weights: sum(weights) > 0.01)


def normed(weights: list[float]) -> Floats:
    array = np.array(weights)
    return np.asarray(array / array.sum())


@given(distributions, distributions, distributions, st.floats(0.001, 3.0))
def test_two_clipped_distributions_differ_by_at_most_four_clips(
    public: list[float], first: list[float], second: list[float], clip: float
) -> None:
    base = TokenDistribution(np.arange(6), normed(public))
    one, other = (clipped(base, normed(private), clip) for private in (first, second))
    assert (
        one.ids.tolist() == other.ids.tolist() == np.flatnonzero(normed(public) > 1e-290).tolist()
    )
    ratios = np.log(one.probabilities) - np.log(other.probabilities)
    assert ratios.max() - ratios.min() <= 4 * clip + 1e-9
    assert abs(ratios).max() <= 4 * clip + 1e-9
    assert abs(np.log(one.probabilities / base.of(one.ids))).max() <= 2 * clip + 1e-9


def test_without_the_clip_they_differ_by_more() -> None:
    base = TokenDistribution(np.arange(2), np.array([0.5, 0.5]))
    one = clipped(base, np.array([0.999, 0.001]), math.inf)
    assert np.log(one.probabilities[0] / 0.001) > 6.0


@given(distributions, distributions, distributions, st.floats(0.05, 2.0), st.floats(1.1, 40.0))
def test_the_renyi_divergence_of_a_token_is_below_that_of_the_proof(
    public: list[float], first: list[float], second: list[float], clip: float, order: float
) -> None:
    """A bounded range of ``4 c`` gives a divergence of at most ``order (4 c)^2 / 8``."""
    base = TokenDistribution(np.arange(6), normed(public))
    p, q = (clipped(base, normed(private), clip).probabilities for private in (first, second))
    divergence = math.log(float(np.sum(q * (p / q) ** order))) / (order - 1.0)
    assert divergence <= order * (4 * clip) ** 2 / 8 + 1e-9


def delta_of(tokens: int, clip: float, epsilon: float) -> float:
    """The exact delta of a text each of whose tokens is one of two, as far apart as a clip allows.

    Both have public probability 1/2, and the two contexts tilt them in opposite directions.
    """
    likely = math.exp(clip) / (math.exp(clip) + math.exp(-clip))
    counts = np.arange(tokens + 1)
    p, q = binom.pmf(counts, tokens, likely), binom.pmf(counts, tokens, 1.0 - likely)
    return float(np.maximum(p - math.exp(epsilon) * q, 0.0).sum())


@pytest.mark.parametrize("tokens", [1, 20, 200, 1000])
@pytest.mark.parametrize("bound", [Bounded(1.0, 1e-5), Bounded(8.0, 1e-6), Bounded(64.0, 1e-3)])
def test_a_whole_text_stays_below_delta(bound: Bounded, tokens: int) -> None:
    assert delta_of(tokens, bound.clip(tokens), bound.epsilon) <= bound.delta


def test_a_clip_four_times_as_large_would_not() -> None:
    bound = Bounded(8.0, 1e-6)
    assert delta_of(200, 4 * bound.clip(200), bound.epsilon) > 1e-3


def test_the_clip_composes_better_than_the_sum_in_long_texts() -> None:
    bound = Bounded(8.0, 1e-6)
    assert bound.clip(1) == pytest.approx(2.0)
    assert bound.clip(200) == pytest.approx(0.0477, abs=1e-4) and bound.clip(200) > 8 / 800


def test_the_contrast_operator_reads_the_context() -> None:
    """Its baseline is the reading without the context, so both readings are not the same."""
    operator = operator_named("contrast")
    target = BoundedTarget(
        operator, PresencePenalty(0.0), None, SamplingParameters(1.0, 1.0), clip=10.0
    )
    public = Reading((), np.array([0.1, 0.6, 0.3]))
    private = Reading((), np.array([0.9, 0.05, 0.05]))
    topk = TopK(np.arange(3), np.log(np.array([0.2, 0.5, 0.3])).astype(np.float32))
    draws = [
        target.draw(lambda _: topk, public, private, uniform).token
        for uniform in np.linspace(0.0, 0.999, 200)
    ]
    assert draws.count(0) > 100, "the cloud alone would give a fifth"


@given(distributions, st.lists(st.tuples(distributions, st.floats(0.01, 1.0)), min_size=1),
       distributions, st.floats(0.01, 2.0))  # fmt: skip
def test_also_if_details_differ_the_ratio_stays_within_four_clips(
    public: list[float],
    details: list[tuple[list[float], float]],
    other: list[float],
    clip: float,
) -> None:
    """Given what was shown, a token follows a mixture over what the details may be."""
    base = TokenDistribution(np.arange(6), normed(public))
    shares = normed([share for _, share in details])
    mixed = sum(
        share * clipped(base, normed(private), clip).probabilities
        for share, (private, _) in zip(shares, details, strict=True)
    )
    ratios = np.log(mixed) - np.log(clipped(base, normed(other), clip).probabilities)
    assert ratios.max() - ratios.min() <= 4 * clip + 1e-9


@pytest.mark.parametrize(
    "given", [(0.0, 1e-6), (-1.0, 1e-6), (8.0, 0.0), (8.0, 1.0), (math.inf, 0.1), (math.nan, 0.1)]
)
def test_what_is_no_bound_is_an_error(given: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError, match="is no bound"):
        Bounded(*given)
