"""The package without extras: it writes, and what needs an extra says which one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from cogenesis_langchain import (
    ContextStore,
    LlamaCppModel,
    LocalMiniLM,
    NamedEntityModel,
    StandInCloud,
    command,
)
from cogenesis_langchain.errors import MissingDependency
from cogenesis_langchain.models.files import catalog

ROOT = Path(__file__).parent.parent
WRITING = """
import sys
sys.modules.update(dict.fromkeys({missing}))
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from cogenesis_langchain import ChatCoGenesis, MemoryLedger, private, public, private_chain
from cogenesis_langchain.testing import behaviours
cloud = FakeListChatModel(responses=[behaviours.TEMPLATE])
local = FakeListChatModel(responses=["A text."])
model = ChatCoGenesis(cloud=cloud, local=local, ledger=MemoryLedger())
answer = private_chain(model).invoke([("system", "I owe Ada Quovex 40 EUR."), ("human", "Write.")])
print(answer.text, answer.response_metadata["cogenesis"]["rung"])
"""
OF_EXTRAS = (
    "bs4", "chromadb", "cryptography", "huggingface_hub", "ijson", "langchain_openai", "llama_cpp",
    "llguidance", "numpy", "onnxruntime", "openai", "rich", "tokenizers", "torch", "transformers",
    "typer", "xllamacpp",
)  # fmt: skip


@pytest.mark.slow
def test_a_text_is_written_without_any_extra() -> None:
    code = WRITING.format(missing=OF_EXTRAS)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout == "A text. outline\n", done.stderr


def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


@pytest.mark.parametrize(
    ("use", "extra"),
    [
        (lambda: LlamaCppModel("qwen2.5-coder-1.5b-instruct"), "llama-cpp"),
        (lambda: StandInCloud("qwen2.5-coder-1.5b-instruct").start(), "stand-in"),
        (LocalMiniLM, "chroma"),
        (NamedEntityModel, "ner"),
        (lambda: ContextStore("context").add("a note"), "chroma"),
        (lambda: catalog.fetch("hf:owner/repository/model.gguf"), "llama-cpp"),
    ],
    ids=["llama.cpp", "stand-in", "embeddings", "entities", "store", "hub"],
)
def test_a_missing_extra_is_named_before_anything_is_downloaded(
    use: Callable[[], object], extra: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COGENESIS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    no_packages(monkeypatch)
    with pytest.raises(MissingDependency) as caught:
        use()
    assert caught.value.remedy == f'pip install "cogenesis-langchain[{extra}]"'


def test_the_command_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    no_packages(monkeypatch)
    with pytest.raises(SystemExit) as stopped:
        command.main()
    assert stopped.value.code == 1
    assert 'pip install "cogenesis-langchain[cli]"' in capsys.readouterr().err


def test_the_command_of_the_package_is_the_checked_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"cogenesis": "cogenesis_langchain.command:main"}
    assert "cli" in project["optional-dependencies"]["all"][0]
