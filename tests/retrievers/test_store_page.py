"""Runs the code of the documentation page about the store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.word_embeddings import WordEmbeddings

PAGE = (Path(__file__).parents[2] / "docs" / "context_store.md").read_text()
START, ENCRYPTED = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)


def test_the_code_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "cogenesis_langchain.retrievers.embeddings.LocalMiniLM", lambda **_: WordEmbeddings()
    )
    exec(compile(START, "context_store.md", "exec"), {"__name__": "page"})
    out = capsys.readouterr().out
    assert out.startswith("profile Name: Ana Ruiz\nDiet: vegetarian\ndocument The spare key")
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"The spare key" not in content


def test_the_code_about_encryption_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "cogenesis_langchain.retrievers.embeddings.LocalMiniLM", lambda **_: WordEmbeddings()
    )
    exec(compile(ENCRYPTED, "context_store.md", "exec"), {"__name__": "page"})
    folder = tmp_path / "encrypted-context"
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert content and b"spare" not in content
