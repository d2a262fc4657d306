"""What a reader copies from the documentation of the evaluation is run, with scripted models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import small_evaluation
from cogenesis_langchain.evaluation.run_folder import RunFolder
from typer.testing import CliRunner

from cogenesis_langchain.cli import app
from experiments.config import ExperimentConfig
from experiments.models import Models

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.S)


@contextmanager
def scripted(config: ExperimentConfig) -> Iterator[Models]:
    with small_evaluation.models() as (models, _):
        yield models


def test_what_the_page_says_to_do_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.models.open_models", scripted)
    monkeypatch.setattr("cogenesis_langchain.cli.evaluate._fetch", lambda config: None)
    monkeypatch.setattr(
        "cogenesis_langchain.evaluation.environment._model_hash", lambda name: "0" * 64
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # PYTHONPATH=.
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    for language, name in (("toml", "my.toml"), ("python", "my_settings.py")):
        (block,) = blocks(language)
        (tmp_path / name).write_text(block)
    commands = [re.sub(r"^PYTHONPATH=\. ", "", block).split() for block in blocks("sh")]
    assert [command[0] for command in commands] == ["cogenesis", "cogenesis"]
    for command in commands:
        result = CliRunner().invoke(app, command[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        page = (tmp_path / "results" / "report.html").read_text()
        (tmp_path / "results" / "report.html").unlink()
        assert "One record, all settings" in page

    attempts = RunFolder(tmp_path / "results").attempts.lines()
    assert len(attempts) == 3 * 4 * 2
    assert not [attempt.failure for attempt in attempts if attempt.failure]
    leaked = {attempt.setting: 0 for attempt in attempts}
    for attempt in attempts:
        leaked[attempt.setting] += attempt.traffic.private_strings
    assert leaked["sketch-fill"] == 0
    assert 0 < leaked["digits hidden"] < leaked["cloud with context"]


@pytest.mark.parametrize("path", re.findall(r"`((?:cogenesis_langchain|tests)/[\w/.]+)`", TEXT))
def test_every_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()
