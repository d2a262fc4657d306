from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_models import TinyModel

from cogenesis_langchain.fusion.verification.alignment import MIN_COVERED_MASS, Alignment
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK

PIECES = (b"r", b"e", b"s", b"t", b" ", b" re", b" rest", b" resting", b"st", b"\xff", b"")
END = len(PIECES) - 1


class Words(TinyModel):
    """A model with a vocabulary of word pieces."""

    vocabulary_size = len(PIECES)
    end_tokens = frozenset({END})

    def decode(self, ids: Sequence[int]) -> bytes:
        return b"".join(PIECES[token] for token in ids)


ALIGNMENT = Alignment(Words())
LOCAL = np.array([0.05, 0.05, 0.05, 0.05, 0.1, 0.1, 0.3, 0.1, 0.1, 0.0, 0.1])


def project(
    *pairs: tuple[bytes, float], end: float | None = None, local: object = LOCAL
) -> dict[bytes, float]:
    strings = tuple(text for text, _ in pairs)
    cloud = StringTopK(
        strings, np.log([mass for _, mass in pairs]), None if end is None else float(np.log(end))
    )
    assert isinstance(local, np.ndarray)
    topk = ALIGNMENT.project(cloud, local)
    return {} if topk is None else masses(topk)


def masses(topk: TopK) -> dict[bytes, float]:
    return {
        PIECES[int(token)] or b"<end>": float(np.exp(logprob))
        for token, logprob in zip(topk.ids, topk.logprobs, strict=True)
    }


def test_a_string_that_is_a_local_token_keeps_its_mass() -> None:
    assert project((b" rest", 0.7), (b"e", 0.1)) == pytest.approx({b" rest": 0.7, b"e": 0.1})


def test_a_longer_string_maps_to_its_longest_prefix_token() -> None:
    assert project((b" restore", 0.8)) == pytest.approx({b" rest": 0.8})


def test_a_string_that_longer_tokens_start_with_is_shared_in_proportion_to_the_local_model() -> (
    None
):
    shared = project((b" res", 0.5))
    assert shared == pytest.approx({b" rest": 0.3, b" resting": 0.1, b" re": 0.1})


def test_the_masses_of_two_strings_on_one_token_add_up() -> None:
    assert project((b" restore", 0.5), (b" rest", 0.3)) == pytest.approx({b" rest": 0.8})


def test_the_clouds_end_of_turn_maps_to_the_local_end_token() -> None:
    assert project((b"e", 0.5), end=0.4) == pytest.approx({b"e": 0.5, b"<end>": 0.4})


def test_a_string_that_ends_inside_a_character_is_projected() -> None:
    assert project((b"e\xc3", 0.5)) == pytest.approx({b"e": 0.5})


def test_a_string_without_a_prefix_token_is_dropped() -> None:
    assert project((b"xyz", 0.5), (b"e", 0.4)) == pytest.approx({b"e": 0.4})


def test_a_string_whose_tokens_have_local_probability_zero_maps_to_its_prefix_token() -> None:
    only = np.zeros(len(PIECES))
    only[0] = 1.0
    assert project((b" res", 0.5), local=only) == pytest.approx({b" re": 0.5})


def test_a_string_of_the_highest_byte_is_projected() -> None:
    assert project((b"\xff\xff", 0.5)) == pytest.approx({b"\xff": 0.5})


def test_too_little_projected_mass_leaves_the_position_to_the_local_model() -> None:
    assert project((b"", 0.7), (b"e", MIN_COVERED_MASS / 2)) == {}
    assert project((b"", 0.7), (b"e", MIN_COVERED_MASS * 1.1)) != {}


def test_most_probable_tokens_come_first() -> None:
    cloud = StringTopK((b"e", b" rest", b"s"), np.log([0.2, 0.5, 0.2]))
    topk = ALIGNMENT.project(cloud, LOCAL)
    assert topk is not None
    assert topk.ids.tolist() == [6, 1, 2]


@given(
    st.lists(
        st.tuples(st.text(alphabet=" rest", min_size=1, max_size=6), st.floats(0.01, 0.2)),
        min_size=2,
        max_size=5,
        unique_by=lambda pair: pair[0],
    )
)
def test_projection_keeps_the_total_mass(pairs: list[tuple[str, float]]) -> None:
    total = sum(mass for _, mass in pairs)
    found = project(*((text.encode(), mass) for text, mass in pairs))
    if total >= MIN_COVERED_MASS:
        assert sum(found.values()) == pytest.approx(total)
