"""What models make of a known text: the probability of each of its tokens, given those before.

Read so, models and ways to fuse them compare on the same positions, without sampling and without
a verifier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from cogenesis_langchain.fusion.blank_filter import opens_blank
from cogenesis_langchain.fusion.operators import Operator, Position, complete
from cogenesis_langchain.fusion.verifier import DEFAULT_K
from cogenesis_langchain.models.base import LogProbs, PrivateMessage, TopK
from cogenesis_langchain.models.local.logits import top_k

_T = TypeVar("_T")
TokenProbabilities: TypeAlias = NDArray[np.float64]
"""Probability of each token of a text; shape (tokens,)."""

_TINY: Final = 1e-300
"""Least probability of a token, so that every likelihood is a number."""


class SequenceReader(Protocol):
    """A model whose distributions over a known sequence can be read, such as `LlamaCppTokens`."""

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids."""
        ...

    def encode(self, text: bytes) -> list[int]:
        """Token ids of plain text."""
        ...

    def decode(self, ids: Sequence[int]) -> bytes:
        """Bytes of these tokens."""
        ...

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        """Token ids of a prompt, up to where the assistant's turn begins."""
        ...

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], _T]) -> list[_T]:
        """Reduce the log-probabilities after ``ids[:i]``, for each i in start..len(ids)."""
        ...


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts before the text.

    Attributes:
        local: By the local model: with the private context.
        baseline: By the local model: without it.
        cloud: By the cloud model: the general instruction alone.
    """

    local: Sequence[PrivateMessage]
    baseline: Sequence[PrivateMessage]
    cloud: Sequence[PrivateMessage]


@dataclass(frozen=True, slots=True)
class FusedReading:
    """The probabilities of a text under both models and their fusions.

    Attributes:
        local: ``p_s``, the local model with the private context.
        cloud: The cloud model's own probabilities.
        cloud_completed: ``p_l``: its top-k, completed by the local model's tail.
        fused: ``p_c`` of each operator, by its name; ``p_s`` where the cloud would leave a blank.
    """

    local: TokenProbabilities
    cloud: TokenProbabilities
    cloud_completed: TokenProbabilities
    fused: dict[str, TokenProbabilities]


def read_text(
    model: SequenceReader, prompt: Sequence[PrivateMessage], text: Sequence[int]
) -> TokenProbabilities:
    """Read a text with one model.

    Args:
        model: The model.
        prompt: What it reads before.
        text: Token ids, at least one.

    Raises:
        ContextTooLong: Prompt and text do not fit its window.
    """
    wanted = iter(text)
    found = _read(model, prompt, text, lambda logprobs: float(logprobs[next(wanted)]))
    return np.maximum(np.exp(np.array(found, dtype=np.float64)), _TINY)


def read_fused(
    local: SequenceReader,
    cloud: SequenceReader,
    prompts: Prompts,
    text: Sequence[int],
    operators: Sequence[Operator],
    k: int = DEFAULT_K,
) -> FusedReading:
    """Read a text with both models and fuse them at each token.

    The local model's distributions are kept whole until the text is read: tokens times vocabulary
    in single precision, twice where an operator needs the baseline; 78 MB each for 128 tokens of a
    vocabulary of 152,000.

    Args:
        local: The local model.
        cloud: The cloud model; it has the same tokens.
        prompts: What they read before.
        text: Token ids, at least one.
        operators: Ways to fuse.
        k: Tokens a position that the cloud model tells of.

    Raises:
        ContextTooLong: A prompt and the text do not fit a model's window.
    """
    size = local.vocabulary_size
    with_context = _read(local, prompts.local, text, np.copy)
    baselines: list[LogProbs] | list[None] = [None] * len(text)
    if any(operator.needs_baseline for operator in operators):
        baselines = _read(local, prompts.baseline, text, np.copy)
    wanted = iter(text)

    def told(logprobs: LogProbs) -> tuple[float, TopK]:
        return float(logprobs[next(wanted)]), top_k(logprobs[:size], k)

    answers = _read(cloud, prompts.cloud, text, told)
    rows = []
    for token, own, bare, (_, topk) in zip(text, with_context, baselines, answers, strict=True):
        position = _position(own, bare, topk)
        alone = position.local[token]
        silent = opens_blank(topk, local.decode)
        fused = (
            alone if silent else operator.fuse(position).probabilities[token]
            for operator in operators
        )
        rows.append([alone, position.cloud[token], *fused])
    columns = np.maximum(np.array(rows, dtype=np.float64), _TINY).T
    gold = np.exp(np.array([logprob for logprob, _ in answers], dtype=np.float64))
    return FusedReading(
        local=columns[0],
        cloud=np.maximum(gold, _TINY),
        cloud_completed=columns[1],
        fused={one.name: column for one, column in zip(operators, columns[2:], strict=True)},
    )


def _position(local: LogProbs, baseline: LogProbs | None, topk: TopK) -> Position:
    own = np.exp(local.astype(np.float64))
    bare = None if baseline is None else np.exp(baseline.astype(np.float64))
    return Position(own, complete(topk, own), bare)


def _read(
    model: SequenceReader,
    prompt: Sequence[PrivateMessage],
    text: Sequence[int],
    reduce: Callable[[LogProbs], _T],
) -> list[_T]:
    ids = model.encode_chat(prompt)
    return model.read([*ids, *text[:-1]], len(ids), reduce)
