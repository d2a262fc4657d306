"""What a reader copies from the README is executed."""

from __future__ import annotations

import re
from pathlib import Path

import langchain_openai
import pytest
from langchain_openai import ChatOpenAI

from cogenesis_langchain.fusion.trace import Trace

README = (Path(__file__).parent.parent / "README.md").read_text()
QUICKSTART, FUSED = re.findall(r"```python\n(.*?)```", README, flags=re.S)


@pytest.mark.real
def test_the_quickstart_runs(
    stand_in: ChatOpenAI,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(langchain_openai, "ChatOpenAI", lambda **_: stand_in)
    names: dict[str, object] = {"__name__": "quickstart"}
    exec(compile(QUICKSTART, "README.md", "exec"), names)
    text, _, metadata = capsys.readouterr().out.rpartition("\n{")
    assert len(text.split()) > 20
    assert re.search("'rung': '(template|outline)'", metadata)
    short = FUSED.replace("max_tokens=200", "max_tokens=12")
    exec(compile(short, "README.md", "exec"), names)
    assert len(Trace.from_json((tmp_path / "trace.json").read_bytes()).tokens) > 4


def test_every_file_of_the_map_exists() -> None:
    (tree,) = re.findall(r"## Map\n\n```\n(.*?)```", README, flags=re.S)
    root = Path(__file__).parent.parent
    for line in tree.splitlines():
        name = line.split()[0]
        inside = root / "cogenesis_langchain" if line.startswith("  ") else root
        assert (inside / name).exists(), name


def test_the_two_commands_are_chores_of_the_makefile() -> None:
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    for chore in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{chore}:", makefile, flags=re.M), chore
