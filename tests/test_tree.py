"""The shape of the tree: public names, package list, cheap imports, bare folders refused."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import cogenesis_langchain

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "chromadb", "langchain_openai", "langchain_core", "numpy", "llama_cpp", "httpx2"}


def run(code: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, check=False
    )


def test_the_public_names_are_these() -> None:
    assert cogenesis_langchain.__all__ == [
        "Bounded",
        "Budget",
        "ChatCoGenesis",
        "ContextStore",
        "FileLedger",
        "Filter",
        "LlamaCppModel",
        "LocalMiniLM",
        "MemoryLedger",
        "NamedEntityModel",
        "PresidioDetector",
        "PrivateAgentMiddleware",
        "PrivateContextRetriever",
        "PrivateValue",
        "Search",
        "StandInCloud",
        "TransformersModel",
        "__version__",
        "create_fused_decoding_chain",
        "create_sketch_fill_chain",
        "keyring_key",
        "new_key_file",
        "open_cloud",
        "private",
        "private_chain",
        "private_prompt",
        "private_tool",
        "public",
        "read_key_file",
        "rebuild_store",
    ]
    assert dir(cogenesis_langchain) == cogenesis_langchain.__all__
    for name in cogenesis_langchain.__all__:
        assert getattr(cogenesis_langchain, name) is not None


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert cogenesis_langchain.__version__ == project["version"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="ChatGenesis"):
        _ = cogenesis_langchain.ChatGenesis


def test_the_package_list_names_every_package() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    package = ROOT / "cogenesis_langchain"
    found = {
        ".".join((package.name, *path.parent.relative_to(package).parts))
        for folder in (package, *(link for link in package.iterdir() if link.is_symlink()))
        for path in folder.rglob("__init__.py")
    }
    assert sorted(found) == sorted(listed)


@pytest.mark.slow
def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, cogenesis_langchain; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in run(code).stdout.split()}
    assert not loaded & HEAVY
    control = run(f"{code.replace('; print', '; cogenesis_langchain.ChatCoGenesis; print')}")
    assert "langchain_core" in {name.partition(".")[0] for name in control.stdout.split()}


@pytest.mark.parametrize("folder", ["chains", "retrievers"])
def test_a_bare_folder_is_refused(folder: str) -> None:
    refused = run(f"import {folder}")
    assert f"import cogenesis_langchain.{folder}, not the bare {folder} folder" in refused.stderr
    assert importlib.import_module(f"cogenesis_langchain.{folder}")


@pytest.mark.slow
def test_a_chat_model_costs_no_torch_and_no_chroma() -> None:
    code = "import sys; from cogenesis_langchain import ChatCoGenesis; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in run(code).stdout.split()}
    assert "langchain_core" in loaded
    assert not loaded & {"torch", "transformers", "chromadb", "langchain_openai", "llama_cpp"}
