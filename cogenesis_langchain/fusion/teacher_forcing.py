"""Teacher forcing: the probability of each token of a known text, given those before.

Models and fusion operators are thus compared on the same positions, without sampling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.fusion.verification.blank_filter import opens_blank
from cogenesis_langchain.fusion.verification.verifier import DEFAULT_K
from cogenesis_langchain.models.base import LogProbs, PrivateMessage, TokenModel
from cogenesis_langchain.models.decoding.logits import top_k
from cogenesis_langchain.models.scoring.scores import TopK

_T = TypeVar("_T")
TokenProbabilities: TypeAlias = NDArray[np.float64]
"""Probability of each token of a text; shape (tokens,)."""

_TINY: Final = 1e-300
"""Smallest probability of a token, so that every likelihood is finite."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts of the local model with and without private context, and of the cloud model."""

    local: Sequence[PrivateMessage]
    baseline: Sequence[PrivateMessage]
    cloud: Sequence[PrivateMessage]


@dataclass(frozen=True, slots=True)
class FusedReading:
    """The probabilities of a text under both models and their fusions.

    Attributes:
        local: ``p_s``, the local model with the private context.
        cloud: The cloud model's own probabilities.
        cloud_completed: ``p_l``, its top-k completed by the local model's tail.
        fused: Operators to ``p_c``, which is ``p_s`` where the cloud would leave a blank.
    """

    local: TokenProbabilities
    cloud: TokenProbabilities
    cloud_completed: TokenProbabilities
    fused: dict[str, TokenProbabilities]


def read_text(
    model: TokenModel, prompt: Sequence[PrivateMessage], text: Sequence[int]
) -> TokenProbabilities:
    """Read a text of at least one token, after a prompt, with one model.

    Raises:
        ContextTooLong: Prompt and text do not fit its window.
    """
    wanted = iter(text)
    found = _read(model, prompt, text, lambda logprobs: float(logprobs[next(wanted)]))
    return np.maximum(np.exp(np.array(found, dtype=np.float64)), _TINY)


def read_fused(
    local: TokenModel,
    cloud: TokenModel,
    prompts: Prompts,
    text: Sequence[int],
    operators: Sequence[Operator],
    k: int = DEFAULT_K,
) -> FusedReading:
    """Read a text with both models and fuse them at each token.

    The local model's distributions are kept until the text is read: 78 MB for 128 tokens and a
    vocabulary of 152,000, twice that if an operator needs the baseline.

    Args:
        local: The local model.
        cloud: The cloud model, with the same tokens.
        prompts: What they read before.
        text: Token ids, at least one.
        operators: How to fuse.
        k: Number of tokens per position that the cloud model reports.

    Raises:
        ContextTooLong: A prompt and the text do not fit a model's window.
    """
    needs_baseline = any(operator.needs_baseline for operator in operators)
    rows, gold = [], []
    for one in read_positions(local, cloud, prompts, text, k, with_baseline=needs_baseline):
        alone = one.position.local[one.token]
        fused = (
            alone if one.is_blank else operator.fuse(one.position).probabilities[one.token]
            for operator in operators
        )
        rows.append([alone, one.position.cloud[one.token], *fused])
        gold.append(one.cloud)
    columns = np.maximum(np.array(rows, dtype=np.float64), _TINY).T
    return FusedReading(
        local=columns[0],
        cloud=np.maximum(np.array(gold), _TINY),
        cloud_completed=columns[1],
        fused={one.name: column for one, column in zip(operators, columns[2:], strict=True)},
    )


@dataclass(frozen=True, slots=True)
class KnownPosition:
    """A position of a known text.

    Attributes:
        token: The token that follows.
        position: The distributions of both sides.
        cloud: The cloud model's own probability of the token.
        is_blank: Whether the cloud model would leave a blank here.
    """

    token: int
    position: Position
    cloud: float
    is_blank: bool


def read_positions(
    local: TokenModel,
    cloud: TokenModel,
    prompts: Prompts,
    text: Sequence[int],
    k: int = DEFAULT_K,
    *,
    with_baseline: bool = False,
) -> Iterator[KnownPosition]:
    """Read a text with both models; see `read_fused`.

    Raises:
        ContextTooLong: A prompt and the text do not fit a model's window.
    """
    size = local.vocabulary_size
    with_context = _read(local, prompts.local, text, np.copy)
    baselines: list[LogProbs] | list[None] = [None] * len(text)
    if with_baseline:
        baselines = _read(local, prompts.baseline, text, np.copy)
    wanted = iter(text)

    def told(logprobs: LogProbs) -> tuple[float, TopK]:
        return float(logprobs[next(wanted)]), top_k(logprobs[:size], k)

    answers = _read(cloud, prompts.cloud, text, told)
    for token, own, bare, (gold, topk) in zip(text, with_context, baselines, answers, strict=True):
        yield KnownPosition(
            token, _position(own, bare, topk), math.exp(gold), opens_blank(topk, local.decode)
        )


def _position(local: LogProbs, baseline: LogProbs | None, topk: TopK) -> Position:
    own = np.exp(local.astype(np.float64))
    bare = None if baseline is None else np.exp(baseline.astype(np.float64))
    return Position(own, complete(topk, own), bare)


def _read(
    model: TokenModel,
    prompt: Sequence[PrivateMessage],
    text: Sequence[int],
    reduce: Callable[[LogProbs], _T],
) -> list[_T]:
    ids = model.encode_chat(prompt)
    return model.read([*ids, *text[:-1]], len(ids), reduce)
