"""Writes texts by fused decoding with the tiny models."""

from __future__ import annotations

from collections.abc import Sequence

from support.tiny_models import (
    BASELINE_MESSAGES,
    MESSAGES,
    TinyModel,
    TinyScorer,
    tiny_verifier,
)

from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.trace import FusedToken
from cogenesis_langchain.models.base import (
    GenerationOptions,
)

GREEDY = GenerationOptions(max_tokens=40, temperature=0.0)


def write(
    options: GenerationOptions = GREEDY,
    *,
    operator: Operator | str = "mean",
    model: TinyModel | None = None,
    scorer: TinyScorer | None = None,
) -> list[FusedToken]:
    model = model or TinyModel()
    decoder = FusedDecoder(model, operator=operator, baseline=TinyModel())
    stream = decoder.stream(
        MESSAGES,
        tiny_verifier(scorer or TinyScorer()),
        options,
        baseline_messages=BASELINE_MESSAGES,
    )
    return list(stream)


def ids(tokens: Sequence[FusedToken]) -> list[int]:
    return [token.id for token in tokens]
