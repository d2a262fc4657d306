"""The statistics of data sets, as a table in the manner of the paper's Table 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.datasets.record import Record

if TYPE_CHECKING:
    from rich.table import Table

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


def statistics_table(sets: Mapping[str, Sequence[Record]]) -> Table:
    """Set the statistics of several sets side by side.

    Args:
        sets: Names of sets to their records.

    Returns:
        A table with one row a figure and one column a set.
    """
    from rich.table import Table

    table = Table("", *sets, title="Statistics of the data (means per record)")
    columns = [summarise(records) for records in sets.values()]
    for name in columns[0] if columns else ():
        values = (column[name] for column in columns)
        table.add_row(name, *(f"{v}" if isinstance(v, int) else f"{v:.1f}" for v in values))
    return table


def _words(text: str) -> int:
    return len(text.split())
