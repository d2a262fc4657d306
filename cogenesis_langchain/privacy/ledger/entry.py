"""The egress ledger: a record of every payload that left, and of every one that was stopped."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol, runtime_checkable

Verdict = Literal["clean", "masked", "open", "refused"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One payload at the border.

    Attributes:
        endpoint: Method and URL it was for.
        purpose: Why it was sent, for instance ``"sketch"``.
        verdict: ``clean``; ``masked`` (placeholders stand for private values); ``open`` (raw text
            by the caller's explicit choice); ``refused`` (it did not leave).
        payload: The exact bytes that left; empty when refused, so that the ledger never holds
            private text.
        masked: How many values of each kind were masked, or, when refused, were found.
        time: When, in UTC.
    """

    endpoint: str
    purpose: str
    verdict: Verdict
    payload: bytes
    masked: Mapping[str, int] = field(default_factory=dict)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))


@runtime_checkable
class EgressLedger(Protocol):
    """Somewhere to record what leaves; an entry is safe once `append` returns."""

    def append(self, entry: LedgerEntry) -> None:
        """Record an entry before its payload leaves.

        Raises:
            LedgerError: It cannot be recorded; the payload must not leave.
        """
        ...


class MemoryLedger:
    """A ledger that lives as long as the process."""

    def __init__(self) -> None:
        self._entries: list[LedgerEntry] = []
        self._lock = threading.Lock()

    def append(self, entry: LedgerEntry) -> None:
        """Record an entry."""
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """Every entry so far, oldest first."""
        with self._lock:
            return tuple(self._entries)
