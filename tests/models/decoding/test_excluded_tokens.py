"""Excluded tokens are never chosen, and fused decoding of the others stays exact."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from support.exactness import CachingVerifier, exact_probabilities, p_value, sample_texts
from support.tiny_models import MESSAGES, PIECES, TinyModel, TinyScorer, tiny_verifier

from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.operators import Mixture
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.models.decoding.token_exclusion import ExcludedTokens

WITH_A_OR_C = [0, 2, 4]
"""Ids of the tiny model's tokens that contain an a or a c."""


def test_excluded_tokens_get_zero_and_the_others_are_normalised() -> None:
    even = np.full(len(PIECES), 1 / len(PIECES))
    found = ExcludedTokens(TinyModel(), "ac").apply(even)
    assert np.flatnonzero(found == 0.0).tolist() == WITH_A_OR_C
    assert np.delete(found, WITH_A_OR_C) == pytest.approx(1 / (len(PIECES) - len(WITH_A_OR_C)))
    assert even == pytest.approx(1 / len(PIECES))


def test_a_distribution_without_other_tokens_is_returned_unchanged() -> None:
    certain = np.eye(len(PIECES))[0]
    assert ExcludedTokens(TinyModel(), "a").apply(certain) is certain


@pytest.mark.slow
def test_sampling_follows_fusion_without_the_excluded_tokens() -> None:
    verifier = CachingVerifier(tiny_verifier(TinyScorer()))
    parameters, excluded = SamplingParameters(), ExcludedTokens(TinyModel(), "b")
    counts = Counter(sample_texts(Mixture(), 2, verifier, parameters, 600, excluded=excluded))
    assert p_value(counts, exact_probabilities(Mixture(), parameters, excluded=excluded)) > 0.01
    assert p_value(counts, exact_probabilities(Mixture(), parameters)) < 1e-6


def test_the_decoder_excludes_the_characters_of_the_options() -> None:
    def written(excluded: str) -> str:
        decoder = FusedDecoder(TinyModel(ends=False), operator="mean")
        options = GenerationOptions(max_tokens=24, temperature=0.0, excluded=excluded)
        verifier = tiny_verifier(TinyScorer())
        return "".join(token.text for token in decoder.stream(MESSAGES, verifier, options))

    assert "a" in written("")
    assert "a" not in written("a")
