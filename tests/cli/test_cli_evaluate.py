from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_evaluation import SECRETS, models, write_records

from cogenesis_langchain.cli import main
from cogenesis_langchain.evaluation import environment
from cogenesis_langchain.evaluation.config import EvaluationConfig
from cogenesis_langchain.evaluation.models import Models
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.testing.recorder import EgressRecorder

Run = Callable[..., int]
SETTINGS = '"local alone", "sketch-fill", "cloud with context"'


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[EgressRecorder]:
    """Scripted models in the place of those that the command would open."""
    with models() as (opened, recorder):

        @contextmanager
        def scripted(config: EvaluationConfig) -> Iterator[Models]:
            yield opened

        monkeypatch.setattr("cogenesis_langchain.evaluation.models.open_models", scripted)
        monkeypatch.setattr("cogenesis_langchain.cli.models.pull_with_bar", lambda name: None)
        monkeypatch.setattr(environment, "_model_hash", lambda name: "0" * 64)
        yield recorder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["cogenesis", "evaluate", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return int(stopped.value.code or 0)

    return call


def write(folder: Path, settings: str = SETTINGS, more: str = "") -> Path:
    records = write_records(folder / "records.jsonl", 2)
    file = folder / "evaluation.toml"
    file.write_text(f'records = ["{records}"]\nsettings = [{settings}]\n{more}', encoding="utf-8")
    return file


def test_a_configuration_becomes_texts_and_a_report(
    cloud: EgressRecorder, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert run(write(tmp_path), "--out", out) == 0
    found = capsys.readouterr()
    assert found.out.split() == [str(out / "report.html")]
    assert "texts: 6 of 6" in found.err
    assert len(RunFolder(out).attempts.lines()) == 6
    written = {path.name for path in out.iterdir()}
    assert {"run.toml", "environment.json", "report.md", "report.html"} <= written
    assert "sketch-fill" in (out / "report.md").read_text(encoding="utf-8")
    assert not any(secret in found.err + found.out for secret in SECRETS)


def test_the_report_can_be_written_alone(cloud: EgressRecorder, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "results"
    run(write(tmp_path), "--out", out)
    first = (out / "report.md").read_bytes()
    (out / "report.md").unlink()
    asked = len(cloud.requests)
    assert run("report", out) == 0
    assert (out / "report.md").read_bytes() == first
    assert len(cloud.requests) == asked


def test_an_interrupted_run_that_goes_on_gives_the_report_of_a_whole_one(
    cloud: EgressRecorder, run: Run, tmp_path: Path
) -> None:
    def untimed_report() -> bytes:
        journal = RunFolder(out).attempts
        for line in journal.lines():
            journal.append(line.model_copy(update={"seconds": 1.0}))
        assert run("report", out) == 0
        return (out / "report.md").read_bytes() + (out / "report.html").read_bytes()

    out = tmp_path / "results"
    file = write(tmp_path, more=f'out = "{out}"')
    assert run(file) == 0
    journal = RunFolder(out).attempts.path
    as_written = journal.read_bytes()
    whole = untimed_report()
    journal.write_bytes(as_written[: len(as_written) // 2])  # as a kill leaves it
    assert len(RunFolder(out).attempts.lines()) < 6
    assert run(file) == 0
    assert untimed_report() == whole


def test_ctrl_c_says_how_to_go_on(
    cloud: EgressRecorder,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cogenesis_langchain.evaluation.runner.write_texts", interrupted)
    assert run(write(tmp_path), "--out", tmp_path / "results") == 130
    assert "the same command goes on from there" in capsys.readouterr().err


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
    assert run(write(tmp_path, settings, more), "--out", tmp_path / "results") == 1
    said = capsys.readouterr().err
    assert named in said
    assert "Remedy: " in said
    assert "Traceback" not in said


def test_a_folder_for_the_results_is_needed(
    cloud: EgressRecorder, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(write(tmp_path)) == 1
    assert "out: no folder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(
    cloud: EgressRecorder, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(write(tmp_path), "--out", tmp_path / "file" / "results") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_folder_without_a_run_has_no_report(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("report", tmp_path) == 1
    assert "run.toml cannot be read" in capsys.readouterr().err
