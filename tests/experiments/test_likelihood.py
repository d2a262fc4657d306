from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from inspect_ai.log import read_eval_log
from support.attempts import record

from cogenesis_langchain.fusion.operators import MaxPool, Mixture
from cogenesis_langchain.models.base import LogProbs, PrivateMessage
from experiments.errors import ExperimentError
from experiments.eval_sets import evaluate
from experiments.likelihood import WEIGHTS, Readers, likelihoods
from experiments.tasks import dataset, reading, sample

_T = TypeVar("_T")
CONTEXT = "plate CJ 27 VTD"
POINTS = ("Which nights are missing", "What each is worth")


class ByteReader:
    """Gives the next byte of the reference a probability that depends on the prompt alone."""

    vocabulary_size = 256
    window = 10_000
    end_tokens: frozenset[int] = frozenset()

    def __init__(self, sure: Callable[[str], float], reference: str) -> None:
        self._sure = sure
        self._reference = reference.encode()
        self.prompts: list[str] = []
        self.emptied: list[int] = []

    def encode(self, text: bytes) -> list[int]:
        return list(text)

    def decode(self, ids: Sequence[int]) -> bytes:
        return bytes(ids)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        return list("\n".join(message.text.reveal() for message in messages).encode())

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        raise AssertionError("a text is read as a whole")

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], _T]) -> list[_T]:
        if bytes(ids) == b".":  # what empties the cache
            self.emptied.append(len(self.prompts))
            return []
        prompt = bytes(ids[:start]).decode()
        self.prompts.append(prompt)
        sure = self._sure(prompt)
        results = []
        for place in range(len(ids) - start + 1):
            row = np.full(256, (1.0 - sure) / 255, dtype=np.float32)
            row[self._reference[place]] = sure
            results.append(reduce(np.log(row)))
        return results


def local_reader(reference: str = "") -> ByteReader:
    def sure(prompt: str) -> float:
        return 0.6 if POINTS[0] in prompt else 0.5 if CONTEXT in prompt else 0.1

    return ByteReader(sure, reference or record().reference)


def cloud_reader(reference: str = "") -> ByteReader:
    return ByteReader(
        lambda prompt: 0.9 if CONTEXT in prompt else 0.3, reference or record().reference
    )


def nats(readers: Readers, sketches: dict[str, Sequence[str]] | None = None) -> dict[str, float]:
    """Nats a token by setting."""
    found = likelihoods(record(), sketches or {}, readers)
    return {setting: value / found.tokens for setting, value in found.nats.items()}


def test_every_setting_is_read_with_its_own_prompt() -> None:
    readers = Readers(
        local=local_reader(),
        cloud=cloud_reader(),
        fine_tuned=ByteReader(lambda _: 0.7, record().reference),
        operators=[Mixture(), MaxPool()],
        tokens=40,
    )
    read = likelihoods(record(), {"sketch-fill": POINTS}, readers)
    assert read.tokens == 40
    found = {setting: value / 40 for setting, value in read.nats.items()}
    fused_max = found.pop("fused max")
    assert found == {
        "local alone": pytest.approx(-log(0.5)),
        "cloud without context": pytest.approx(-log(0.3)),
        "fused mean": pytest.approx(-log(0.4)),
        "oracle": pytest.approx(-log(0.5)),
        "local fine-tuned": pytest.approx(-log(0.7)),
        "cloud with context": pytest.approx(-log(0.9)),
        "sketch-fill": pytest.approx(-log(0.6)),
    }
    # p_s gives each of the other 255 bytes 0.5 / 255. p_l tells of 19 of them, 0.7 / 255 each, and
    # shares the rest evenly over the 236 others.
    others = 236 * max(0.5, (0.7 - 19 * 0.7 / 255) * 255 / 236) / 255
    assert fused_max == pytest.approx(-log(0.5 / (0.5 + 19 * 0.7 / 255 + others)))


def test_the_fixed_weights_reach_from_the_cloud_model_to_the_local_one() -> None:
    readers = Readers(local_reader(), cloud_reader(), operators=[Mixture()], tokens=40)
    grid = likelihoods(record(), {}, readers).fixed_weights
    assert len(grid) == len(WEIGHTS) == 21
    wanted = [-40 * log(weight * 0.5 + (1 - weight) * 0.3) for weight in WEIGHTS]
    assert list(grid) == pytest.approx(wanted)


def test_the_cloud_is_shown_no_context_but_as_the_upper_bound() -> None:
    cloud = cloud_reader()
    nats(Readers(local_reader(), cloud, operators=[Mixture()], tokens=4))
    assert [CONTEXT in prompt for prompt in cloud.prompts] == [False, True]
    assert "night allowances" in cloud.prompts[0]
    assert "Lavinia" not in cloud.prompts[0]
    assert "Lavinia" in cloud.prompts[1]


def test_without_the_cloud_s_weights_only_local_settings_are_read() -> None:
    readers = Readers(local_reader(), tokens=4)
    assert nats(readers, {"sketch by X": POINTS}).keys() == {"local alone", "sketch by X"}
    assert likelihoods(record(), {}, readers).fixed_weights == ()


def test_each_record_is_read_from_an_empty_cache_and_in_one_order() -> None:
    """Rounding depends on what a cache held before, so the order of reading must not change."""
    read = []
    for _ in range(2):
        local, cloud = local_reader(), cloud_reader()
        nats(Readers(local, cloud, operators=[Mixture()], tokens=4), {"sketch-fill": POINTS})
        read.append((local.prompts, cloud.prompts))
        assert local.emptied == cloud.emptied == [0]
    assert read[0] == read[1]


def test_where_the_cloud_would_leave_a_blank_the_local_model_is_read_alone() -> None:
    blank = ByteReader(lambda _: 0.9, "[" * 100)
    found = nats(Readers(local_reader(), blank, operators=[Mixture()], tokens=40))
    assert found["fused mean"] == found["local alone"]
    assert found["cloud without context"] > 5.0


def test_models_with_different_tokens_are_refused() -> None:
    class Words(ByteReader):
        def encode(self, text: bytes) -> list[int]:
            return [len(word) for word in text.split()]

    readers = Readers(local_reader(), Words(lambda _: 0.5, record().reference), tokens=4)
    with pytest.raises(ExperimentError, match="different tokens"):
        nats(readers)


@pytest.mark.slow
def test_records_without_an_outline_stand_beside_those_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some settings write for the first records only."""
    monkeypatch.setenv("INSPECT_DISPLAY", "none")
    first, second, third = (record().model_copy(update={"id": name}) for name in "abc")
    outline = {"sketch-fill": list(POINTS)}
    samples = dataset(
        [sample(first, sketches=outline), sample(second, sketches={}), sample(third, sketches={})]
    )
    conditions = {"sketches": ["sketch-fill"]}
    readers = Readers(local_reader(), tokens=40)
    evaluate([reading(samples, readers, conditions)], str(tmp_path), conditions, at_once=1)
    (log,) = [read_eval_log(path) for path in tmp_path.glob("*.eval")]
    assert [len(one.store["nats"]) for one in log.samples or ()] == [2, 1, 1]
