"""Writing many texts in blocks, and the test of whether they follow token-by-token fusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

import numpy as np
from scipy.stats import chisquare
from support.tiny_models import TinyModel, TinyScorer, TokenByToken, local_side, tiny_verifier

from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.sampling import Sampled
from cogenesis_langchain.fusion.speculation import Speculation
from cogenesis_langchain.fusion.verifier import TokenVerifier, View
from cogenesis_langchain.models.base import Probabilities, TopK
from cogenesis_langchain.models.local.sampling import Shape
from cogenesis_langchain.models.local.token_exclusion import ExcludedTokens

LENGTH = 3
NO_PENALTY = PresencePenalty(0.0)


class BlockVerifier(Protocol):
    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[View]: ...


class Remembering:
    """A verifier that answers each position once; the tiny models never change their mind."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._one = cache(lambda ids: verifier.verify(ids, ())[0])

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        ids = (*written, *block)
        return [self._one(ids[: len(written) + count]) for count in range(len(block) + 1)]


class Leaky(Remembering):
    """The trap: the drafted token's own probability is used where it is not in the top-k."""

    def __init__(self, verifier: TokenVerifier, whole: TokenVerifier) -> None:
        super().__init__(verifier)
        self._all = cache(lambda ids: whole.verify(ids, ())[0])

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        views = super().verify(written, block)
        return [
            self._with_draft(view, self._all((*written, *block[:index])), token)
            for index, (view, token) in enumerate(zip(views, block, strict=False))
        ] + views[len(block) :]

    @staticmethod
    def _with_draft(view: View, whole: View, token: int) -> View:
        def leaking(local: Probabilities) -> TopK | None:
            top, known = view(local), whole(local)
            assert top is not None and known is not None
            if token in top.ids:
                return top
            own = known.logprobs[known.ids == token]
            return TopK(np.append(top.ids, token), np.append(top.logprobs, own))

        return leaking


def written_in_blocks(
    speculation: Speculation, verifier: BlockVerifier, size: int, length: int
) -> list[int]:
    """Rounds of a fixed block length, without requests or threads."""
    while len(speculation.written) < length:
        while len(speculation.drafts) < size + 1:
            speculation.draft()
        block = [draft.token for draft in speculation.drafts[:size]]
        for view in verifier.verify(speculation.written, block):
            if not speculation.settle(view).accepted:
                break
    return speculation.written[:length]


def draws(
    operator: Operator,
    size: int,
    verifier: Remembering,
    shape: Shape,
    count: int,
    penalty: PresencePenalty = NO_PENALTY,
    excluded: ExcludedTokens | None = None,
) -> Iterator[tuple[int, ...]]:
    """Texts of as many seeds; each block length has seeds of its own."""
    side = local_side(TinyModel())
    once = cache(side.after)
    side.after = lambda written: once(tuple(written))  # type: ignore[method-assign]
    for seed in range(size * count, (size + 1) * count):
        speculation = Speculation(side, operator, Sampled(shape, seed), penalty, excluded)
        yield tuple(written_in_blocks(speculation, verifier, size, LENGTH))


def exact(
    operator: Operator,
    shape: Shape,
    penalty: PresencePenalty = NO_PENALTY,
    excluded: ExcludedTokens | None = None,
) -> dict[tuple[int, ...], float]:
    """Probability of every text of `LENGTH` tokens under token-by-token fusion."""
    reference = TokenByToken(operator, TinyModel(), tiny_verifier(TinyScorer()))
    texts: dict[tuple[int, ...], float] = {(): 1.0}

    def allowed(text: tuple[int, ...]) -> Probabilities:
        penalised = penalty.apply(reference.distribution(text), text)
        return penalised if excluded is None else excluded.apply(penalised)

    for _ in range(LENGTH):
        texts = {
            (*text, token): mass * float(step)
            for text, mass in texts.items()
            for token, step in _steps(shape, allowed(text))
        }
    return texts


def _steps(shape: Shape, distribution: Probabilities) -> Iterator[tuple[int, float]]:
    """Tokens that can come next, and their probabilities."""
    candidates = shape.apply(distribution)
    return zip(candidates.ids.tolist(), candidates.probabilities.tolist(), strict=True)


def p_value(counts: Counter[tuple[int, ...]], expected: dict[tuple[int, ...], float]) -> float:
    """Chi-square test of goodness of fit; cells that expect fewer than five are pooled."""
    total = sum(counts.values())
    assert set(counts) <= set(expected), "a text came out that fusion gives no probability"
    rare = [text for text, mass in expected.items() if mass * total < 5.0]
    cells = [(counts[text], mass * total) for text, mass in expected.items() if text not in rare]
    if rare:
        cells.append((sum(counts[t] for t in rare), sum(expected[t] for t in rare) * total))
    observed, wanted = np.array(cells).T
    return float(chisquare(observed, wanted).pvalue)
