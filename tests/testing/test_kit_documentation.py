"""The documented examples of the proof kit run."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

import cogenesis_langchain.testing
from cogenesis_langchain.testing import EgressRecorder, FakeLocal

ROOT = Path(__file__).parent.parent.parent
GUARANTEE = (ROOT / "docs" / "guarantee.md").read_text(encoding="utf-8")


def run_test_of(page: str, name: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), flags=re.S)
    (code,) = (block for block in blocks if f"def {name}(" in block)
    names: dict[str, Callable[[], None]] = {}
    exec(compile(code, page, "exec"), names)
    names[name]()


@pytest.mark.slow
def test_the_test_of_the_guarantee_passes() -> None:
    with EgressRecorder() as recorder:
        cloud = ChatOpenAI(model="any", base_url=recorder.base_url, api_key=SecretStr("none"))
        names: dict[str, Any] = {"cloud": cloud, "local": FakeLocal()}
        for code in re.findall(r"```python\n(.*?)```", GUARANTEE, flags=re.S):
            exec(compile(code, "guarantee.md", "exec"), names)
        names["test_nothing_private_leaves_my_chain"]()
        names["model"].invoke("Write to the court about Case-2041.")
        assert b"[ID_1]" in recorder.received and b"2041" not in recorder.received


@pytest.mark.slow
def test_the_test_of_the_agents_guide_passes() -> None:
    run_test_of("agents.md", "test_what_my_agent_sends")


def test_the_test_files_named_in_the_guarantee_exist() -> None:
    lines = re.findall(r"^\| \d+ \|.*$", GUARANTEE, flags=re.M)
    assert len(lines) == 10
    for line in lines:
        command = re.search(r"`python -m pytest ([^`]*)`", line)
        assert command, line
        assert all((ROOT / path).exists() for path in command[1].split()), line


@pytest.mark.parametrize(
    "module",
    [
        "cogenesis_langchain.testing",
        "cogenesis_langchain.testing.recorder",
        "cogenesis_langchain.privacy.matching.normalisation",
    ],
)
def test_docstring_examples_run(module: str) -> None:
    result = doctest.testmod(import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.slow
def test_the_plugin_gives_a_running_recorder(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        'pytest_plugins = ["cogenesis_langchain.testing.plugin"]\n'
    )
    (tmp_path / "test_mine.py").write_text(
        "from urllib.request import urlopen\n"
        "def test_mine(egress):\n"
        "    with urlopen(egress.url, data=b'x') as answer:\n"
        "        answer.read()\n"
        "    assert egress.requests[0].body == b'x'\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_the_kit_is_not_loaded_by_the_library() -> None:
    code = (
        "import sys, cogenesis_langchain.chat_model\n"
        "assert not [name for name in sys.modules if 'cogenesis_langchain.testing' in name]"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert cogenesis_langchain.testing.__all__
