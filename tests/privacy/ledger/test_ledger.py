from __future__ import annotations

import os
import random
import resource
import stat
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import pytest
from filelock import FileLock
from support.ledger_writer import append_from_threads, entry, filled, names, payloads, writers
from support.thorough import THOROUGH

from cogenesis_langchain.errors import LedgerError
from cogenesis_langchain.privacy.ledger import file as ledger_file
from cogenesis_langchain.privacy.ledger.chain import (
    TornWrite,
    chain_files,
    read,
    verify,
)
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger, shown_url
from cogenesis_langchain.privacy.ledger.file import FileLedger, default_ledger_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "egress.jsonl"


# Content and files


def test_a_ledger_can_be_read_in_python(path: Path) -> None:
    ledger = FileLedger(path, max_bytes=1)
    assert list(ledger.entries) == []
    for number in range(3):
        ledger.append(entry(b"%d" % number))
    assert [one.payload for one in ledger.entries] == [b"0", b"1", b"2"]


def test_entries_come_back_in_order_with_all_their_fields(path: Path) -> None:
    entries = [entry(b"text with \xc3\xa9"), entry(b"\xff\x00 not text"), entry(b"")]
    ledger = FileLedger(path)
    for one in entries:
        ledger.append(one)
    assert [line.content for line in read(path)] == entries
    assert "text with é" in path.read_text("utf-8")


def test_only_the_owner_can_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        filled(path, max_bytes=600)
    finally:
        os.umask(before)
    assert len(chain_files(path)) > 1
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_file_that_others_can_read_is_closed_to_them(path: Path) -> None:
    ledger = filled(path, count=1)
    for file in path.parent.iterdir():
        file.chmod(0o666)
    ledger.append(entry(b"next"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["egress.jsonl", "egress.jsonl.lock"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_refused(path: Path, tmp_path: Path, name: str, exists: bool) -> None:
    target = tmp_path / "elsewhere"
    if exists:
        target.touch()
    path.parent.mkdir()
    path.with_name(name).symlink_to(target)
    with pytest.raises(LedgerError, match="symbolic link"):
        FileLedger(path).append(entry(b"text"))
    assert not exists or target.read_bytes() == b""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://ada:pass@cloud.test/v1?key=sk-1&api-version=2",
            "https://cloud.test/v1?key=...&api-version=2",
        ),
        ("http://127.0.0.1:8000/v1#sk-1", "http://127.0.0.1:8000/v1"),
        ("https://sk-1@[::1]:80/v1?sk-1", "https://[::1]:80/v1?sk-1=..."),
    ],
)
def test_a_shown_url_has_no_password_and_no_key(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_the_chain_continues_in_another_file(path: Path) -> None:
    filled(path, count=12, max_bytes=1000)
    files = list(chain_files(path).values())
    assert [file.name for file in files[:3]] == ["egress.jsonl", "egress.2.jsonl", "egress.3.jsonl"]
    assert all(file.stat().st_size <= 1000 for file in files)
    found = verify(path)
    assert (found.files, found.lines, found.broken) == (len(files), 12, None)
    assert payloads(path) == [f"payload {number}".encode() for number in range(12)]


def test_a_payload_larger_than_a_file_is_kept_whole(path: Path) -> None:
    large = b"x" * 5000
    ledger = filled(path, count=1, max_bytes=1000)
    ledger.append(entry(large))
    ledger.append(entry(b"next"))
    assert payloads(path) == [b"payload 0", large, b"next"]
    assert verify(path).broken is None


def test_an_empty_last_file_is_used(path: Path) -> None:
    ledger = filled(path, count=3, max_bytes=1000)
    path.with_name(f"egress.{max(chain_files(path)) + 1}.jsonl").touch()
    ledger.append(entry(b"next"))
    assert payloads(path)[-1] == b"next"
    assert verify(path).broken is None


def test_the_default_path_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COGENESIS_HOME", str(tmp_path))
    assert default_ledger_path() == tmp_path / "ledger" / "egress.jsonl"
    monkeypatch.delenv("COGENESIS_HOME")
    assert default_ledger_path().is_relative_to(platformdirs.user_state_path("cogenesis-langchain"))


def test_the_memory_ledger_keeps_entries_in_order() -> None:
    ledger = MemoryLedger()
    entries = (entry(b"1"), entry(b"2"))
    for one in entries:
        ledger.append(one)
    assert ledger.entries == entries


# Kill -9


def acknowledged_before_kill(kind: str, path: Path, name: str, chance: random.Random) -> list[str]:
    """Let a writer run, kill it at a random moment, return what it acknowledged."""
    [process] = writers(kind, path, [name], 100_000)
    with process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(chance.randint(1, 300))]
        time.sleep(chance.uniform(0, 0.003))
        process.kill()
        acknowledged += [line for line in process.stdout if line.endswith("\n")]
    return [f"{name}:{line.strip()}" for line in acknowledged]


@pytest.mark.slow
def test_kill_9_during_a_thousand_appends_loses_no_acknowledged_line(path: Path) -> None:
    chance = random.Random()
    acknowledged: list[str] = []
    rounds = 0
    while len(acknowledged) < 1000:
        rounds += 1
        acknowledged += acknowledged_before_kill("FileLedger", path, f"round{rounds}", chance)
    recorded = [names(payload) for payload in payloads(path)]
    assert set(acknowledged) <= set(recorded)
    assert len(acknowledged) <= len(recorded) <= len(acknowledged) + rounds
    FileLedger(path).append(entry())
    assert verify(path).broken is None
    assert verify(path).unfinished == 0


def test_control_a_buffered_ledger_loses_acknowledged_lines(tmp_path: Path) -> None:
    path = tmp_path / "buffered"
    acknowledged = acknowledged_before_kill("Buffered", path, "round1", random.Random(3))
    recorded = {names(payload) for payload in path.read_bytes().splitlines()}
    assert not set(acknowledged) <= recorded


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_an_incomplete_line_is_removed_and_recorded(path: Path, kept: int) -> None:
    ledger = filled(path, count=3)
    lines = path.read_bytes().splitlines(keepends=True)
    torn = lines[2][:kept]
    path.write_bytes(lines[0] + lines[1] + torn)
    assert verify(path).unfinished == len(torn)
    assert payloads(path) == [b"payload 0", b"payload 1"]
    ledger.append(entry(b"next"))
    assert payloads(path) == [b"payload 0", b"payload 1", b"next"]
    notes = [line.content for line in read(path) if isinstance(line.content, TornWrite)]
    assert [note.size for note in notes] == [len(torn)]
    assert verify(path).broken is None


def test_an_incomplete_first_line_of_a_later_file_is_removed(path: Path) -> None:
    ledger = filled(path, count=8, max_bytes=1000)
    newest = list(chain_files(path).values())[-1]
    newest.write_bytes(newest.read_bytes()[:50])
    ledger.append(entry(b"next"))
    assert payloads(path)[-1] == b"next"
    assert verify(path).broken is None


# Many writers


@pytest.mark.slow
def test_64_threads_write_one_chain(path: Path) -> None:
    each = 50 if THOROUGH else 15
    append_from_threads(FileLedger(path, max_bytes=4_000 * each), threads=64, each=each)
    found = verify(path)
    assert (found.lines, found.broken) == (64 * each, None)
    assert found.files > 1
    expected = {f"{name}:{number}".encode() for name in range(64) for number in range(each)}
    assert set(payloads(path)) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "whole"), [("FileLedger", True), ("Unlocked", False)])
def test_processes_write_one_chain_only_under_the_lock(path: Path, kind: str, whole: bool) -> None:
    processes = writers(kind, path, [f"p{number}" for number in range(5)], 60)
    for process in processes:
        process.communicate()
    if whole:
        assert [process.returncode for process in processes] == [0] * 5
        assert (verify(path).lines, verify(path).broken) == (300, None)
        expected = {f"p{name}:{number}" for name in range(5) for number in range(60)}
        assert {names(payload) for payload in payloads(path)} == expected
    else:
        assert verify(path).lines < 300


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_forked_during_an_append_goes_on(path: Path) -> None:
    ledger = filled(path, count=1)
    thread = threading.Thread(target=append_from_threads, args=(ledger, 2, 20))
    thread.start()
    child = os.fork()
    if child == 0:
        ledger.append(entry(b"child"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    thread.join()
    assert b"child" in payloads(path)
    assert (verify(path).lines, verify(path).broken) == (42, None)


def test_two_ledgers_of_one_path_continue_each_other(path: Path) -> None:
    first, second = FileLedger(path), FileLedger(path)
    for ledger in (first, second, first, second):
        ledger.append(entry())
    assert (verify(path).lines, verify(path).broken) == (4, None)


# Failing writes


def test_nothing_is_appended_to_an_altered_last_line(path: Path) -> None:
    ledger = filled(path, count=2)
    altered = path.read_bytes().replace(b"payload 1", b"payload 7")
    path.write_bytes(altered)
    with pytest.raises(LedgerError, match="altered") as caught:
        ledger.append(entry())
    assert "payload 7" not in "".join(traceback.format_exception(caught.value))
    assert path.read_bytes() == altered


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Make the operating system interrupt a write, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_raises_and_keeps_the_chain_intact(path: Path) -> None:
    ledger, payload = filled(path, count=2), b"can" + b"ary" * 100
    with (
        files_no_larger_than(path.stat().st_size + 100),
        pytest.raises(LedgerError, match="cannot be written") as caught,
    ):
        ledger.append(entry(payload))
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert "free some space" in caught.value.remedy
    ledger.append(entry(b"next"))
    assert payloads(path) == [b"payload 0", b"payload 1", b"next"]
    assert (verify(path).lines, verify(path).broken) == (3, None)


def test_a_disk_that_fails_to_sync_raises(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = filled(path, count=1)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(LedgerError, match="Input/output error"):
            ledger.append(entry())
    assert verify(path).lines == 1


def test_every_append_waits_for_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        real(descriptor)

    ledger = filled(path, count=1)
    monkeypatch.setattr(os, "fsync", note)
    ledger.append(entry())
    assert synced == [path.stat().st_size]


def test_a_path_below_a_file_raises(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be written"):
        FileLedger(tmp_path / "file" / "egress.jsonl").append(entry())


def test_a_lock_that_is_never_freed_raises(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_file, "_LOCK_TIMEOUT", 0.05)
    ledger = filled(path, count=1)
    with FileLock(f"{path}.lock"), pytest.raises(LedgerError, match="lock"):
        ledger.append(entry())
    ledger.append(entry())
    assert verify(path).lines == 2
