"""Ledger entries, the `EgressLedger` protocol, and a ledger in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, Protocol, runtime_checkable
from urllib.parse import parse_qsl, urlencode, urlsplit

Verdict = Literal["clean", "masked", "bounded", "open", "refused"]
"""The outcome of the border's check: see `LedgerEntry`."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The record of one request.

    Attributes:
        endpoint: Method and URL of the request, without passwords and keys (`shown_url`).
        purpose: Why it was sent, for instance ``"sketch"``.
        verdict: ``clean``: no private values; ``masked``: placeholders stand for private values,
            those of a text in progress included; ``bounded``: the text in progress was drawn under
            a bound, with placeholders for its details; ``open``: raw text, because the caller
            chose ``disclosure="open"``; ``refused``: the request was not sent.
        payload: The exact bytes of the body; empty if refused, so that the ledger never contains
            private text.
        masked: Number of masked values of each kind; empty if refused.
        time: Time of the check, in UTC.
    """

    endpoint: str
    purpose: str
    verdict: Verdict
    payload: bytes
    masked: Mapping[str, int] = field(default_factory=dict)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))


_SHOWN_PARAMETERS: Final = frozenset({"api-version"})


def shown_url(url: str) -> str:
    """Return a URL as the ledger shows it: without its user, password and parameter values.

    Args:
        url: The URL; query parameters often are keys, so their values become ``...``.
    """
    parts = urlsplit(url)
    query = [
        (name, value if name in _SHOWN_PARAMETERS else "...")
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=urlencode(query), fragment="").geturl()


@runtime_checkable
class EgressLedger(Protocol):
    """A store of ledger entries. An entry is durable once `append` has returned."""

    def append(self, entry: LedgerEntry) -> None:
        """Record an entry. Called before its payload is sent.

        Raises:
            LedgerError: The entry cannot be recorded; the caller must not send the payload.
        """
        ...


class MemoryLedger:
    """A ledger in memory. Its entries are lost when the process ends. Thread-safe."""

    def __init__(self) -> None:
        self._entries: list[LedgerEntry] = []
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"MemoryLedger({len(self.entries)} entries)"

    def append(self, entry: LedgerEntry) -> None:
        """Record an entry."""
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """All entries, oldest first."""
        with self._lock:
            return tuple(self._entries)
