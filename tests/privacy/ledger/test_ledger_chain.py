from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ledger_writer import append_from_threads, entry, filled

from cogenesis_langchain.errors import LedgerError
from cogenesis_langchain.privacy.ledger.chain import (
    GENESIS,
    LedgerLine,
    chain_files,
    read,
    verify,
)
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "egress.jsonl"


@pytest.mark.slow
@given(
    payload=st.binary() | st.text().map(str.encode),
    endpoint=st.text(),
    masked=st.dictionaries(st.text(), st.integers()),
    time=st.datetimes(timezones=st.just(UTC)),
)
def test_a_line_reads_back_as_it_was(
    payload: bytes, endpoint: str, masked: dict[str, int], time: datetime
) -> None:
    content = LedgerEntry(endpoint, "sketch", "open", payload, masked, time)
    line = LedgerLine.create(7, GENESIS, content)
    assert b"\n" not in line.raw
    assert json.loads(line.raw)["sha256"] == line.sha256
    assert LedgerLine.decode(line.raw) == line


def edit_payload(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].replace(b"payload 2", b"payload 9"), *lines[3:]]


def edit_and_hash_again(lines: list[bytes]) -> list[bytes]:
    old = LedgerLine.decode(lines[2].strip())
    new = LedgerLine.create(old.number, old.previous, entry(b"payload 9"))
    return [*lines[:2], new.raw + b"\n", *lines[3:]]


def add_space(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].replace(b'":', b'": ', 1), *lines[3:]]


def repeat_a_key(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].replace(b"{", b'{"payload":"x",', 1), *lines[3:]]


def lose_a_newline(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].rstrip(b"\n"), *lines[3:]]


def hashed(body: bytes) -> bytes:
    digest = hashlib.sha256(body + b"}").hexdigest()
    return body + f',"sha256":"{digest}"}}\n'.encode()


def replace_by_junk(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], b"\xff\n", *lines[3:]]


def replace_by_hashed_junk(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], hashed(b'{"deep":' + b"[" * 100_000), *lines[3:]]


def replace_by_another_object(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], hashed(b'{"number":3'), *lines[3:]]


def delete_one(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], *lines[3:]]


def swap_two(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


def repeat_one(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[1], *lines[2:]]


def delete_first(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def leave_alone(lines: list[bytes]) -> list[bytes]:
    return lines


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        (leave_alone, None),
        (edit_payload, "egress.jsonl, line 3: its content does not match"),
        (edit_and_hash_again, "egress.jsonl, line 4: expected line 4 of the chain"),
        (add_space, "egress.jsonl, line 3: its content does not match"),
        (repeat_a_key, "egress.jsonl, line 3: its content does not match"),
        (lose_a_newline, "egress.jsonl, line 3: its content does not match"),
        (replace_by_junk, "egress.jsonl, line 3: its content does not match"),
        (replace_by_hashed_junk, "egress.jsonl, line 3: it is not a ledger line"),
        (replace_by_another_object, "egress.jsonl, line 3: it is not a ledger line"),
        (delete_one, "egress.jsonl, line 3: expected line 3 of the chain"),
        (swap_two, "egress.jsonl, line 3: expected line 3 of the chain"),
        (repeat_one, "egress.jsonl, line 3: expected line 3 of the chain"),
        (delete_first, "egress.jsonl, line 1: expected line 1 of the chain"),
    ],
)
def test_the_first_broken_line_is_named(
    path: Path, tamper: Callable[[list[bytes]], list[bytes]], broken: str | None
) -> None:
    filled(path)
    path.write_bytes(b"".join(tamper(path.read_bytes().splitlines(keepends=True))))
    found = verify(path)
    if broken is None:
        assert (found.lines, found.broken) == (6, None)
    else:
        assert found.broken is not None
        assert found.broken.startswith(broken)
        assert found.lines == int(broken.split("line ")[1].split(":")[0]) - 1


def test_only_an_anchor_reveals_removed_last_lines(path: Path) -> None:
    filled(path)
    anchor = verify(path).head
    assert verify(path, anchor=anchor).broken is None
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert verify(path).broken is None
    assert "anchor" in str(verify(path, anchor=anchor).broken)


def test_an_anchor_of_any_line_reveals_a_rewritten_ledger(path: Path) -> None:
    filled(path)
    anchor = next(read(path)).sha256
    filled(path, count=1)
    assert verify(path, anchor=anchor).broken is None
    path.unlink()
    filled(path)
    assert verify(path).broken is None
    assert "anchor" in str(verify(path, anchor=anchor).broken)


def test_a_missing_or_moved_file_is_detected(path: Path) -> None:
    filled(path, count=12, max_bytes=1000)
    first, second, third, *_ = chain_files(path).values()
    aside = second.rename(path.with_name("aside"))
    assert str(verify(path).broken).startswith("egress.3.jsonl, line 1")
    third.rename(second)
    aside.rename(third)
    assert str(verify(path).broken).startswith("egress.2.jsonl, line 1")
    first.unlink()
    assert str(verify(path).broken).startswith(
        "egress.2.jsonl, line 1: expected line 1 of the chain"
    )


def test_an_unfinished_line_in_the_middle_is_broken(path: Path) -> None:
    filled(path, count=12, max_bytes=1000)
    path.write_bytes(path.read_bytes()[:-5])
    assert str(verify(path).broken).endswith("the line before is unfinished")


def test_verifying_a_missing_ledger_raises(path: Path) -> None:
    with pytest.raises(LedgerError, match="no egress ledger"):
        verify(path)


@pytest.mark.slow
def test_verifying_during_appends_finds_an_intact_chain(path: Path) -> None:
    ledger = filled(path, count=1, max_bytes=2000)
    thread = threading.Thread(target=append_from_threads, args=(ledger, 2, 100))
    thread.start()
    lengths = []
    while thread.is_alive():
        found = verify(path)
        assert found.broken is None
        lengths.append(found.lines)
    thread.join()
    assert all(earlier <= later for earlier, later in pairwise(lengths))
    assert verify(path).lines == 201
