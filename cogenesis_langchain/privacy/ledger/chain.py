"""The lines of an egress ledger on disk: how one is written, read back and verified.

A line is canonical JSON (sorted keys, no spaces, UTF-8) with one more key at its end, ``sha256``:
the SHA-256 of the object without it. Its ``previous`` is the ``sha256`` of the line before. So no
line can be edited, removed, added or moved without breaking the chain. A chain may span files:
``egress.jsonl``, ``egress.2.jsonl``, ``egress.3.jsonl``.

What a chain cannot show by itself is that lines are missing at its end, or that all of it was
written anew: for that, keep an anchor (the hash of a line seen earlier) elsewhere.

Lines are only ever added, so reading takes no lock.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cogenesis_langchain.errors import LedgerError
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry

GENESIS = "0" * 64
"""What the first line names as the hash of the line before it."""

_SEAL = b',"sha256":"'


@dataclass(frozen=True, slots=True)
class TornWrite:
    """Note of an unfinished line that was cut off; its payload had not left.

    Attributes:
        size: Bytes cut off.
        digest: Their SHA-256.
        time: When they were cut off, in UTC.
    """

    size: int
    digest: str
    time: datetime


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of the chain; made by `seal` or `decode`.

    Attributes:
        number: Its place in the whole chain, from 1.
        previous: Hash of the line before it.
        content: What it records.
        sha256: Its own hash.
        raw: Its bytes, without the newline.
    """

    number: int
    previous: str
    content: LedgerEntry | TornWrite
    sha256: str
    raw: bytes = field(repr=False)

    @classmethod
    def seal(cls, number: int, previous: str, content: LedgerEntry | TornWrite) -> LedgerLine:
        """Make a line that continues the chain."""
        fields = {"number": number, "previous": previous, **_fields(content)}
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        body = text.encode()
        digest = hashlib.sha256(body).hexdigest()
        raw = body[:-1] + _SEAL + digest.encode() + b'"}'
        return cls(number, previous, content, digest, raw)

    @classmethod
    def decode(cls, raw: bytes) -> LedgerLine:
        """Read a line back.

        Raises:
            ValueError: These are not the bytes that were sealed. Says nothing of the content.
        """
        body = raw.rpartition(_SEAL)[0] + b"}"  # in a payload, JSON escapes the quotes of _SEAL
        digest = hashlib.sha256(body).hexdigest()
        if raw != body[:-1] + _SEAL + digest.encode() + b'"}':
            raise ValueError("its content does not match its SHA-256")
        try:
            fields = json.loads(body)
            return cls(fields["number"], fields["previous"], _content(fields), digest, raw)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ValueError("it is not a line of a ledger") from None


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found.

    Attributes:
        files: Files read.
        lines: Whole lines up to the end or the first broken one.
        head: Hash of the last of them: an anchor for the next verification.
        unfinished: Bytes after the last newline: a write under way or interrupted (what it was
            for has not left), or a cut. The next append cuts them off and notes it.
        broken: The first broken line and why, None if the chain holds.
    """

    files: int
    lines: int
    head: str
    unfinished: int
    broken: str | None


def chain_files(path: Path) -> dict[int, Path]:
    """Return the files of the ledger that begins at ``path`` by number, in the chain's order."""
    name = re.compile(rf"{re.escape(path.stem)}(?:\.(\d+))?{re.escape(path.suffix)}")
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return dict(
        sorted((int(hit[1] or 1), file) for file in beside if (hit := name.fullmatch(file.name)))
    )


def read(path: Path) -> Iterator[LedgerLine]:
    """Yield the lines of a ledger, oldest first; whether they form a chain is not checked.

    Raises:
        LedgerError: There is no such ledger, or a line of it was altered.
    """
    for place, raw in _raw_lines(path):
        if raw.endswith(b"\n"):
            try:
                yield LedgerLine.decode(raw[:-1])
            except ValueError as error:
                raise LedgerError(
                    f"{place} was altered: {error}", remedy="run `cogenesis ledger verify`"
                ) from None


def verify(path: Path, *, anchor: str | None = None) -> Verification:
    """Read a ledger through and say where its chain breaks first.

    Args:
        path: Its first file.
        anchor: Hash of a line seen earlier (a ``head``), kept where the ledger's writer cannot
            reach it. Shows that lines were cut off at the end, or that all were written anew.

    Raises:
        LedgerError: There is no such ledger, or it cannot be read.
    """
    files = len(chain_files(path))
    lines, head, unfinished, seen = 0, GENESIS, 0, anchor in (None, GENESIS)
    for place, raw in _raw_lines(path):
        if unfinished:
            return Verification(files, lines, head, 0, f"{place}: the line before is unfinished")
        if not raw.endswith(b"\n"):
            unfinished = len(raw)
            continue
        try:
            line = LedgerLine.decode(raw[:-1])
        except ValueError as error:
            return Verification(files, lines, head, 0, f"{place}: {error}")
        if (line.number, line.previous) != (lines + 1, head):
            reason = f"line {lines + 1} of the chain belongs here; lines were removed or moved"
            return Verification(files, lines, head, 0, f"{place}: {reason}")
        lines, head = lines + 1, line.sha256
        seen = seen or head == anchor
    lost = "the anchor is not in the chain; its end was cut off, or it was written anew"
    return Verification(files, lines, head, unfinished, None if seen else lost)


def _raw_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    files = chain_files(path)
    if not files:
        raise LedgerError(
            f"there is no egress ledger at {path}",
            remedy="it begins with the first request to a cloud model; or name another path",
        )
    try:
        for file in files.values():
            with file.open("rb") as lines:
                for number, raw in enumerate(lines, 1):
                    yield f"{file.name}, line {number}", raw
                    if not raw.endswith(b"\n"):
                        break  # a writer may be adding its rest just now
    except OSError as error:
        raise LedgerError(
            f"the egress ledger {path} cannot be read: {error.strerror}",
            remedy="run this as the user whose ledger it is",
        ) from error


def _fields(content: LedgerEntry | TornWrite) -> dict[str, object]:
    time = content.time.isoformat()
    if isinstance(content, TornWrite):
        return {"time": time, "torn_bytes": content.size, "torn_sha256": content.digest}
    fields = {
        "time": time,
        "endpoint": content.endpoint,
        "purpose": content.purpose,
        "verdict": content.verdict,
        "masked": dict(content.masked),
    }
    try:
        return {**fields, "payload": content.payload.decode()}
    except UnicodeDecodeError:
        return {**fields, "payload_base64": base64.b64encode(content.payload).decode()}


def _content(fields: dict[str, Any]) -> LedgerEntry | TornWrite:
    time = datetime.fromisoformat(fields["time"])
    if "torn_bytes" in fields:
        return TornWrite(fields["torn_bytes"], fields["torn_sha256"], time)
    if "payload" in fields:
        payload = fields["payload"].encode()
    else:
        payload = base64.b64decode(fields["payload_base64"])
    return LedgerEntry(
        endpoint=fields["endpoint"],
        purpose=fields["purpose"],
        verdict=fields["verdict"],
        payload=payload,
        masked=dict(fields["masked"]),
        time=time,
    )
