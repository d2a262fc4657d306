"""Where the cloud model would leave a blank: it has no say there, and only there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cogenesis_langchain.fusion.blank_filter import BlankFilter, opens_blank
from cogenesis_langchain.fusion.verifier import CloudView
from cogenesis_langchain.models.base import TopK

PIECES = (b"Dear", b" [", b" Mrs", b"____", b"{", b"x[")
LOCAL = np.full(len(PIECES), 1 / len(PIECES))


def decode(ids: Sequence[int]) -> bytes:
    return b"".join(PIECES[token] for token in ids)


def top(*tokens: int) -> TopK:
    """The first one is the likeliest."""
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
def test_a_blank_is_known_by_the_likeliest_token(answer: TopK, blank: bool) -> None:
    assert opens_blank(answer, decode) is blank


class Told:
    """Answers every position with the next of these."""

    end_tokens = frozenset({5})

    def __init__(self, *answers: TopK | None) -> None:
        self._answers = answers

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        return [lambda _, answer=answer: answer for answer in self._answers]  # type: ignore[misc]


def test_only_blanks_are_passed_over() -> None:
    verifier = BlankFilter(Told(top(2, 1), top(1, 2), None), decode)
    heard = [view(LOCAL) for view in verifier.verify((0,), (1, 2))]
    assert heard[0] is not None and heard[0].ids.tolist() == [2, 1]
    assert heard[1:] == [None, None]
    assert verifier.end_tokens == {5}
