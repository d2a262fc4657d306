"""What a reader copies from the documentation of the experiments is run, with scripted models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import small_experiment
from typer.testing import CliRunner

from experiments import __main__ as command
from experiments.config import ExperimentConfig
from experiments.models import Models

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.S)


@contextmanager
def scripted(config: ExperimentConfig) -> Iterator[Models]:
    with small_experiment.models() as (models, _):
        yield models


@pytest.mark.slow
def test_what_the_page_says_to_do_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_DISPLAY", "none")
    monkeypatch.setattr("experiments.run.open_models", scripted)
    monkeypatch.setattr("experiments.run.hashes_of_models", lambda config: small_experiment.HASHES)
    monkeypatch.setattr(command, "_fetch", lambda config: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # PYTHONPATH=.
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "data").symlink_to(ROOT / "experiments" / "data")
    for language, name in (("toml", "my.toml"), ("python", "my_settings.py")):
        (block,) = blocks(language)
        (tmp_path / name).write_text(block)
    lines = [
        line.removeprefix("PYTHONPATH=. ") for block in blocks("sh") for line in block.split("\n")
    ]
    commands = [line.split() for line in filter(None, lines)]
    assert [words[:3] for words in commands] == [["python", "-m", "experiments"]] * 3
    for words in commands:
        result = CliRunner().invoke(command.app, words[3:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        page = (tmp_path / "results" / "report.html").read_text()
        (tmp_path / "results" / "report.html").unlink()
        assert "One record, all settings" in page

    texts = small_experiment.written(tmp_path / "results")
    assert len(texts) == 3 * 4 * 2
    leaked = dict.fromkeys([text.setting for text in texts], 0)
    for text in texts:
        leaked[text.setting] += text.attempt.traffic.private_strings
    assert leaked["sketch-fill"] == 0
    assert 0 < leaked["digits hidden"] < leaked["cloud with context"]


@pytest.mark.parametrize("path", re.findall(r"`(experiments/[\w/.]+)`", TEXT))
def test_every_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()
