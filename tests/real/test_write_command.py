from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cogenesis_langchain import FileLedger

pytestmark = pytest.mark.real
PERSONA = Path(__file__).parent.parent.parent / "examples" / "persona"
COMMAND = [
    sys.executable, "-m", "cogenesis_langchain.cli", "write",
    "Write a short letter to my landlord about the heating.",
    "--context", str(PERSONA), "--local", "qwen2.5-coder-0.5b-instruct", "--max-tokens", "120",
]  # fmt: skip


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command keeps its ledger."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.mark.usefixtures("cloud_of_the_environment")
def test_it_writes_a_text_shows_what_left_and_records_it(tmp_path: Path, state: Path) -> None:
    page = tmp_path / "page.html"
    done = subprocess.run(
        [*COMMAND, "--store", str(tmp_path / "store"), "--page", str(page)],
        capture_output=True, text=True, timeout=600, check=True,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    shown, _, left = done.stdout.partition("every byte that crossed the border")
    assert "sketch (rung: template)" in shown and "text (stays here)" in shown
    assert 'class="local"' in page.read_text()
    assert "/v1/chat/completions" in left and '"messages"' in left
    (ledger,) = state.rglob("egress.jsonl")
    (entry,) = FileLedger(ledger).entries
    assert entry.purpose == "sketch"
    for private in ("Ferreira", "Larkfield", "Penhallow", "1,395"):
        assert private not in left


@pytest.mark.parametrize("moment", ["while the models open", "while the text is written"])
def test_ctrl_c_leaves_no_child(tmp_path: Path, moment: str) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--store", str(tmp_path / "store")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    started: list[int] = []
    deadline = time.monotonic() + 300
    while not started and time.monotonic() < deadline:
        started = children(process.pid)
        time.sleep(0.05)
    assert started, "the stand-in never started: there is nothing to leave behind"
    if moment == "while the text is written":
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    for _ in range(100):
        if not any(alive(pid) for pid in started):
            return
        time.sleep(0.1)
    pytest.fail("a child outlived the command")
