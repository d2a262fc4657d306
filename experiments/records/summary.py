"""The statistics of a data set, in the manner of the paper's Table 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Final

from experiments.records.record import Record

_MEANS: Final[Mapping[str, Callable[[Record], int]]] = {
    "general instruction (words)": lambda r: _words(r.instruction.general),
    "personal instruction (words)": lambda r: _words(r.instruction.personal),
    "context (words)": lambda r: _words(r.context),
    "reference (words)": lambda r: _words(r.reference),
    "earlier writings": lambda r: len(r.earlier_writings),
    "activity log entries": lambda r: len(r.activity_log),
    "required facts": lambda r: len(r.required_facts),
    "private strings": lambda r: len(r.private_strings),
}


def summarise(records: Sequence[Record]) -> dict[str, float]:
    """Count a set: its records, its user groups, and the mean of each length.

    Args:
        records: One set, not empty.

    Returns:
        Names of figures to values; lengths are means per record, in words or in items.
    """
    totals = {
        "records": len(records),
        "user groups": len({record.user_group for record in records}),
    }
    return totals | {name: fmean(map(count, records)) for name, count in _MEANS.items()}


def _words(text: str) -> int:
    return len(text.split())
