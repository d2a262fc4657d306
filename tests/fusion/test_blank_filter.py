"""The cloud's vote is ignored where its top token opens a blank, and only there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cogenesis_langchain.fusion.verification.blank_filter import BlankFilter, opens_blank
from cogenesis_langchain.fusion.verification.verifier import CloudView
from cogenesis_langchain.models.scoring.scores import TopK

PIECES = (b"Dear", b" [", b" Mrs", b"____", b"{", b"x[")
LOCAL = np.full(len(PIECES), 1 / len(PIECES))


def decode(ids: Sequence[int]) -> bytes:
    return b"".join(PIECES[token] for token in ids)


def top(*tokens: int) -> TopK:
    """A top-k; the first token is the most probable."""
    return TopK(np.array(tokens), np.log(0.5 ** np.arange(1, len(tokens) + 1)))


@pytest.mark.parametrize(
    ("answer", "blank"),
    [
        (top(1, 2), True),
        (top(3), True),
        (top(4, 0), True),
        (top(2, 1), False),
        (top(0), False),
        (top(5), False),
        (TopK(np.array([2, 1]), np.log([0.3, 0.6])), True),
    ],
)
def test_a_blank_is_recognised_by_the_most_probable_token(answer: TopK, blank: bool) -> None:
    assert opens_blank(answer, decode) is blank


class FixedAnswers:
    """A verifier that answers the positions in order with fixed top-k."""

    end_tokens = frozenset({5})

    def __init__(self, *answers: TopK | None) -> None:
        self._answers = answers

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        return [lambda _, answer=answer: answer for answer in self._answers]  # type: ignore[misc]

    def shown(self, written: Sequence[int], block: Sequence[int]) -> Sequence[int] | None:
        return (*written, *block)


def test_only_the_positions_of_blanks_are_dropped() -> None:
    verifier = BlankFilter(FixedAnswers(top(2, 1), top(1, 2), None), decode)
    answers = [view(LOCAL) for view in verifier.verify((0,), (1, 2))]
    assert answers[0] is not None and answers[0].ids.tolist() == [2, 1]
    assert answers[1:] == [None, None]
    assert verifier.end_tokens == {5}
    assert verifier.shown((0,), (1, 2)) == (0, 1, 2)
