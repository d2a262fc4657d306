from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from evaluation_samples import attempt, record

from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.likelihood import (
    WEIGHTS,
    Readers,
    best_fixed_weight,
    note_best_fixed_weight,
    read_likelihoods,
)
from cogenesis_langchain.evaluation.results import Likelihood
from cogenesis_langchain.fusion.operators import MaxPool, Mixture
from cogenesis_langchain.models.base import LogProbs, PrivateMessage

_T = TypeVar("_T")
CONTEXT = "plate CJ 27 VTD"
POINTS = ("Which nights are missing", "What each is worth")


class ByteReader:
    """Gives the next byte of the reference a probability that depends on the prompt alone."""

    vocabulary_size = 256

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


def journal_at(folder: Path) -> Journal[Likelihood]:
    return Journal(folder / "likelihood.jsonl", Likelihood)


def nats(journal: Journal[Likelihood]) -> dict[str, float]:
    """Nats a token by setting, of a journal about one record."""
    return {line.setting: line.nats / line.tokens for line in journal.lines()}


def test_every_setting_is_read_with_its_own_prompt(tmp_path: Path) -> None:
    journal = journal_at(tmp_path)
    readers = Readers(
        local=local_reader(),
        cloud=cloud_reader(),
        fine_tuned=ByteReader(lambda _: 0.7, record().reference),
        operators=[Mixture(), MaxPool()],
        tokens=40,
    )
    written = attempt("Hello.", setting="sketch-fill", sketch=POINTS)
    read_likelihoods([record()], [written], readers, journal)
    found = nats(journal)
    fused_max = found.pop("fused max")
    assert found == {
        "local alone": pytest.approx(-log(0.5)),
        "cloud without context": pytest.approx(-log(0.3)),
        "fused mean": pytest.approx(-log(0.4)),
        "oracle": pytest.approx(-log(0.5)),
        "local fine-tuned": pytest.approx(-log(0.7)),
        "cloud with context": pytest.approx(-log(0.9)),
        "sketch-fill": pytest.approx(-log(0.6)),
        "best fixed w": pytest.approx(-log(0.5)),
    }
    # p_s gives each of the other 255 bytes 0.5 / 255. p_l tells of 19 of them, 0.7 / 255 each, and
    # shares the rest evenly over the 236 others.
    others = 236 * max(0.5, (0.7 - 19 * 0.7 / 255) * 255 / 236) / 255
    assert fused_max == pytest.approx(-log(0.5 / (0.5 + 19 * 0.7 / 255 + others)))
    assert {line.tokens for line in journal.lines()} == {40}


def test_the_cloud_is_shown_no_context_but_as_the_upper_bound(tmp_path: Path) -> None:
    cloud = cloud_reader()
    readers = Readers(local_reader(), cloud, operators=[Mixture()], tokens=4)
    read_likelihoods([record()], [], readers, journal_at(tmp_path))
    assert [CONTEXT in prompt for prompt in cloud.prompts] == [False, True]
    assert "night allowances" in cloud.prompts[0]
    assert "Lavinia" not in cloud.prompts[0]
    assert "Lavinia" in cloud.prompts[1]


def test_without_the_cloud_s_weights_only_local_settings_are_read(tmp_path: Path) -> None:
    journal = journal_at(tmp_path)
    written = attempt("Hello.", setting="sketch by X", sketch=POINTS)
    read_likelihoods([record()], [written], Readers(local_reader(), tokens=4), journal)
    assert nats(journal).keys() == {"local alone", "sketch by X"}


def test_a_sketch_that_a_fused_text_fell_back_on_makes_no_setting(tmp_path: Path) -> None:
    journal = journal_at(tmp_path)
    written = [
        attempt("Hello.", setting="fused mean", sketch=POINTS),
        attempt("Hello.", setting="sketch-fill", sketch=POINTS),
        attempt("Hello.", setting="sketch-fill", seed=1, sketch=("Other",)),
    ]
    read_likelihoods([record()], written, Readers(local_reader(), tokens=4), journal)
    assert nats(journal)["sketch-fill"] == pytest.approx(-log(0.6))
    assert "fused mean" not in nats(journal)


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    whole = Readers(local_reader(), cloud_reader(), operators=[Mixture()], tokens=4)
    written = attempt("Hello.", setting="sketch-fill", sketch=POINTS)
    once = journal_at(tmp_path / "once")
    read_likelihoods([record()], [written], whole, once)
    resumed = journal_at(tmp_path / "resumed")
    read_likelihoods([record()], [], Readers(local_reader(), tokens=4), resumed)
    again = Readers(local_reader(), cloud_reader(), operators=[Mixture()], tokens=4)
    read_likelihoods([record()], [written], again, journal_at(tmp_path / "resumed"))
    assert nats(journal_at(tmp_path / "resumed")) == nats(once)
    idle = Readers(local_reader(), cloud_reader(), operators=[Mixture()], tokens=4)
    size = (tmp_path / "once" / "likelihood.jsonl").stat().st_size
    read_likelihoods([record()], [written], idle, journal_at(tmp_path / "once"))
    assert isinstance(idle.local, ByteReader) and idle.local.prompts == []
    assert (tmp_path / "once" / "likelihood.jsonl").stat().st_size == size


def test_a_record_known_in_part_is_read_as_the_whole_was(tmp_path: Path) -> None:
    """Rounding depends on what a cache held before, so the order of reading must not change."""
    path = tmp_path / "likelihood.jsonl"
    written = attempt("Hello.", setting="sketch-fill", sketch=POINTS)
    read = []
    for kept in (0, 3):
        lines = path.read_bytes().splitlines(keepends=True)[:kept] if kept else []
        path.write_bytes(b"".join(lines))
        local, cloud = local_reader(), cloud_reader()
        readers = Readers(local, cloud, operators=[Mixture()], tokens=4)
        read_likelihoods([record()], [written], readers, journal_at(tmp_path))
        read.append((local.prompts, cloud.prompts))
        assert local.emptied == cloud.emptied == [0]
    assert read[0] == read[1]


def test_where_the_cloud_would_leave_a_blank_the_local_model_is_read_alone(tmp_path: Path) -> None:
    journal = journal_at(tmp_path)
    readers = Readers(
        local_reader(), ByteReader(lambda _: 0.9, "[" * 100), operators=[Mixture()], tokens=40
    )
    read_likelihoods([record()], [], readers, journal)
    assert nats(journal)["fused mean"] == nats(journal)["local alone"]
    assert nats(journal)["cloud without context"] > 5.0


def test_the_best_fixed_weight_is_one_for_all_records(tmp_path: Path) -> None:
    journal = journal_at(tmp_path)
    for name, local, cloud in (("a", 0.8, 0.2), ("b", 0.2, 0.8)):
        grid = tuple(-4 * log(w * local + (1 - w) * cloud) for w in WEIGHTS)
        line = Likelihood(record=name, setting="oracle", nats=1.0, tokens=4, fixed_weights=grid)
        journal.append(line)
        note_best_fixed_weight(journal)
        if name == "a":  # alone it would have the local model decide
            assert best_fixed_weight(journal.lines()) == 1.0
            assert nats(journal)["best fixed w"] == pytest.approx(-log(0.8))
    assert best_fixed_weight(journal.lines()) == 0.5
    found = [line for line in journal.lines() if line.setting == "best fixed w"]
    assert [line.nats for line in found] == [pytest.approx(-4 * log(0.5))] * 2


def test_without_fusion_there_is_no_best_weight(tmp_path: Path) -> None:
    journal = journal_at(tmp_path)
    note_best_fixed_weight(journal)
    assert journal.lines() == [] and best_fixed_weight([]) is None


def test_models_with_different_tokens_are_refused(tmp_path: Path) -> None:
    class Words(ByteReader):
        def encode(self, text: bytes) -> list[int]:
            return [len(word) for word in text.split()]

    readers = Readers(local_reader(), Words(lambda _: 0.5, record().reference), tokens=4)
    with pytest.raises(EvaluationError, match="different tokens"):
        read_likelihoods([record()], [], readers, journal_at(tmp_path))


def test_a_journal_of_another_number_of_tokens_is_refused(tmp_path: Path) -> None:
    read_likelihoods([record()], [], Readers(local_reader(), tokens=4), journal_at(tmp_path))
    with pytest.raises(EvaluationError, match="another number of tokens"):
        read_likelihoods([record()], [], Readers(local_reader(), tokens=5), journal_at(tmp_path))


def test_no_records_and_attempts_about_others_are_refused(tmp_path: Path) -> None:
    readers = Readers(local_reader(), tokens=4)
    with pytest.raises(EvaluationError, match="no records"):
        read_likelihoods([], [], readers, journal_at(tmp_path))
    with pytest.raises(EvaluationError, match="such as r9"):
        read_likelihoods([record()], [attempt(record="r9")], readers, journal_at(tmp_path))


def test_progress_is_told_record_by_record(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    records = [record(), record(id="r2")]
    read_likelihoods(
        records,
        [],
        Readers(local_reader(), tokens=4),
        journal_at(tmp_path),
        progress=lambda done, total, what: told.append((done, total, what)),
    )
    assert told == [(0, 2, "r1"), (1, 2, "r2"), (2, 2, "")]
