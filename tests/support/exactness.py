"""Statistical test that decoding in blocks follows token-by-token fusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Protocol

import numpy as np
from scipy.stats import chisquare
from support.tiny_models import TinyModel, TinyScorer, TokenByTokenFusion, local_side, tiny_verifier

from cogenesis_langchain.fusion.blocks.speculation import Speculation
from cogenesis_langchain.fusion.blocks.speculative_sampling import SpeculativeSampler
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.settled_token import SettledToken
from cogenesis_langchain.fusion.verification.verifier import CloudView, TokenVerifier
from cogenesis_langchain.models.base import Probabilities
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.models.decoding.token_exclusion import ExcludedTokens
from cogenesis_langchain.models.scoring.scores import TopK

LENGTH = 3
NO_PENALTY = PresencePenalty(0.0)


class BlockVerifier(Protocol):
    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]: ...


class CachingVerifier:
    """A verifier that asks for each position once; the tiny models are deterministic."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._view = cache(lambda ids: verifier.verify(ids, ())[0])

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        ids = (*written, *block)
        return [self._view(ids[: len(written) + count]) for count in range(len(block) + 1)]


class LeakyVerifier(CachingVerifier):
    """A control that adds the drafted token's own probability where it is not in the top-k."""

    def __init__(self, verifier: TokenVerifier, full: TokenVerifier) -> None:
        super().__init__(verifier)
        self._full = cache(lambda ids: full.verify(ids, ())[0])

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        views = super().verify(written, block)
        return [
            self._with_draft(view, self._full((*written, *block[:index])), token)
            for index, (view, token) in enumerate(zip(views, block, strict=False))
        ] + views[len(block) :]

    @staticmethod
    def _with_draft(view: CloudView, full: CloudView, token: int) -> CloudView:
        def leaking(local: Probabilities) -> TopK | None:
            top, every_token = view(local), full(local)
            assert top is not None and every_token is not None
            if token in top.ids:
                return top
            own = every_token.logprobs[every_token.ids == token]
            return TopK(np.append(top.ids, token), np.append(top.logprobs, own))

        return leaking


def write_in_blocks(
    speculation: Speculation,
    verifier: BlockVerifier,
    size: int,
    length: int,
    on_settled: Callable[[SettledToken], object] = lambda settled: None,
) -> list[int]:
    """Write on, with a fixed block length, until the text has this many tokens.

    Args:
        speculation: The text so far.
        verifier: The cloud side.
        size: Tokens per block.
        length: Tokens of the whole text; a few more may be settled.
        on_settled: Called with each settled token.

    Returns:
        The first ``length`` tokens.
    """
    while len(speculation.written) < length:
        while len(speculation.drafts) < size + 1:
            speculation.draft()
        block = [draft.token for draft in speculation.drafts[:size]]
        for view in verifier.verify(speculation.written, block):
            settled = speculation.settle(view)
            on_settled(settled)
            if not settled.accepted:
                break
    return speculation.written[:length]


def sample_texts(
    operator: Operator,
    size: int,
    verifier: CachingVerifier,
    parameters: SamplingParameters,
    count: int,
    penalty: PresencePenalty = NO_PENALTY,
    excluded: ExcludedTokens | None = None,
) -> Iterator[tuple[int, ...]]:
    """Sample one text per seed.

    Each block length has its own seeds, so that the samples are independent.
    """
    side = local_side(TinyModel())
    cached = cache(side.after)
    side.after = lambda written: cached(tuple(written))  # type: ignore[method-assign]
    for seed in range(size * count, (size + 1) * count):
        speculation = Speculation(
            side, operator, SpeculativeSampler(parameters, seed), penalty, excluded
        )
        yield tuple(write_in_blocks(speculation, verifier, size, LENGTH))


def exact_probabilities(
    operator: Operator,
    parameters: SamplingParameters,
    penalty: PresencePenalty = NO_PENALTY,
    excluded: ExcludedTokens | None = None,
    verifier: TokenVerifier | None = None,
) -> dict[tuple[int, ...], float]:
    """Probability of every text of `LENGTH` tokens under token-by-token fusion."""
    verifier = verifier or tiny_verifier(TinyScorer())
    reference = TokenByTokenFusion(operator, TinyModel(), verifier)
    texts: dict[tuple[int, ...], float] = {(): 1.0}

    def allowed(text: tuple[int, ...]) -> Probabilities:
        penalised = penalty.apply(reference.distribution(text), text)
        return penalised if excluded is None else excluded.apply(penalised)

    for _ in range(LENGTH):
        texts = {
            (*text, token): mass * float(step)
            for text, mass in texts.items()
            for token, step in _steps(parameters, allowed(text))
        }
    return texts


def _steps(
    parameters: SamplingParameters, distribution: Probabilities
) -> Iterator[tuple[int, float]]:
    """Tokens that can come next, with their probabilities."""
    candidates = parameters.apply(distribution)
    return zip(candidates.ids.tolist(), candidates.probabilities.tolist(), strict=True)


def p_value(counts: Counter[tuple[int, ...]], expected: dict[tuple[int, ...], float]) -> float:
    """Chi-square goodness-of-fit test; cells with fewer than five expected counts are pooled."""
    total = sum(counts.values())
    assert set(counts) <= set(expected), "a text was sampled that has probability 0"
    rare = [text for text, mass in expected.items() if mass * total < 5.0]
    cells = [(counts[text], mass * total) for text, mass in expected.items() if text not in rare]
    if rare:
        cells.append((sum(counts[t] for t in rare), sum(expected[t] for t in rare) * total))
    observed, wanted = np.array(cells).T
    return float(chisquare(observed, wanted).pvalue)
