from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.record_samples import AUTHORS_ITEM, LAMP_QUESTION, write_json
from support.small_experiment import HASHES, SECRETS, models, write_records, written
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.datasets.loaders import load_authors_set, load_records
from cogenesis_langchain.testing.recorder import EgressRecorder
from experiments import __main__ as command
from experiments.config import ExperimentConfig
from experiments.models import Models

pytestmark = pytest.mark.slow

Run = Callable[..., int]
SETTINGS = '"local alone", "sketch-fill", "cloud with context"'


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[EgressRecorder]:
    """Scripted models in the place of those that the command would open."""
    with models() as (opened, recorder):

        @contextmanager
        def scripted(config: ExperimentConfig) -> Iterator[Models]:
            yield opened

        monkeypatch.setenv("INSPECT_DISPLAY", "none")
        monkeypatch.setattr("experiments.run.open_models", scripted)
        monkeypatch.setattr("experiments.run.hashes_of_models", lambda config: HASHES)
        monkeypatch.setattr(command, "pull_with_bar", lambda name: None)
        yield recorder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["experiments", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            command.main()
        return int(stopped.value.code or 0)

    return call


def write(folder: Path, settings: str = SETTINGS, more: str = "") -> Path:
    records = write_records(folder / "records.jsonl", 2)
    file = folder / "experiment.toml"
    file.write_text(f'records = ["{records}"]\nsettings = [{settings}]\n{more}', encoding="utf-8")
    return file


def test_published_sets_become_records(run: Run, tmp_path: Path) -> None:
    source, out = write_json(tmp_path / "set.json", [AUTHORS_ITEM]), tmp_path / "records.jsonl"
    assert run("convert", source, "--out", out) == 0
    assert load_records(out) == load_authors_set(source)


def test_records_of_lamp_are_chosen_and_split(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogenesis_langchain.LocalMiniLM", WordEmbeddings)
    questions = [LAMP_QUESTION | {"id": str(number)} for number in range(20)]
    golds = [{"id": str(number), "output": "The regatta"} for number in range(20)]
    out = tmp_path / "lamp"
    assert run(
        "lamp", write_json(tmp_path / "questions.json", questions),
        write_json(tmp_path / "outputs.json", {"task": "LaMP_6", "golds": golds}),
        "--out", out, "--least-words", 1,
    ) == 0  # fmt: skip
    assert [len(load_records(out / f"{name}.jsonl")) for name in ("training", "test")] == [18, 2]


def test_a_configuration_becomes_texts_and_a_report_that_can_be_written_again(
    cloud: EgressRecorder, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert run("run", write(tmp_path), "--out", out) == 0
    found = capsys.readouterr()
    assert found.out.split()[-1] == str(out / "report.md")
    assert len(written(out)) == 6
    names = {path.name for path in out.iterdir()}
    assert {"config.toml", "logs", "ledger", "figures", "report.md", "report.html"} <= names
    assert "sketch-fill" in (out / "report.md").read_text(encoding="utf-8")
    assert not any(secret in found.err + found.out for secret in SECRETS)
    first = (out / "report.md").read_bytes()
    (out / "report.md").unlink()
    asked = len(cloud.requests)
    assert run("report", out) == 0
    assert (out / "report.md").read_bytes() == first
    assert len(cloud.requests) == asked


@pytest.mark.parametrize(
    ("settings", "more", "named"),
    [
        ('"magic"', "", "there is no setting 'magic'"),
        (SETTINGS, "[limits]\nfused = 1", "limits: no such setting here: fused"),
        (SETTINGS, "speed = 3", "speed: Extra inputs"),
        ('"fused"', "", "fused decoding needs the local model's weights"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    cloud: EgressRecorder,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    settings: str,
    more: str,
    named: str,
) -> None:
    assert run("run", write(tmp_path, settings, more), "--out", tmp_path / "results") == 1
    said = capsys.readouterr().err
    assert named in said
    assert "Remedy: " in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_written_is_named(
    cloud: EgressRecorder, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run("run", write(tmp_path), "--out", tmp_path / "file" / "results") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_folder_without_a_run_has_no_report(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("report", tmp_path) == 1
    assert "config.toml cannot be read" in capsys.readouterr().err
