from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from support.record_samples import record
from support.token_models import WordTokens

from cogenesis_langchain.errors import ModelFileUnknown, TrainingError
from cogenesis_langchain.fusion.learned_weight import Features
from cogenesis_langchain.models.base import LogProbs
from cogenesis_langchain.training.combiner import WEIGHT, fit_weight, train_combiner
from cogenesis_langchain.training.readings import Reading, read_all

pytestmark = pytest.mark.slow

T = TypeVar("T")
RECORDS = [record(), record(id="r2", reference="The oven broke. It costs 812 euros.")]
TEXTS = [one.private_text + one.reference + one.instruction.general for one in RECORDS]
KINDS: list[Features] = ["top", "summary"]


class Counting(WordTokens):
    """Counts the texts that it reads."""

    reads = 0

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        self.reads += 1
        return super().read(ids, start, reduce)


def readings(count: int, seed: int) -> list[Reading]:
    """Positions at which the side with the larger top probability is the one that is right."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        local_knows = rng.random(50) < 0.5
        local = np.where(local_knows, 0.9, 0.01)
        cloud = np.where(local_knows, 0.01, 0.9)
        top = np.zeros((50, 20), np.float32)
        top[:, 0], top[:, 10] = local + 0.05, cloud + 0.05
        others = np.zeros((50, 9), np.float32)
        others[:, 2], others[:, 3] = local + 0.05, cloud + 0.05
        made.append(Reading(top, others, local, cloud))
    return made


@pytest.mark.parametrize("features", KINDS)
def test_it_learns_whom_to_trust(features: Features) -> None:
    made = fit_weight(readings(12, 1), readings(4, 2), features)
    assert made.nats["oracle"] == pytest.approx(-np.log(0.9))
    assert made.nats["learned"] < made.nats["oracle"] + 0.1
    assert made.nats["learned"] < made.nats["mean"] - 0.4


def test_the_same_seed_gives_the_same_weight() -> None:
    one, other = (fit_weight(readings(4, 1), readings(2, 2), "summary") for _ in range(2))
    assert one.nats == other.nats


def test_too_few_readings_are_refused() -> None:
    with pytest.raises(TrainingError, match="1 texts for training and 0 for validation"):
        fit_weight(readings(1, 1), [], "top")


def test_each_reference_is_read_once(tmp_path: Path) -> None:
    local, cloud = Counting(TEXTS), Counting(TEXTS)
    done: list[int] = []
    first = read_all(RECORDS, local, cloud, tmp_path, 50, done.append)
    assert done == [1, 2]
    assert (local.reads, cloud.reads) == (2, 2)
    again = read_all(RECORDS, local, cloud, tmp_path, 50)
    assert (local.reads, cloud.reads) == (2, 2)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.top, other.top)
        np.testing.assert_array_equal(one.local, other.local)
    assert not list(tmp_path.glob("*.part"))


def test_a_text_without_a_position_to_learn_from_is_left_out(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "00001.npz",
        top=np.empty(0),
        summary=np.empty(0),
        local=np.empty(0),
        cloud=np.empty(0),
    )
    found = read_all(RECORDS, WordTokens(TEXTS), WordTokens(TEXTS), tmp_path, 50)
    assert len(found) == 1


def test_too_few_records_are_refused_before_a_model_is_opened(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="are too few"):
        train_combiner(RECORDS, "no-model", "no-model", tmp_path / "new", features="top")
    assert not (tmp_path / "new").exists()


def test_a_folder_keeps_the_readings_of_one_pair(tmp_path: Path) -> None:
    records = [record(id=f"r{number}") for number in range(6)]
    for name in ("no-model", "no-model", "other"):
        error = TrainingError if name == "other" else ModelFileUnknown
        with pytest.raises(error):
            train_combiner(records, name, "no-model", tmp_path, features="top")
    assert not (tmp_path / WEIGHT).exists()


def test_models_with_different_tokens_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="different tokens"):
        read_all(RECORDS, WordTokens(TEXTS), WordTokens(), tmp_path, 50)
