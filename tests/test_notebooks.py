"""The notebooks are the guides, and a Jupyter kernel runs them from the first cell to the last."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbclient
import pytest
from support.byte_models import byte_server, routed

from cogenesis_langchain.testing import EgressRecorder
from tools.notebooks import GUIDES, notebook_of, path_of

ROOT = Path(__file__).parent.parent
SETUP = f"""
import sys
sys.path[:0] = [{str(ROOT / "tests")!r}, {str(ROOT)!r}]
from support.byte_models import ByteLocal
from support.word_embeddings import WordEmbeddings
import cogenesis_langchain
cogenesis_langchain.LocalMiniLM = WordEmbeddings
cogenesis_langchain.LlamaCppModel = lambda *_, **__: ByteLocal()
"""
"""Scripted models where the guides have files: nothing here proves anything about texts."""


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EgressRecorder]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    with EgressRecorder(routed(byte_server())) as recorder:
        monkeypatch.setenv("OPENAI_BASE_URL", recorder.base_url)
        yield recorder


def run(guide: str, cloud: EgressRecorder, folder: Path) -> str:
    """Run the notebook of a guide, and return what its cells printed."""
    text = path_of(guide).read_text().replace("https://vllm.example/v1", cloud.base_url)
    notebook = jupytext.reads(text, fmt="ipynb")
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first["source"] = SETUP + first["source"]
    nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": folder}}
    ).execute()
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ())
    )


@pytest.mark.parametrize("guide", GUIDES)
def test_a_notebook_is_its_guide(guide: str) -> None:
    assert path_of(guide).read_text() == notebook_of(guide) + "\n", "run: python tools/notebooks.py"
    assert "!!!" not in path_of(guide).read_text()


def test_the_notebook_of_the_rag_guide_runs(cloud: EgressRecorder, tmp_path: Path) -> None:
    shown = run("rag", cloud, tmp_path)
    assert "1 files" in shown and "template" in shown
    assert b"lower rent" in cloud.received and b"about the heating" in cloud.received
    assert not any(word in cloud.received for word in (b"Quist", b"Quill", b"780"))


def test_the_notebook_of_fused_decoding_runs(cloud: EgressRecorder, tmp_path: Path) -> None:
    assert "requests for" in run("fused_decoding", cloud, tmp_path)
    assert (tmp_path / "trace.html").exists()
    assert b"my dentist" in cloud.received and b"14 May" not in cloud.received
