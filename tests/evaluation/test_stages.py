from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_evaluation import config, models, write_records

from cogenesis_langchain.errors import UntrustedLocalModel
from cogenesis_langchain.evaluation import environment
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.evaluation.runner import write_texts
from cogenesis_langchain.evaluation.stages import rate_texts, read_references
from cogenesis_langchain.testing.behaviours import chat
from cogenesis_langchain.testing.recorder import EgressRecorder

SETTINGS = ["local alone", "sketch-fill"]


def quiet(done: int, total: int, last: str) -> None:
    """Tell nobody."""


@pytest.fixture
def judge() -> Iterator[EgressRecorder]:
    with EgressRecorder(chat("A good letter. [[7]]")) as recorder:
        yield recorder


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return write_records(tmp_path / "records.jsonl", 2)


@pytest.fixture
def folder(tmp_path: Path, records: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run with its texts."""
    monkeypatch.setattr(environment, "_model_hash", lambda name: "0" * 64)
    run = RunFolder(tmp_path / "run")
    with models() as (opened, _):
        write_texts(config(records, settings=SETTINGS), opened, run, quiet)
    return run


def test_without_a_judge_nothing_is_rated_and_without_a_likelihood_nothing_read(
    records: Path, folder: RunFolder
) -> None:
    rate_texts(config(records, settings=SETTINGS), folder, quiet)
    read_references(config(records, settings=SETTINGS), folder, quiet)
    assert not folder.ratings.lines()
    assert not folder.likelihoods.lines()


def test_the_judge_rates_each_text_on_each_aspect_once(
    records: Path, folder: RunFolder, judge: EgressRecorder
) -> None:
    asked = {"base_url": judge.base_url, "model": "j", "aspects": ["personalisation"]}
    rated = config(records, settings=SETTINGS, judge={**asked, "seeds": [1, 2]})
    for _ in range(2):
        rate_texts(rated, folder, quiet)
        assert len(folder.ratings.lines()) == 2 * 2 * 2
        assert len(judge.requests) == 2 * 2 * 2
    assert {line.value for line in folder.ratings.lines()} == {7.0}


def test_the_judge_compares_two_settings_in_both_orders(
    records: Path, folder: RunFolder, judge: EgressRecorder
) -> None:
    judge.play(*[chat("[[7]]")] * 4, chat("[[A]]"))
    asked = {"base_url": judge.base_url, "model": "j", "aspects": ["personalisation"]}
    compared = config(records, settings=SETTINGS, judge={**asked, "compare": SETTINGS})
    rate_texts(compared, folder, quiet)
    assert [line.preferred for line in folder.verdicts.lines()] == ["first"] * 4
    assert {line.first for line in folder.verdicts.lines()} == set(SETTINGS)


def test_a_judge_elsewhere_must_be_trusted(
    records: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    elsewhere = {"base_url": "https://judge.test/v1", "model": "j"}
    with pytest.raises(UntrustedLocalModel, match=r"judge\.test"):
        rate_texts(config(records, settings=SETTINGS, judge=elsewhere), folder, quiet)
    assert not folder.ratings.lines()
