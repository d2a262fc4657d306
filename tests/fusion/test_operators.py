from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.operators import (
    OPERATORS,
    Contrast,
    MaxPool,
    Mixture,
    Operator,
    Product,
    inverse_entropy,
    operator_named,
)
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.models.base import Probabilities
from cogenesis_langchain.models.scoring.scores import TopK

LOCAL = np.array([0.5, 0.3, 0.1, 0.1])
CLOUD = np.array([0.1, 0.6, 0.2, 0.1])
BASELINE = np.array([0.25, 0.25, 0.25, 0.25])
POSITION = Position(LOCAL, CLOUD, BASELINE)


def topk(*pairs: tuple[int, float]) -> TopK:
    ids, masses = zip(*pairs, strict=True)
    return TopK(np.array(ids), np.log(np.array(masses)))


@st.composite
def distributions(draw: st.DrawFn, size: int = 6) -> Probabilities:
    weights = np.array(draw(st.lists(st.floats(0.01, 1.0), min_size=size, max_size=size)))
    return np.asarray(weights / weights.sum())


def test_mean_is_the_papers_mixture_of_probabilities() -> None:
    fused = Mixture().fuse(POSITION)
    assert fused.probabilities == pytest.approx([0.3, 0.45, 0.15, 0.1])
    assert fused.weight == 0.5


def test_fixed_weight_weighs_the_local_model() -> None:
    assert Mixture(0.9).fuse(POSITION).probabilities == pytest.approx([0.46, 0.33, 0.11, 0.1])
    assert Mixture(1.0).fuse(POSITION).probabilities == pytest.approx(LOCAL)


def test_a_learned_weight_sees_the_position() -> None:
    def weight(position: Position) -> float:
        return float(position.local.max())

    operator = Mixture(weight)
    assert operator.name == "learned"
    assert operator.fuse(POSITION).weight == 0.5


def test_the_more_certain_model_has_more_weight() -> None:
    even, sure = np.full(4, 0.25), np.array([0.97, 0.01, 0.01, 0.01])
    operator = operator_named("entropy")
    assert operator.fuse(Position(sure, even)).weight > 0.8
    assert operator.fuse(Position(even, sure)).weight < 0.2
    assert operator.fuse(Position(even, even)).weight == pytest.approx(0.5)


def test_inverse_entropy_follows_its_formula() -> None:
    local, cloud = (-float((p * np.log(p)).sum()) for p in (LOCAL, CLOUD))
    expected = (1 / local) / (1 / local + 1 / cloud)
    assert inverse_entropy(POSITION) == pytest.approx(expected, abs=1e-5)


def test_two_certain_models_have_equal_weight() -> None:
    certain = Position(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert operator_named("entropy").fuse(certain).probabilities == pytest.approx([0.5, 0.5])


def test_max_is_renormalised() -> None:
    expected = np.array([0.5, 0.6, 0.2, 0.1]) / 1.4
    assert MaxPool().fuse(POSITION).probabilities == pytest.approx(expected)


def test_product_is_the_geometric_mean() -> None:
    raw = np.sqrt(LOCAL * CLOUD)
    assert Product().fuse(POSITION).probabilities == pytest.approx(raw / raw.sum())


def test_contrast_shifts_the_cloud_by_the_local_log_ratio() -> None:
    raw = CLOUD * LOCAL / BASELINE
    fused = Contrast(alpha=1.0, clip=None).fuse(POSITION).probabilities
    assert fused == pytest.approx(raw / raw.sum())


@given(distributions(), distributions(), distributions(), st.floats(0.1, 3.0))
def test_clipped_contrast_moves_no_token_further_than_its_bound(
    local: Probabilities, cloud: Probabilities, baseline: Probabilities, clip: float
) -> None:
    fused = Contrast(alpha=1.0, clip=clip).fuse(Position(local, cloud, baseline)).probabilities
    assert np.abs(np.log(fused / cloud)).max() <= 2 * clip + 1e-9


def test_local_led_follows_the_local_model_unless_it_hesitates() -> None:
    sure, torn = np.array([0.8, 0.2]), np.array([0.52, 0.48])
    cloud, led = np.array([0.1, 0.9]), operator_named("local-led")
    assert led.fuse(Position(sure, cloud)).probabilities.argmax() == 0
    assert led.fuse(Position(torn, cloud)).probabilities.argmax() == 1


def test_contrast_without_change_is_the_cloud_alone() -> None:
    fused = Contrast().fuse(Position(LOCAL, CLOUD, LOCAL))
    assert fused.probabilities == pytest.approx(CLOUD)


def test_contrast_survives_probabilities_of_zero() -> None:
    certain = np.array([1.0, 0.0, 0.0, 0.0])
    fused = Contrast(clip=None).fuse(Position(certain, CLOUD, BASELINE)).probabilities
    assert np.isfinite(fused).all()
    assert fused[0] == pytest.approx(1.0)


@given(distributions(), distributions(), distributions())
def test_every_operator_gives_probabilities(
    local: Probabilities, cloud: Probabilities, baseline: Probabilities
) -> None:
    for name in OPERATORS:
        fused = operator_named(name).fuse(Position(local, cloud, baseline)).probabilities
        assert fused.min() >= 0.0
        assert fused.sum() == pytest.approx(1.0)


def test_completion_spreads_the_rest_in_proportion_to_the_local_model() -> None:
    cloud = complete(topk((1, 0.6), (2, 0.2)), LOCAL)
    assert cloud == pytest.approx([0.2 * 5 / 6, 0.6, 0.2, 0.2 / 6])


def test_completion_of_a_whole_distribution_changes_nothing() -> None:
    cloud = complete(topk((0, 0.1), (1, 0.6), (2, 0.2), (3, 0.1)), LOCAL)
    assert cloud == pytest.approx(CLOUD)


def test_completion_where_the_local_model_has_no_tail_renormalises() -> None:
    local = np.array([1.0, 0.0])
    assert complete(topk((0, 0.4)), local) == pytest.approx([1.0, 0.0])


@given(distributions(), st.permutations(range(6)), st.integers(1, 5))
def test_completion_is_a_distribution(local: Probabilities, order: list[int], k: int) -> None:
    masses = np.linspace(0.3, 0.05, 6)[:k]
    cloud = complete(topk(*zip(order[:k], masses, strict=True)), local)
    assert cloud.sum() == pytest.approx(1.0)
    assert cloud.min() >= 0.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Mixture(1.5),
        lambda: Contrast(alpha=-1.0),
        lambda: Contrast(clip=0.0),
        lambda: operator_named("median"),
    ],
)
def test_settings_out_of_range_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(FusionError):
        make()


def test_contrast_without_a_baseline_is_refused() -> None:
    with pytest.raises(FusionError, match="without the private context"):
        Contrast().fuse(Position(LOCAL, CLOUD))


def test_product_refuses_models_without_common_tokens() -> None:
    apart = Position(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    with pytest.raises(FusionError, match="under both models"):
        Product().fuse(apart)


def test_operators_are_named_as_in_reports() -> None:
    operators: list[Operator] = [operator_named(name) for name in OPERATORS]
    assert [operator.name for operator in operators] == list(OPERATORS)
    assert Mixture(0.3).name == "w=0.3"
