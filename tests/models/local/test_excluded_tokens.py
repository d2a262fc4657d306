"""Tokens that a text must not hold: never chosen, and fusion of the rest stays exact."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from support.many_texts import Remembering, draws, exact, p_value
from support.tiny_models import MESSAGES, PIECES, TinyModel, TinyScorer, tiny_verifier

from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.operators import Mixture
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.models.local.sampling import Shape
from cogenesis_langchain.models.local.token_exclusion import ExcludedTokens

HOLD_A_OR_C = [0, 2, 4]
"""Ids of the tiny model's tokens that hold an a or a c."""


def test_tokens_with_a_character_lose_everything_and_the_rest_is_normalised() -> None:
    even = np.full(len(PIECES), 1 / len(PIECES))
    found = ExcludedTokens(TinyModel(), "ac").apply(even)
    assert np.flatnonzero(found == 0.0).tolist() == HOLD_A_OR_C
    assert np.delete(found, HOLD_A_OR_C) == pytest.approx(1 / (len(PIECES) - len(HOLD_A_OR_C)))
    assert even == pytest.approx(1 / len(PIECES))


def test_where_nothing_else_is_likely_nothing_changes() -> None:
    certain = np.eye(len(PIECES))[0]
    assert ExcludedTokens(TinyModel(), "a").apply(certain) is certain


def test_sampling_without_them_follows_the_fusion_without_them() -> None:
    verifier = Remembering(tiny_verifier(TinyScorer()))
    shape, excluded = Shape(), ExcludedTokens(TinyModel(), "b")
    counts = Counter(draws(Mixture(), 2, verifier, shape, 600, excluded=excluded))
    assert p_value(counts, exact(Mixture(), shape, excluded=excluded)) > 0.01
    assert p_value(counts, exact(Mixture(), shape)) < 1e-6


def test_the_decoder_keeps_to_the_options() -> None:
    def written(excluded: str) -> str:
        decoder = FusedDecoder(TinyModel(ends=False))
        options = GenerationOptions(max_tokens=24, temperature=0.0, excluded=excluded)
        verifier = tiny_verifier(TinyScorer())
        return "".join(token.text for token in decoder.stream(MESSAGES, verifier, options))

    assert "a" in written("")
    assert "a" not in written("a")
