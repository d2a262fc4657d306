from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from support.exactness import (
    CachingVerifier,
    LeakyVerifier,
    exact_probabilities,
    p_value,
    sample_texts,
    write_in_blocks,
)
from support.tiny_models import (
    OPERATORS,
    PIECES,
    TinyModel,
    TinyScorer,
    TokenByTokenFusion,
    local_side,
    masked_disclosure,
    tiny_verifier,
)

from cogenesis_langchain.fusion.blocks.speculation import Speculation
from cogenesis_langchain.fusion.blocks.speculative_sampling import (
    GreedySampler,
    Sampler,
    SpeculativeSampler,
)
from cogenesis_langchain.fusion.operators import Mixture, Operator
from cogenesis_langchain.fusion.position import complete
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.models.scoring.scores import TopK


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 1, 4])
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_block_sampling_follows_token_by_token_fusion(operator: Operator, size: int) -> None:
    verifier = CachingVerifier(tiny_verifier(TinyScorer()))
    parameters = SamplingParameters()
    counts = Counter(sample_texts(operator, size, verifier, parameters, 600))
    assert p_value(counts, exact_probabilities(operator, parameters)) > 0.01


@pytest.mark.slow
def test_sharpened_sampling_follows_the_sharpened_fusion() -> None:
    verifier = CachingVerifier(tiny_verifier(TinyScorer()))
    parameters = SamplingParameters(temperature=0.7, top_p=0.9)
    counts = Counter(sample_texts(Mixture(), 2, verifier, parameters, 600))
    assert p_value(counts, exact_probabilities(Mixture(), parameters)) > 0.01


@pytest.mark.slow
def test_penalised_sampling_follows_the_penalised_fusion() -> None:
    verifier = CachingVerifier(tiny_verifier(TinyScorer()))
    parameters, penalty = SamplingParameters(), PresencePenalty(1.5, window=2)
    counts = Counter(sample_texts(Mixture(), 2, verifier, parameters, 600, penalty))
    assert p_value(counts, exact_probabilities(Mixture(), parameters, penalty)) > 0.01
    assert p_value(counts, exact_probabilities(Mixture(), parameters)) < 1e-6


@pytest.mark.slow
def test_masked_sampling_follows_masked_fusion_token_by_token() -> None:
    verifier = tiny_verifier(TinyScorer(), disclosure=masked_disclosure())
    parameters = SamplingParameters()
    counts = Counter(sample_texts(Mixture(), 4, CachingVerifier(verifier), parameters, 1_500))
    masked = exact_probabilities(Mixture(), parameters, verifier=verifier)
    assert p_value(counts, masked) > 0.01
    assert p_value(counts, exact_probabilities(Mixture(), parameters)) < 1e-6, "the control"


@pytest.mark.slow
def test_control_using_the_drafted_tokens_own_probability_is_detected() -> None:
    """Control: using a server's extra entry for the drafted token breaks exactness."""
    leaky = LeakyVerifier(
        tiny_verifier(TinyScorer(), k=1), tiny_verifier(TinyScorer(), k=len(PIECES))
    )
    honest = CachingVerifier(tiny_verifier(TinyScorer(), k=1))
    reference = TokenByTokenFusion(Mixture(), TinyModel(), tiny_verifier(TinyScorer(), k=1))
    parameters = SamplingParameters()
    first: dict[tuple[int, ...], float] = {
        (t,): float(p) for t, p in enumerate(reference.distribution(()))
    }

    def first_tokens(verifier: CachingVerifier) -> Counter[tuple[int, ...]]:
        return Counter(text[:1] for text in sample_texts(Mixture(), 2, verifier, parameters, 2_000))

    assert p_value(first_tokens(honest), first) > 0.01
    assert p_value(first_tokens(leaky), first) < 1e-12


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_greedy_blocks_write_what_token_by_token_fusion_writes(operator: Operator) -> None:
    verifier = tiny_verifier(TinyScorer())
    reference = TokenByTokenFusion(operator, TinyModel(), verifier)
    wanted: list[int] = []
    for _ in range(40):
        wanted.append(int(reference.distribution(wanted).argmax()))
    for size in (0, 1, 3, 8):
        speculation = Speculation(local_side(TinyModel()), operator, GreedySampler())
        assert write_in_blocks(speculation, CachingVerifier(verifier), size, 40) == wanted


@pytest.mark.parametrize("nats", [0.0, 1.0])
@pytest.mark.parametrize(
    "sampler", [GreedySampler(), SpeculativeSampler(SamplingParameters(temperature=0.8), 11)]
)
def test_the_text_does_not_depend_on_the_block_length(sampler: Sampler, nats: float) -> None:
    verifier = CachingVerifier(tiny_verifier(TinyScorer()))

    def write(size: int) -> tuple[int, ...]:
        side, penalty = local_side(TinyModel()), PresencePenalty(nats, window=4)
        speculation = Speculation(side, Mixture(), sampler, penalty)
        return tuple(write_in_blocks(speculation, verifier, size, 60))

    texts = {write(size) for size in (0, 1, 2, 5, 9)}
    assert len(texts) == 1


def test_a_correction_discards_later_drafts_and_an_acceptance_keeps_them() -> None:
    speculation = Speculation(local_side(TinyModel()), Mixture(), GreedySampler())
    for _ in range(4):
        speculation.draft()
    first = speculation.drafts[0]
    assert speculation.settle(lambda _: None).accepted
    assert len(speculation.drafts) == 3
    other = (speculation.drafts[0].token + 1) % len(PIECES)
    certain = TopK(np.array([other]), np.array([0.0]))
    settled = speculation.settle(lambda _: certain)
    assert (settled.token, settled.accepted) == (other, False)
    assert speculation.drafts == []
    assert speculation.written == [first.token, other]


def test_completion_uses_the_top_k_alone() -> None:
    local = np.full(4, 0.25)
    topk = TopK(np.array([2]), np.log([0.5]))
    assert complete(topk, local) == pytest.approx([0.5 / 3, 0.5 / 3, 0.5, 0.5 / 3])
