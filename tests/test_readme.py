"""What a reader copies from the README is executed."""

from __future__ import annotations

import re
from pathlib import Path

import langchain_openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.testing import EgressRecorder, behaviours

README = (Path(__file__).parent.parent / "README.md").read_text()
QUICKSTART, FUSED = re.findall(r"```python\n(.*?)```", README, flags=re.S)


@pytest.mark.real
@pytest.mark.usefixtures("small_models")
def test_the_quickstart_runs(
    stand_in: ChatOpenAI,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "quickstart"}
    with EgressRecorder(behaviours.chat()) as cloud:
        answering = ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key"))
        monkeypatch.setattr(langchain_openai, "ChatOpenAI", lambda **_: answering)
        exec(compile(QUICKSTART, "README.md", "exec"), names)
    text, _, metadata = capsys.readouterr().out.rpartition("\n{")
    assert len(text.split()) > 20
    assert "'rung': 'template'" in metadata
    names["ChatOpenAI"] = lambda **_: stand_in  # the quickstart has imported the other one
    short = FUSED.replace("max_tokens=200", "max_tokens=12")
    exec(compile(short, "README.md", "exec"), names)
    assert len(Trace.from_json((tmp_path / "trace.json").read_bytes()).tokens) > 4


def test_every_file_of_the_map_exists() -> None:
    (tree,) = re.findall(r"## Map\n\n```\n(.*?)```", README, flags=re.S)
    root = Path(__file__).parent.parent
    folders = [root]
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        path = folders[depth] / line.split()[0]
        assert path.exists(), path
        folders = [*folders[: depth + 1], path]


def test_the_two_commands_are_chores_of_the_makefile() -> None:
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    for chore in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{chore}:", makefile, flags=re.M), chore
