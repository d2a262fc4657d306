"""Filters on records: by kind, by date, by the caller's metadata.

A filter can be applied in two equivalent ways: as a condition that Chroma evaluates, or in Python
to records that were found without it. The second way makes filtered search fast, because Chroma
evaluates a condition on the whole collection before it compares the first vector. It is also the
only way to filter by encrypted metadata.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.storage.record_format import KIND, TIME
from cogenesis_langchain.retrievers.storage.records import (
    RESERVED,
    Kind,
    Record,
    check_kind,
    is_plain_date,
    timestamp,
)

Condition = dict[str, Any]
"""A ``where`` clause of Chroma."""

_ORDERINGS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
_COMPARISONS: Final = {**_ORDERINGS, "$eq": operator.eq, "$ne": operator.ne}

_NEGATED: Final = {"$ne": "$eq", "$nin": "$in"}
_OPERATORS: Final = ("$eq", "$ne", *_ORDERINGS, "$in", "$nin")


@dataclass(frozen=True, slots=True)
class Filter:
    """Restricts the records of a search or a list.

    Attributes:
        kinds: Kinds to include; empty includes all.
        since: First date. Records without a date are excluded.
        until: Last date; a plain date includes the whole day. Records without a date are excluded.
        where: Metadata to match, by name: a value, or operators such as ``{"$gte": 5}`` (``$eq $ne
            $gt $gte $lt $lte $in $nin``). ``$ne`` and ``$nin`` also match records without this
            name.

    Raises:
        StoreError: A kind or an operator is unknown, a name is reserved, or a date is not valid.
    """

    kinds: Collection[Kind] = ()
    since: date | str | None = None
    until: date | str | None = None
    where: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The letters of a string would be taken for kinds, and match nothing.
        if isinstance(self.kinds, str) or not isinstance(self.kinds, Collection):
            raise StoreError("kinds is not a list", remedy='pass a list: kinds=["profile"]')
        for kind in self.kinds:
            check_kind(kind)
        if not isinstance(self.where, Mapping) or not all(
            isinstance(key, str) for key in self.where
        ):
            raise StoreError(
                "where is not a dictionary of metadata by name", remedy='pass {"name": value}'
            )
        for name, op, operand in self._tests():
            if name.startswith(RESERVED):
                raise StoreError(
                    f"the metadata name {name!r} is reserved",
                    remedy="filter with kinds, since and until",
                )
            if not _usable(op, operand):
                raise StoreError(
                    f"the filter on {name!r} is not valid",
                    remedy=f"use {' '.join(_OPERATORS)}; $gt $gte $lt $lte take a number, $in and "
                    "$nin a list of values of one type",
                )
        self._span()  # checks the dates

    @property
    def matches_all(self) -> bool:
        """Whether every record matches."""
        return self.condition() is None

    def matches(self, record: Record) -> bool:
        """Whether a record matches."""
        if self.kinds and record.kind not in self.kinds:
            return False
        first, last = self._span()
        if first is not None or last is not None:
            time = timestamp(record.metadata["date"]) if "date" in record.metadata else None
            if time is None or not _within(time, first, last):
                return False
        return all(
            _passes(record.metadata, name, op, operand) for name, op, operand in self._tests()
        )

    def chroma_can_evaluate(self, *, encrypted: bool) -> bool:
        """Whether Chroma can evaluate the whole filter.

        It cannot evaluate ``where`` on encrypted metadata.
        """
        return not (encrypted and self.where)

    def condition(self, *, encrypted: bool = False) -> Condition | None:
        """Return the part that Chroma can evaluate, as a ``where`` clause; None matches all.

        Args:
            encrypted: Whether the records' own metadata is encrypted.
        """
        parts: list[Condition] = []
        if self.kinds:
            parts.append({KIND: {"$in": sorted(self.kinds)}})
        first, last = self._span()
        if first is not None:
            parts.append({TIME: {"$gte": first}})
        if last is not None:
            parts.append({TIME: {"$lte": last}})
        if not encrypted:
            parts += [_condition_of(*test) for test in self._tests()]
        return {"$and": parts} if len(parts) > 1 else next(iter(parts), None)

    def _tests(self) -> Iterator[tuple[str, str, Any]]:
        for name, wanted in self.where.items():
            tests = wanted.items() if isinstance(wanted, Mapping) else [("$eq", wanted)]
            yield from ((name, str(op), operand) for op, operand in tests)

    def _span(self) -> tuple[float | None, float | None]:
        """First and last matching timestamp."""
        first = None if self.since is None else timestamp(self.since)
        last = None if self.until is None else timestamp(self.until)
        # A plain date means the end of that day.
        if last is not None and is_plain_date(self.until):
            last += 24 * 60 * 60 - 1e-3
        return first, last


def _within(time: float, first: float | None, last: float | None) -> bool:
    return (first is None or time >= first) and (last is None or time <= last)


def _usable(op: str, operand: object) -> bool:
    if op in _ORDERINGS:
        return _is_number(operand)
    if op in ("$in", "$nin"):
        return isinstance(operand, (list, tuple)) and len({type(item) for item in operand}) == 1
    return op in _OPERATORS and isinstance(operand, (str, int, float))


def _passes(metadata: Mapping[str, Any], name: str, op: str, operand: Any) -> bool:
    if op in _NEGATED:
        return not _passes(metadata, name, _NEGATED[op], operand)
    value: Any = metadata.get(name)
    if op in _ORDERINGS:
        return _is_number(value) and _ORDERINGS[op](value, operand)
    return any(_equal(value, wanted) for wanted in (operand if op == "$in" else [operand]))


def _equal(value: object, wanted: object) -> bool:
    """Compare as Chroma does: 5 equals 5.0, but neither "5" nor True."""
    comparable = type(value) is type(wanted) or (_is_number(value) and _is_number(wanted))
    return comparable and value == wanted


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _condition_of(name: str, op: str, operand: Any) -> Condition:
    """Return the condition that a record's value passes a test.

    Chroma compares an integer in the metadata with the truncated number: 2023 passes ``$gte
    2023.5``. Where that makes a difference, the condition treats the truncated number separately.

    Args:
        name: Name of the value.
        op: ``$eq $ne $gt $gte $lt $lte $in $nin``.
        operand: What the value is compared with; numbers have 15 significant digits.
    """
    if op in ("$in", "$nin"):
        return _of_list(name, op, operand)
    condition = {name: {op: operand}}
    if not _has_fraction(operand):
        return condition
    truncated = math.trunc(operand)
    passes, passes_in_chroma = (
        _COMPARISONS[op](truncated, operand),
        _COMPARISONS[op](truncated, truncated),
    )
    if passes and not passes_in_chroma:
        return {"$or": [condition, {name: {"$eq": truncated}}]}
    if passes_in_chroma and not passes:
        return {"$and": [condition, {name: {"$ne": truncated}}]}
    return condition


def _of_list(name: str, op: str, operand: Sequence[Any]) -> Condition:
    others = [item for item in operand if not _has_fraction(item)]
    single, combine = ("$eq", "$or") if op == "$in" else ("$ne", "$and")
    parts: list[Condition] = [{name: {op: others}}] if others else []
    parts += [_condition_of(name, single, item) for item in operand if _has_fraction(item)]
    return {combine: parts} if len(parts) > 1 else parts[0]


def _has_fraction(operand: object) -> bool:
    return isinstance(operand, float) and math.isfinite(operand) and not operand.is_integer()
