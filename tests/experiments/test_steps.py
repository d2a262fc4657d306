"""The steps after writing: reading the references and judging, and scoring anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.small_experiment import HASHES, config, models, write_all, write_records, written

from cogenesis_langchain.errors import UntrustedLocalModel
from cogenesis_langchain.testing.behaviours import chat, status
from cogenesis_langchain.testing.recorder import EgressRecorder
from experiments.errors import ExperimentError, RunDiffers, RunStopped
from experiments.results import read_results, scores_of
from experiments.run import load, rate_texts, read_references, score_again

SETTINGS = ["local alone", "sketch-fill"]


pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_DISPLAY", "none")


@pytest.fixture
def judge() -> Iterator[EgressRecorder]:
    with EgressRecorder(chat("A good letter. [[7]]")) as recorder:
        yield recorder


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return write_records(tmp_path / "records.jsonl", 2)


@pytest.fixture
def folder(tmp_path: Path, records: Path) -> Path:
    """A run with its texts."""
    with models() as (opened, _):
        write_all(config(records, settings=SETTINGS), opened, tmp_path / "run")
    return tmp_path / "run"


def asked(judge: EgressRecorder, **more: object) -> dict[str, object]:
    return {"base_url": judge.base_url, "model": "j", "aspects": ["personalisation"], **more}


def test_without_a_judge_nothing_is_rated_and_without_a_likelihood_nothing_read(
    records: Path, folder: Path
) -> None:
    plain = config(records, settings=SETTINGS)
    rate_texts(plain, HASHES, folder)
    read_references(plain, load(plain), HASHES, folder)
    found = read_results(folder)
    assert not found.ratings
    assert not found.likelihoods


def test_the_judge_rates_each_text_once_and_is_not_exchanged(
    records: Path, folder: Path, judge: EgressRecorder
) -> None:
    rated = config(records, settings=SETTINGS, judge=asked(judge, seeds=[1, 2]))
    for _ in range(2):
        rate_texts(rated, HASHES, folder)
        found = read_results(folder).ratings
        assert {sample.metadata["setting"] for sample in found} == set(SETTINGS)
        assert [scores_of(sample) for sample in found] == [{"personalisation": 7.0}] * 4
        assert len(judge.requests) == 4 * 2
    other = config(records, settings=SETTINGS, judge=asked(judge, seeds=[1, 2], model="two"))
    with pytest.raises(RunDiffers, match=r"judge\.model \(was j, is two\)"):
        rate_texts(other, HASHES, folder)


def test_the_judge_compares_two_settings_in_both_orders(
    records: Path, folder: Path, judge: EgressRecorder
) -> None:
    judge.play(*[chat("[[7]]")] * 4, chat("[[A]]"))
    rate_texts(
        config(records, settings=SETTINGS, judge=asked(judge, compare=SETTINGS)), HASHES, folder
    )
    found = read_results(folder)
    assert found.compared == SETTINGS
    assert [scores_of(sample)["contradicted"] for sample in found.order_checks] == [1.0] * 2


def test_a_judge_that_dies_half_way_loses_nothing(
    records: Path, folder: Path, judge: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.judge.RETRIES", 0)
    judge.play(chat("[[7]]"), chat("[[7]]"), status(400))
    rated = config(records, settings=SETTINGS, judge=asked(judge))
    with pytest.raises(RunStopped, match="2 samples failed"):
        rate_texts(rated, HASHES, folder)
    judge.play(chat("[[7]]"))
    before = len(judge.requests)
    rate_texts(rated, HASHES, folder)
    assert len(judge.requests) == before + 2
    assert [scores_of(one) for one in read_results(folder).ratings] == [
        {"personalisation": 7.0}
    ] * 4


def test_settings_without_texts_in_common_are_refused(
    records: Path, folder: Path, judge: EgressRecorder
) -> None:
    compared = asked(judge, compare=["sketch-fill", "absent"])
    with pytest.raises(ExperimentError, match="no texts for the same record"):
        rate_texts(config(records, settings=SETTINGS, judge=compared), HASHES, folder)


def test_a_judge_elsewhere_must_be_trusted(
    records: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    elsewhere = {"base_url": "https://judge.test/v1", "model": "j"}
    with pytest.raises(UntrustedLocalModel, match=r"judge\.test"):
        rate_texts(config(records, settings=SETTINGS, judge=elsewhere), HASHES, folder)
    assert not read_results(folder).ratings


def test_texts_are_scored_anew_after_a_metric_was_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = written(folder)
    monkeypatch.setattr("experiments.scorers.form._COPIED_RUN", 1)
    score_again(folder)
    after = written(folder)
    assert [text.attempt for text in after] == [text.attempt for text in before]
    changed = [name for name in after[0].scores if after[0].scores[name] != before[0].scores[name]]
    assert changed == ["copied from the notes"]
