"""The statistics of a data set, as in the paper's Table 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Final

from experiments.records.record import Record

_MEANS: Final[Mapping[str, Callable[[Record], int]]] = {
    "general instruction (words)": lambda r: len(r.instruction.general.split()),
    "personal instruction (words)": lambda r: len(r.instruction.personal.split()),
    "context (words)": lambda r: len(r.context.split()),
    "reference (words)": lambda r: len(r.reference.split()),
    "earlier writings": lambda r: len(r.earlier_writings),
    "activity log entries": lambda r: len(r.activity_log),
    "required facts": lambda r: len(r.required_facts),
    "private strings": lambda r: len(r.private_strings),
}


def summarise(records: Sequence[Record]) -> dict[str, float]:
    """Count the records and user groups of a set, and average the sizes of its parts."""
    groups = {record.user_group for record in records}
    totals = {"records": len(records), "user groups": len(groups)}
    return totals | {name: fmean(map(count, records)) for name, count in _MEANS.items()}
