"""Which records a search may return: by kind, by date, by the caller's own metadata.

A filter is applied in one of two ways that mean the same: as a condition that Chroma evaluates, or
to records that were found without it. The second is what makes filtered search quick: Chroma
evaluates a condition over the whole collection before it looks at the first vector. It is also the
only way to test metadata that are encrypted.
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
from cogenesis_langchain.retrievers.storage.records import RESERVED, Kind, Record, timestamp

Condition = dict[str, Any]
"""A Chroma ``where``."""

ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
_COMPARISONS: Final = {**ORDER, "$eq": operator.eq, "$ne": operator.ne}

_NEGATED: Final = {"$ne": "$eq", "$nin": "$in"}
_OPERATORS: Final = ("$eq", "$ne", *ORDER, "$in", "$nin")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a record must be.

    Attributes:
        kinds: Its kind is one of these; empty admits all.
        since: Its date is not before this one. Records without a date are left out.
        until: Its date is not after this one; a plain day is meant to its end.
        where: What its metadata must be: a value, or operators such as ``{"$gte": 5}``
            (``$eq $ne $gt $gte $lt $lte $in $nin``). ``$ne`` and ``$nin`` also admit records that
            lack the name.

    Raises:
        StoreError: A name is reserved, an operator is unknown, or a date is not one.
    """

    kinds: Collection[Kind] = ()
    since: date | str | None = None
    until: date | str | None = None
    where: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, how, what in self._tests():
            if name.startswith(RESERVED):
                raise StoreError(
                    f"the metadata name {name!r} is reserved",
                    remedy="filter with kinds, since and until",
                )
            if not _usable(how, what):
                raise StoreError(
                    f"the filter on {name!r} cannot be used",
                    remedy=f"use {' '.join(_OPERATORS)}; $gt $gte $lt $lte take a number, $in and "
                    "$nin a list of values of one type",
                )
        self._span()

    @property
    def admits_all(self) -> bool:
        """Whether it leaves nothing out."""
        return self.condition() is None

    def admits(self, record: Record) -> bool:
        """Whether a record is what it must be."""
        if self.kinds and record.kind not in self.kinds:
            return False
        first, last = self._span()
        if first is not None or last is not None:
            moment = timestamp(record.metadata["date"]) if "date" in record.metadata else None
            if moment is None or not _within(moment, first, last):
                return False
        return all(_holds(record.metadata, name, how, what) for name, how, what in self._tests())

    def is_known_to_chroma(self, *, sealed: bool) -> bool:
        """Whether Chroma can test all of it: not ``where`` in a store whose metadata are sealed."""
        return not (sealed and self.where)

    def condition(self, *, sealed: bool = False) -> Condition | None:
        """Return what Chroma can test of it as Chroma's ``where``; None admits all.

        Args:
            sealed: Whether the records' own metadata are encrypted.
        """
        parts: list[Condition] = []
        if self.kinds:
            parts.append({KIND: {"$in": sorted(self.kinds)}})
        first, last = self._span()
        if first is not None:
            parts.append({TIME: {"$gte": first}})
        if last is not None:
            parts.append({TIME: {"$lte": last}})
        if not sealed:
            parts += [condition_of(*test) for test in self._tests()]
        return {"$and": parts} if len(parts) > 1 else next(iter(parts), None)

    def _tests(self) -> Iterator[tuple[str, str, Any]]:
        for name, wanted in self.where.items():
            tests = wanted.items() if isinstance(wanted, Mapping) else [("$eq", wanted)]
            yield from ((name, str(how), what) for how, what in tests)

    def _span(self) -> tuple[float | None, float | None]:
        """First and last admitted second."""
        first = None if self.since is None else timestamp(self.since)
        last = None if self.until is None else timestamp(self.until)
        if last is not None and len(str(self.until)) == len("2026-03-14"):
            last += 24 * 60 * 60 - 1e-3
        return first, last


def _within(moment: float, first: float | None, last: float | None) -> bool:
    return (first is None or moment >= first) and (last is None or moment <= last)


def _usable(how: str, what: object) -> bool:
    if how in ORDER:
        return _is_number(what)
    if how in ("$in", "$nin"):
        return isinstance(what, (list, tuple)) and len({type(item) for item in what}) == 1
    return how in _OPERATORS and isinstance(what, (str, int, float))


def _holds(metadata: Mapping[str, Any], name: str, how: str, what: Any) -> bool:
    if how in _NEGATED:
        return not _holds(metadata, name, _NEGATED[how], what)
    value: Any = metadata.get(name)
    if how in ORDER:
        return _is_number(value) and ORDER[how](value, what)
    return any(_same(value, wanted) for wanted in (what if how == "$in" else [what]))


def _same(value: object, wanted: object) -> bool:
    """As in Chroma, 5 is 5.0 but neither "5" nor True."""
    alike = type(value) is type(wanted) or (_is_number(value) and _is_number(wanted))
    return alike and value == wanted


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def condition_of(name: str, how: str, what: Any) -> Condition:
    """Return the condition that a record's value passes a test.

    Args:
        name: The value's name.
        how: ``$eq $ne $gt $gte $lt $lte $in $nin``.
        what: What it is tested against; numbers count to 15 digits.
    """
    if how in ("$in", "$nin"):
        return _of_list(name, how, what)
    condition = {name: {how: what}}
    if not _has_fraction(what):
        return condition
    whole = math.trunc(what)
    passes, passes_in_chroma = _COMPARISONS[how](whole, what), _COMPARISONS[how](whole, whole)
    if passes and not passes_in_chroma:
        return {"$or": [condition, {name: {"$eq": whole}}]}
    if passes_in_chroma and not passes:
        return {"$and": [condition, {name: {"$ne": whole}}]}
    return condition


def _of_list(name: str, how: str, what: Sequence[Any]) -> Condition:
    others = [item for item in what if not _has_fraction(item)]
    one, joint = ("$eq", "$or") if how == "$in" else ("$ne", "$and")
    parts: list[Condition] = [{name: {how: others}}] if others else []
    parts += [condition_of(name, one, item) for item in what if _has_fraction(item)]
    return {joint: parts} if len(parts) > 1 else parts[0]


def _has_fraction(what: object) -> bool:
    return isinstance(what, float) and math.isfinite(what) and not what.is_integer()
