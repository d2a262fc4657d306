"""The store opens no network socket. The kernel enforces this, for native code too."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import socketless_worker

from cogenesis_langchain.models.files import catalog

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not socketless_worker.can_block_sockets(), reason="needs Linux's filters of system calls"
    ),
]

TESTS = Path(__file__).parents[1]


def run(folder: Path, *tasks: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", socketless_worker.__name__, str(folder), *tasks]
    return subprocess.run(command, capture_output=True, text=True, cwd=TESTS)


def test_store_files_and_retriever_open_no_socket(tmp_path: Path) -> None:
    result = run(tmp_path, "store", "ingest", "retriever")
    assert result.stdout.split() == ["store", "ingest", "retriever"]
    assert result.returncode == 0, result.stderr


def test_the_first_use_of_a_store_opens_no_socket(tmp_path: Path) -> None:
    result = run(tmp_path, "first_use")
    assert result.returncode == 0, result.stderr


@pytest.mark.real
def test_embedding_model_and_commands_open_no_socket(tmp_path: Path) -> None:
    for name in ("minilm-l6-v2-int8", "minilm-l6-v2-tokenizer"):
        catalog.fetch(name)
    result = run(tmp_path, "embedding", "commands")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "control", ["python_socket", "native_socket", "name_lookup", "client_of_chroma"]
)
def test_control_a_socket_ends_the_process(tmp_path: Path, control: str) -> None:
    """The controls: a socket is noticed, however it is opened."""
    assert run(tmp_path, control).returncode == -signal.SIGSYS
