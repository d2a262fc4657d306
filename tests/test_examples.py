from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from langchain_openai import ChatOpenAI

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.real
@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(
    path: Path,
    stand_in: ChatOpenAI,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", str(stand_in.openai_api_base))
    monkeypatch.setenv("OPENAI_MODEL", stand_in.model_name)
    runpy.run_path(str(path), run_name="__main__")
    assert len(capsys.readouterr().out.split()) > 40
