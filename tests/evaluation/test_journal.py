from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cogenesis_langchain.errors import ResultsUnusable
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.results import Attempt

_WRITER = """
import sys
from pathlib import Path
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.results import Attempt
journal = Journal(Path(sys.argv[1]), Attempt)
for number in range(100_000):
    journal.append(Attempt(record=str(number), setting="s", seed=0, text="x" * 3000))
    print(number, flush=True)
"""


def _attempt(record: str, **fields: str) -> Attempt:
    return Attempt(record=record, setting="sketch-fill", seed=1, **fields)


def test_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "attempts.jsonl"
    written = [_attempt("a", text="Dear Ann,\nhello\u2028there"), _attempt("b", text="Ça va")]
    journal = Journal(path, Attempt)
    for line in written:
        journal.append(line)
    assert journal.lines() == written
    assert Journal(path, Attempt).lines() == written
    assert Journal(path, Attempt).keys() == {("a", "sketch-fill", "1"), ("b", "sketch-fill", "1")}


def test_the_last_line_of_a_key_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "attempts.jsonl", Attempt)
    journal.append(_attempt("a", failure="CloudTimeout: none in time"))
    journal.append(_attempt("b", text="two"))
    journal.append(_attempt("a", text="one"))
    again = Journal(journal.path, Attempt)
    assert [line.text for line in again.lines()] == ["one", "two"]
    assert again.lines() == journal.lines()


@pytest.mark.parametrize("left", [1, 10, -1])
def test_an_unfinished_last_line_is_passed_over_and_cut_off(tmp_path: Path, left: int) -> None:
    path = tmp_path / "attempts.jsonl"
    journal = Journal(path, Attempt)
    journal.append(_attempt("a", text="whole"))
    whole = path.read_bytes()
    journal.append(_attempt("b", text="torn"))
    path.write_bytes(path.read_bytes()[: len(whole) + left] if left > 0 else path.read_bytes()[:-1])
    torn = path.read_bytes()
    reopened = Journal(path, Attempt)
    assert reopened.keys() == {("a", "sketch-fill", "1")}
    assert path.read_bytes() == torn, "reading must not write"
    reopened.append(_attempt("c", text="next"))
    assert path.read_bytes().startswith(whole)
    assert [line.record for line in Journal(path, Attempt).lines()] == ["a", "c"]


@pytest.mark.parametrize(
    ("damage", "named"),
    [(b"not json", "line 2"), (b'{"record": "a", "setting": "s"}', "seed"), (b"", "line 2")],
)
def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path, damage: bytes, named: str) -> None:
    path = tmp_path / "attempts.jsonl"
    journal = Journal(path, Attempt)
    for record in "abc":
        journal.append(_attempt(record, text="Thobra Zimlor"))
    first, _, third, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first, damage, third, b""]))
    with pytest.raises(ResultsUnusable, match=named) as caught:
        Journal(path, Attempt)
    assert "Zimlor" not in str(caught.value)


def test_many_threads_append_whole_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "attempts.jsonl", Attempt)

    def write(worker: int) -> None:
        for number in range(20):
            journal.append(_attempt(f"{worker}-{number}", text="x" * 500))

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Journal(journal.path, Attempt).keys()) == 80


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "other" / "attempts.jsonl", Attempt)
    journal.path = tmp_path / "file" / "attempts.jsonl"
    with pytest.raises(ResultsUnusable, match="cannot be written"):
        journal.append(_attempt("a"))
    assert journal.lines() == []


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "attempts.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(3)]
        time.sleep(0.05)
        writer.kill()
        acknowledged += writer.stdout.readlines()
    said = {line.strip() for line in acknowledged if line.endswith("\n")}
    kept = {line.record for line in Journal(path, Attempt).lines()}
    assert said <= kept
    assert len(kept) <= len(said) + 1
