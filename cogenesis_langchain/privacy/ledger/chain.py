"""The hash chain of an egress ledger on disk: line format, reading and verification.

A line is canonical JSON (sorted keys, no spaces, UTF-8) followed by one more key, ``sha256``: the
SHA-256 of the object without that key. Each line's ``previous`` is the ``sha256`` of the line
before it. Editing, removing, adding or moving a line breaks the chain. A chain may span files:
``egress.jsonl``, ``egress.2.jsonl``, ``egress.3.jsonl``.

The chain alone does not reveal that lines were removed at its end, or that the whole ledger was
rewritten. To detect that, keep an anchor (the hash of an earlier line) in another place.

Reading takes no lock, because lines are only appended.
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
"""The ``previous`` hash of the first line."""

_HASH_KEY = b',"sha256":"'


@dataclass(frozen=True, slots=True)
class TornWrite:
    """The record of an incomplete line that was removed. Its payload was never sent.

    Attributes:
        size: Number of bytes removed.
        digest: SHA-256 of these bytes.
        time: Time of the removal, in UTC.
    """

    size: int
    digest: str
    time: datetime


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of the chain. Made by `create` or `decode`.

    Attributes:
        number: Position in the whole chain, starting at 1.
        previous: Hash of the line before.
        content: The recorded entry.
        sha256: Hash of this line.
        raw: Bytes of the line, without the newline.
    """

    number: int
    previous: str
    content: LedgerEntry | TornWrite
    sha256: str
    raw: bytes = field(repr=False)

    @classmethod
    def create(cls, number: int, previous: str, content: LedgerEntry | TornWrite) -> LedgerLine:
        """Make the line that follows a line with the hash ``previous``."""
        fields = {"number": number, "previous": previous, **_fields(content)}
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        body = text.encode()
        digest = hashlib.sha256(body).hexdigest()
        raw = body[:-1] + _HASH_KEY + digest.encode() + b'"}'
        return cls(number, previous, content, digest, raw)

    @classmethod
    def decode(cls, raw: bytes) -> LedgerLine:
        """Parse a line and check its hash.

        Raises:
            ValueError: The line is not one that `create` made. The message has no content of it.
        """
        # The last _HASH_KEY is the line's own: JSON escapes the quotes of one inside a payload.
        body = raw.rpartition(_HASH_KEY)[0] + b"}"
        digest = hashlib.sha256(body).hexdigest()
        if raw != body[:-1] + _HASH_KEY + digest.encode() + b'"}':
            raise ValueError("its content does not match its SHA-256")
        try:
            fields = json.loads(body)
            return cls(fields["number"], fields["previous"], _content(fields), digest, raw)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ValueError("it is not a ledger line") from None


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of `verify`.

    Attributes:
        files: Number of files read.
        lines: Number of valid lines before the end or the first broken line.
        head: Hash of the last valid line. Use it as the anchor of the next verification.
        unfinished: Number of bytes after the last newline. They belong to a write that is running
            or was interrupted before its payload was sent, or to a truncated file. The next append
            removes and records them.
        broken: The first broken line and the reason; None if the chain is intact.
    """

    files: int
    lines: int
    head: str
    unfinished: int
    broken: str | None


def chain_files(path: Path) -> dict[int, Path]:
    """Return the files of a ledger by number, in the order of the chain.

    Args:
        path: The ledger's first file.
    """
    name = re.compile(rf"{re.escape(path.stem)}(?:\.(\d+))?{re.escape(path.suffix)}")
    siblings = path.parent.iterdir() if path.parent.is_dir() else ()
    matches = ((name.fullmatch(file.name), file) for file in siblings)
    return dict(sorted((int(match[1] or 1), file) for match, file in matches if match))


def read(path: Path) -> Iterator[LedgerLine]:
    """Yield the lines of a ledger, oldest first, without checking the chain.

    Raises:
        LedgerError: The ledger does not exist, or one of its lines was altered.
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
    """Read a whole ledger and report the first place where its chain is broken.

    Args:
        path: The ledger's first file.
        anchor: The ``head`` of an earlier verification, kept out of reach of the ledger's writer.
            With it, lines removed at the end and a rewritten ledger are detected too.

    Raises:
        LedgerError: The ledger does not exist or cannot be read.
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
            reason = f"expected line {lines + 1} of the chain; lines were removed or moved"
            return Verification(files, lines, head, 0, f"{place}: {reason}")
        lines, head = lines + 1, line.sha256
        seen = seen or head == anchor
    lost = "the anchor is not in the chain; lines at its end were removed, or it was rewritten"
    return Verification(files, lines, head, unfinished, None if seen else lost)


def _raw_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    files = chain_files(path)
    if not files:
        raise LedgerError(
            f"there is no egress ledger at {path}",
            remedy="check the path; the first request to a cloud model creates the ledger",
        )
    try:
        for file in files.values():
            with file.open("rb") as lines:
                for number, raw in enumerate(lines, 1):
                    yield f"{file.name}, line {number}", raw
                    if not raw.endswith(b"\n"):
                        break  # a writer may be in the middle of this line
    except OSError as error:
        raise LedgerError(
            f"the egress ledger {path} cannot be read: {error.strerror}",
            remedy="run the command as the user who owns the ledger",
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
