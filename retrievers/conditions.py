"""One test of a record's metadata as Chroma's ``where``.

Chroma 1.5 compares a whole number of a record with the whole part of the number that it is tested
against: to it 2023 is 2023.5, and is not below it. Conditions are written so that this makes no
difference.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Condition = dict[str, Any]
"""A Chroma ``where``."""

ORDER: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
_COMPARISONS: Final = {**ORDER, "$eq": operator.eq, "$ne": operator.ne}


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
