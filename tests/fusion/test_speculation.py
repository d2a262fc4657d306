from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import pytest
from scipy.stats import chisquare
from tiny import OPERATORS, PIECES, TinyModel, TinyScorer, TokenByToken, local_side, tiny_judge

from cogenesis_langchain.fusion.judge import TokenJudge, View
from cogenesis_langchain.fusion.operators import Mixture, Operator, Probabilities, complete
from cogenesis_langchain.fusion.sampling import Choice, Greedy, Sampled, Shape
from cogenesis_langchain.fusion.speculation import Speculation
from cogenesis_langchain.models.base import TopK

LENGTH = 3
DRAWS = int(os.environ.get("COGENESIS_DRAWS", "600"))
"""The proof in `bench_exactness.py` sets 100,000."""


class Remembering:
    """A judge that answers each position once; the tiny models never change their mind."""

    def __init__(self, judge: TokenJudge) -> None:
        self._one = cache(lambda ids: judge.judge(ids, ())[0])

    def judge(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        ids = (*written, *block)
        return [self._one(ids[: len(written) + count]) for count in range(len(block) + 1)]


class Leaky(Remembering):
    """The trap: the drafted token's own probability is used where it is not in the top-k."""

    def __init__(self, judge: TokenJudge, whole: TokenJudge) -> None:
        super().__init__(judge)
        self._all = cache(lambda ids: whole.judge(ids, ())[0])

    def judge(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        views = super().judge(written, block)
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
    speculation: Speculation, judge: Remembering, size: int, length: int
) -> list[int]:
    """Rounds of a fixed block length, without requests or threads."""
    while len(speculation.written) < length:
        while len(speculation.drafts) < size + 1:
            speculation.draft()
        block = [draft.token for draft in speculation.drafts[:size]]
        for view in judge.judge(speculation.written, block):
            if not speculation.settle(view).accepted:
                break
    return speculation.written[:length]


def draws(
    operator: Operator, size: int, judge: Remembering, shape: Shape, count: int
) -> Iterator[tuple[int, ...]]:
    side = local_side(TinyModel())
    once = cache(side.after)
    side.after = lambda written: once(tuple(written))  # type: ignore[method-assign]
    for seed in range(count):
        speculation = Speculation(side, operator, Sampled(shape, seed))
        yield tuple(written_in_blocks(speculation, judge, size, LENGTH))


def exact(operator: Operator, shape: Shape) -> dict[tuple[int, ...], float]:
    """Probability of every text of `LENGTH` tokens under token-by-token fusion."""
    reference = TokenByToken(operator, TinyModel(), tiny_judge(TinyScorer()))
    texts: dict[tuple[int, ...], float] = {(): 1.0}
    for _ in range(LENGTH):
        texts = {
            (*text, token): mass * float(step)
            for text, mass in texts.items()
            for token, step in enumerate(shape.apply(reference.distribution(text)))
            if step > 0.0
        }
    return texts


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


@pytest.mark.parametrize("size", [0, 1, 4])
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_block_sampling_follows_token_by_token_fusion(operator: Operator, size: int) -> None:
    judge = Remembering(tiny_judge(TinyScorer()))
    shape = Shape()
    counts = Counter(draws(operator, size, judge, shape, DRAWS))
    assert p_value(counts, exact(operator, shape)) > 0.01


def test_sharpened_sampling_follows_the_sharpened_fusion() -> None:
    judge = Remembering(tiny_judge(TinyScorer()))
    shape = Shape(temperature=0.7, top_k=5, top_p=0.9)
    counts = Counter(draws(Mixture(), 2, judge, shape, DRAWS))
    assert p_value(counts, exact(Mixture(), shape)) > 0.01


def test_the_top_k_trap_is_caught() -> None:
    """Control: a server's extra entry for the drafted token, if it is used, breaks exactness."""
    leaky = Leaky(tiny_judge(TinyScorer(), k=2), tiny_judge(TinyScorer(), k=len(PIECES)))
    honest = Remembering(tiny_judge(TinyScorer(), k=2))
    reference = TokenByToken(Mixture(), TinyModel(), tiny_judge(TinyScorer(), k=2))
    shape = Shape()
    first: dict[tuple[int, ...], float] = {
        (t,): float(p) for t, p in enumerate(reference.distribution(()))
    }

    def first_tokens(judge: Remembering) -> Counter[tuple[int, ...]]:
        return Counter(text[:1] for text in draws(Mixture(), 2, judge, shape, 4_000))

    assert p_value(first_tokens(honest), first) > 0.01
    assert p_value(first_tokens(leaky), first) < 1e-6


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_greedy_blocks_write_what_token_by_token_fusion_writes(operator: Operator) -> None:
    judge = tiny_judge(TinyScorer())
    reference = TokenByToken(operator, TinyModel(), judge)
    wanted: list[int] = []
    for _ in range(40):
        wanted.append(int(reference.distribution(wanted).argmax()))
    for size in (0, 1, 3, 8):
        speculation = Speculation(local_side(TinyModel()), operator, Greedy())
        assert written_in_blocks(speculation, Remembering(judge), size, 40) == wanted


@pytest.mark.parametrize("choice", [Greedy(), Sampled(Shape(temperature=0.8), 11)])
def test_the_text_does_not_depend_on_the_block_length(choice: Choice) -> None:
    judge = Remembering(tiny_judge(TinyScorer()))
    texts = {
        tuple(
            written_in_blocks(
                Speculation(local_side(TinyModel()), Mixture(), choice), judge, size, 60
            )
        )
        for size in (0, 1, 2, 5, 9)
    }
    assert len(texts) == 1


def test_drafts_behind_a_correction_are_discarded_and_others_kept() -> None:
    speculation = Speculation(local_side(TinyModel()), Mixture(), Greedy())
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
