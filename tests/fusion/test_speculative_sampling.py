from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.fusion.blocks.speculative_sampling import GreedySampler, SpeculativeSampler
from cogenesis_langchain.models.base import Probabilities
from cogenesis_langchain.models.decoding.sampling import SamplingParameters, TokenDistribution

LOCAL = np.array([0.5, 0.25, 0.2, 0.05])
FUSED = np.array([0.1, 0.4, 0.3, 0.2])


def whole(parameters: SamplingParameters, probabilities: Probabilities) -> Probabilities:
    """The sampling distribution over every token."""
    return parameters.apply(probabilities).of(np.arange(probabilities.size))


def test_greedy_takes_the_most_probable_token_and_the_lowest_id_of_equals() -> None:
    sampler = GreedySampler()
    proposal = sampler.propose(np.array([0.2, 0.4, 0.4]), 0)
    assert proposal.token == 1
    assert sampler.settle(proposal, FUSED) == 1
    assert sampler.settle(proposal, LOCAL) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters",
    [
        SamplingParameters(),
        SamplingParameters(temperature=0.7),
        SamplingParameters(temperature=0.8, top_p=0.7),
    ],
)
def test_drafts_and_corrections_together_follow_the_fused_distribution(
    parameters: SamplingParameters,
) -> None:
    counts = np.zeros(4)
    draws = 6_000
    for seed in range(draws):
        sampler = SpeculativeSampler(parameters, seed)
        counts[sampler.settle(sampler.propose(LOCAL, 0), FUSED)] += 1
    expected = whole(parameters, FUSED)
    spread = np.sqrt(expected * (1 - expected) / draws)
    assert (np.abs(counts / draws - expected) <= 4 * spread).all()


def test_control_always_accepting_does_not_follow_the_fused_distribution() -> None:
    counts = np.zeros(4)
    for seed in range(2_000):
        counts[SpeculativeSampler(SamplingParameters(), seed).propose(LOCAL, 0).token] += 1
    assert np.abs(counts / 2_000 - FUSED).max() > 0.2


def test_seed_and_position_determine_the_token() -> None:
    first = [
        SpeculativeSampler(SamplingParameters(), 3).propose(LOCAL, position).token
        for position in range(50)
    ]
    second = [
        SpeculativeSampler(SamplingParameters(), 3).propose(LOCAL, position).token
        for position in range(50)
    ]
    other = [
        SpeculativeSampler(SamplingParameters(), 4).propose(LOCAL, position).token
        for position in range(50)
    ]
    assert first == second != other


def test_top_p_keeps_the_smallest_set_that_reaches_the_share() -> None:
    assert whole(SamplingParameters(top_p=0.75), LOCAL) == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert whole(SamplingParameters(top_p=0.76), LOCAL) == pytest.approx(
        np.array([0.5, 0.25, 0.2, 0]) / 0.95
    )


def test_among_equals_the_lowest_ids_are_kept() -> None:
    assert whole(SamplingParameters(top_p=0.5), np.full(4, 0.25)) == pytest.approx([0.5, 0.5, 0, 0])


def test_a_nucleus_wider_than_the_first_threshold_is_found() -> None:
    wide = np.full(5_000, 1 / 5_000)
    assert SamplingParameters(top_p=0.5).apply(wide).ids.size == pytest.approx(2_500, abs=1)


def test_low_temperature_sharpens_without_underflow() -> None:
    shaped = whole(SamplingParameters(temperature=0.01), np.array([1e-200, 2e-200]))
    assert shaped == pytest.approx([0.0, 1.0])


def test_no_token_of_probability_zero_is_drawn() -> None:
    almost_one = float(np.nextafter(1.0, 0.0))
    candidates = TokenDistribution(np.arange(3), np.array([0.3, 0.7, 0.0]))
    assert candidates.draw(almost_one) == 1
    assert candidates.draw(almost_one, np.array([0.2, 0.0, 0.0])) == 0
    assert candidates.draw(0.0, np.array([0.0, 0.1, 0.0])) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: SamplingParameters(temperature=0.0),
        lambda: SamplingParameters(top_p=0.0),
    ],
)
def test_settings_out_of_range_are_refused(make: Callable[[], SamplingParameters]) -> None:
    with pytest.raises(ConfigurationError):
        make()
