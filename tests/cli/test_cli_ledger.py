from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cogenesis_langchain.cli import app, main
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.privacy.ledger.chain import verify
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry
from cogenesis_langchain.privacy.ledger.file import FileLedger, default_ledger_path

CHAT = "POST https://cloud.test/v1/chat/completions"
SCORE = "POST https://cloud.test/v1/completions"


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COGENESIS_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    return default_ledger_path()


def record(path: Path, *entries: LedgerEntry) -> None:
    ledger = FileLedger(path)
    for entry in entries:
        ledger.append(entry)


def sketch(payload: bytes, day: int = 1) -> LedgerEntry:
    time = datetime(2026, 5, day, 9, 30, tzinfo=UTC)
    return LedgerEntry(CHAT, "sketch", "masked", payload, {"name": 2, "date": 1}, time)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cogenesis", "ledger", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_show_prints_the_newest_entries_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    instruction = "Write to [NAME_1] and [/NAME_1] " + "at length " * 30
    record(path, sketch(b'{"text": "older"}'), sketch(json.dumps({"text": instruction}).encode()))
    assert run(monkeypatch, "show", "--last", "1") == 0
    shown = capsys.readouterr().out
    assert instruction in shown
    assert "2  2026-05-01 09:30:00 UTC  sketch  masked" in shown
    assert CHAT in shown
    assert "masked values: 1 date, 2 name" in shown
    assert "older" not in shown


def test_show_prints_a_payload_that_is_not_json_unchanged(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repeated = b'{"text": "one", "text": "two"}'
    record(path, sketch(b"plain words"), sketch(b"\xff\x01"), sketch(repeated))
    run(monkeypatch, "show")
    shown = capsys.readouterr().out
    assert "plain words" in shown
    assert r"\xff\x01" in shown
    assert repeated.decode() in shown


def test_show_escapes_control_characters(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(path, sketch("clear \x1b[2J, \x9b2J, reorder \u202e, hide \u200b".encode()))
    run(monkeypatch, "show")
    shown = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert r"\x1b[2J" in shown
    assert r"\u202e" in shown


def test_show_mentions_an_incomplete_line(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(path, sketch(b"one"))
    path.write_bytes(path.read_bytes() + b'{"endpo')
    assert run(monkeypatch, "verify") == 0
    assert "7 bytes at the end are an incomplete line" in capsys.readouterr().out
    record(path, sketch(b"two"))
    run(monkeypatch, "show")
    assert "incomplete line of 7 bytes removed" in capsys.readouterr().out


def test_verify_accepts_the_anchor_that_it_printed(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(path, sketch(b"one"), sketch(b"two"))
    assert run(monkeypatch, "verify") == 0
    printed = capsys.readouterr().out
    assert "2 lines in 1 files, the chain is intact" in printed
    anchor = printed.split("anchor: ")[1].strip()
    assert anchor == verify(path).head
    assert run(monkeypatch, "verify", "--anchor", anchor) == 0
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert run(monkeypatch, "verify", "--anchor", anchor) == 1
    assert "lines at its end were removed" in capsys.readouterr().err


def test_verify_names_the_broken_line_and_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(path, sketch(b"one"), sketch(b"two"))
    path.write_bytes(path.read_bytes().replace(b"two", b"too"))
    assert run(monkeypatch, "verify") == 1
    printed = capsys.readouterr().err
    assert "egress.jsonl, line 2: its content does not match its SHA-256" in printed
    assert "Remedy: the first 1 lines are intact" in printed


def test_stats_count_entries_and_bytes_in_every_group(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = LedgerEntry(SCORE, "score", "refused", b"", {"name": 1}, sketch(b"", 2).time)
    record(path, sketch(b"x" * 1000), sketch(b"x" * 500), refused)
    assert run(monkeypatch, "stats") == 0
    printed = capsys.readouterr().out
    rows = [[cell.strip() for cell in row.split("│")[1:-1]] for row in printed.splitlines()]
    for key in (CHAT, "sketch", "masked", "2026-05-01"):
        assert [key, "2", "1,500"] in rows
    for key in (SCORE, "score", "refused", "2026-05-02"):
        assert [key, "1", "0"] in rows


@pytest.mark.parametrize("command", ["show", "verify", "stats"])
def test_a_missing_ledger_is_an_error(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, command) == 1
    assert "there is no egress ledger" in capsys.readouterr().err


def test_another_ledger_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    record(other, sketch(b"elsewhere"))
    assert run(monkeypatch, "show", "--path", str(other)) == 0
    assert "elsewhere" in capsys.readouterr().out


def test_the_commands_are_part_of_cogenesis() -> None:
    assert "ledger" in {group.name for group in app.registered_groups}


def test_show_folds_the_fixed_prompt_unless_it_is_asked_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [
        {"role": "system", "content": "You plan texts."},
        {"role": "user", "content": "Write to my dentist."},
    ]
    chat = json.dumps({"model": "m", "messages": messages, "temperature": 0}).encode()
    scored = json.dumps({"prompt": [list(range(500))], "logprobs": 20}).encode()
    text = json.dumps({"prompt": "Dear Dr Obi", "max_tokens": 1}).encode()
    time = datetime(2026, 5, 1, tzinfo=UTC)
    fused = [LedgerEntry(SCORE, "fused", "open", one, {}, time) for one in (scored, text)]
    record(path, sketch(chat), *fused)
    run(monkeypatch, "show")
    shown = capsys.readouterr().out
    assert "Write to my dentist." in shown and "model: m" in shown and "temperature: 0" in shown
    assert "1 of the fixed prompt" in shown and "You plan texts" not in shown
    assert "500 token ids" in shown and "499" not in shown
    assert shown.count("shows the cloud model the text so far") == 2 and "Dear Dr Obi" in shown
    assert str(path) in shown
    run(monkeypatch, "show", "--full")
    whole = capsys.readouterr().out
    assert "You plan texts" in whole and "499" in whole


@pytest.mark.real
def test_token_ids_are_shown_as_text_with_a_tokenizer(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tiny_local_model: LlamaCppModel,
) -> None:
    ids = tiny_local_model.tokens().encode(b"Dear Dr Obi, thank you")
    time = datetime(2026, 5, 1, tzinfo=UTC)
    for prompt in (ids, [ids, ids[:2]]):  # one prompt, and several as llama-server takes them
        payload = json.dumps({"prompt": prompt, "logprobs": 20}).encode()
        record(path, LedgerEntry(SCORE, "fused", "open", payload, {}, time))
        run(monkeypatch, "show", "--tokenizer", tiny_local_model._llama.model_path)
        shown = capsys.readouterr().out
        assert f"{len(ids)} token ids, as text:\nDear Dr Obi, thank you" in shown
    assert "2 token ids, as text:\n" in shown


def test_a_tokenizer_that_is_no_model_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "text.gguf").write_text("no model")
    assert run(monkeypatch, "show", "--tokenizer", str(tmp_path / "text.gguf"))
    assert "llama.cpp cannot open 'text.gguf'" in capsys.readouterr().err


def test_servers_on_loopback_are_one_row(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    time = datetime(2026, 5, 1, tzinfo=UTC)
    entries = [
        LedgerEntry(f"POST http://{host}:{port}/v1/x", "sketch", "clean", b"{}", {}, time)
        for host, port in (("127.0.0.1", 4001), ("127.0.0.1", 4002), ("cloud.test", 4003))
    ]
    record(path, *entries)
    run(monkeypatch, "stats")
    shown = capsys.readouterr().out
    assert "http://127.0.0.1/v1/x" in shown and "4001" not in shown and "cloud.test:4003" in shown
