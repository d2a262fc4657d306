from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.tiny_models import MESSAGES, TinyModel, TinyScorer, tiny_verifier

from cogenesis_langchain.cli import main
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.models.base import GenerationOptions


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "argv", ["cogenesis", "trace", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    decoder = FusedDecoder(TinyModel(ends=False), operator="mean")
    options = GenerationOptions(max_tokens=30, temperature=0.0)
    tokens = decoder.stream(MESSAGES, tiny_verifier(TinyScorer()), options)
    file = tmp_path / "trace.json"
    file.write_bytes(Trace.of(tokens).to_json())
    return file


def test_a_saved_trace_is_shown(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(saved)) == 0
    shown = capsys.readouterr().out
    assert "30 tokens" in shown
    assert "cloud" in shown and "local" in shown


def test_the_page_is_written_to_the_given_path(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = saved.with_name("page.html")
    assert run(monkeypatch, str(saved), "--html", str(page)) == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert page.stat().st_mode & 0o777 == 0o600, "it holds the text"


def test_an_invalid_trace_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"secret": "Ines"}')
    assert run(monkeypatch, str(other)) == 1
    assert run(monkeypatch, str(tmp_path / "missing.json")) == 1
    error = capsys.readouterr().err
    assert error.count("Remedy:") == 2
    assert "Ines" not in error
