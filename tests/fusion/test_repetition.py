from __future__ import annotations

import math

import numpy as np
import pytest
from support.tiny_models import MESSAGES, TinyModel, TinyScorer, tiny_verifier

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.models.base import GenerationOptions

EVEN = np.full(4, 0.25)


def test_a_repeated_token_is_penalised_once_and_the_result_is_normalised() -> None:
    found = PresencePenalty(math.log(2.0)).apply(EVEN, [3, 3, 1])
    assert found == pytest.approx(np.array([2, 1, 2, 1]) / 6)
    assert pytest.approx(0.25) == EVEN


def test_only_the_window_counts() -> None:
    penalty = PresencePenalty(math.log(2.0), window=2)
    assert penalty.apply(EVEN, [0, 1, 2]) == pytest.approx(np.array([2, 1, 1, 2]) / 6)


@pytest.mark.parametrize("text", [[], [1]])
def test_without_text_or_penalty_nothing_changes(text: list[int]) -> None:
    nats = 0.0 if text else 1.0
    assert PresencePenalty(nats).apply(EVEN, text) is EVEN


@pytest.mark.parametrize("nats", [-1.0, math.inf, math.nan])
def test_a_penalty_out_of_range_is_refused(nats: float) -> None:
    with pytest.raises(FusionError, match="presence penalty"):
        FusedDecoder(TinyModel(), operator="mean", presence_penalty=nats)


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(FusionError, match="window"):
        PresencePenalty(window=0)


def test_the_decoder_penalises_written_tokens() -> None:
    def written(nats: float) -> list[int]:
        decoder = FusedDecoder(TinyModel(ends=False), operator="mean", presence_penalty=nats)
        options = GenerationOptions(max_tokens=8, temperature=0.0)
        verifier = tiny_verifier(TinyScorer())
        return [token.id for token in decoder.stream(MESSAGES, verifier, options)]

    assert len(set(written(20.0))) == 8 > len(set(written(0.0)))
