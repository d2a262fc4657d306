from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.learned_weight import (
    FEATURES,
    Features,
    LearnedWeight,
    summary,
    top_probabilities,
)
from cogenesis_langchain.fusion.operators import Mixture, operator_named
from cogenesis_langchain.fusion.position import Position

KINDS: list[Features] = ["top", "summary"]


def position(seed: int, size: int = 30) -> Position:
    rng = np.random.default_rng(seed)
    return Position(rng.dirichlet(np.full(size, 0.1)), rng.dirichlet(np.full(size, 0.1)))


def network(features: Features, seed: int = 1, scale: float = 1.0) -> LearnedWeight:
    rng = np.random.default_rng(seed)
    size = FEATURES[features](position(1)).shape[0]

    def layer(out: int, of: int) -> tuple[np.ndarray, np.ndarray]:
        weights = rng.normal(0, scale, (out, of)).astype(np.float32)
        return weights, rng.normal(0, scale, out).astype(np.float32)

    return LearnedWeight(features, [layer(6, size), layer(1, 6)])


@given(
    features=st.sampled_from(KINDS),
    seed=st.integers(0, 1000),
    scale=st.sampled_from([0.1, 1.0, 100.0]),
)
def test_a_weight_is_between_the_two_models(features: Features, seed: int, scale: float) -> None:
    one = position(seed)
    with np.errstate(over="ignore"):
        fused = Mixture(network(features, seed, scale)).fuse(one)
    assert 0.0 <= fused.weight <= 1.0
    assert fused.probabilities.sum() == pytest.approx(1.0)
    expected = fused.weight * one.local + (1 - fused.weight) * one.cloud
    np.testing.assert_allclose(fused.probabilities, expected, atol=1e-12)


def test_the_paper_s_features_are_the_ten_largest_of_each_side() -> None:
    one = position(3)
    found = top_probabilities(one)
    np.testing.assert_allclose(found[:10], np.sort(one.local)[::-1][:10], rtol=1e-6)
    np.testing.assert_allclose(found[10:], np.sort(one.cloud)[::-1][:10], rtol=1e-6)


def test_a_small_vocabulary_is_padded() -> None:
    assert top_probabilities(position(1, size=4))[4:10].tolist() == [0.0] * 6


def test_the_summary_of_two_equal_distributions_agrees() -> None:
    local = position(5).local
    found = summary(Position(local, local))
    assert found[0] == found[1]
    assert found[6] == 1.0
    assert found[7] == pytest.approx(local.max())


@pytest.mark.parametrize("features", KINDS)
def test_a_saved_weight_is_the_same_when_it_is_loaded(features: Features, tmp_path: Path) -> None:
    made = network(features)
    made.save(tmp_path / "weight.safetensors")
    loaded = LearnedWeight.load(tmp_path / "weight.safetensors")
    assert loaded.features == features
    assert [loaded(position(seed)) for seed in range(9)] == [
        made(position(seed)) for seed in range(9)
    ]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    (tmp_path / "text").write_text("no tensors")
    save_file({"a": np.zeros(2)}, tmp_path / "other")
    network("top").save(tmp_path / "whole")
    (tmp_path / "half").write_bytes((tmp_path / "whole").read_bytes()[:-40])
    for name in ("text", "other", "half", "missing"):
        with pytest.raises(FusionError, match=f"{name} holds no learned weight"):
            LearnedWeight.load(tmp_path / name)


def test_the_weight_that_is_shipped_trusts_the_surer_model() -> None:
    learned = operator_named("learned")
    assert learned.name == "learned" and not learned.needs_baseline
    sure, torn = np.full(2000, 0.1 / 1999), np.full(2000, 0.95 / 1999)
    sure[0], torn[1] = 0.9, 0.05
    local_sure = learned.fuse(Position(sure, torn)).weight
    cloud_sure = learned.fuse(Position(torn, sure)).weight
    assert 0.0 < cloud_sure < 0.5 < local_sure < 1.0
