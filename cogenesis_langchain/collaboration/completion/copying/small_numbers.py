"""Finds numbers of one or two digits that belong to no date and no time.

The days and hours of the notes are small numbers too, and a small model takes one where it has no
other: "my phone number is 9", from "9 June". So a small number by itself is copied only from a
place where it stands by itself.
"""

from __future__ import annotations

import re
from typing import Final

from cogenesis_langchain.privacy.detectors.quantities.dates import find_dates, find_times

_SMALL: Final = re.compile(r"(?<![\w.,:/])\d{1,2}(?!\w|[.,:/]\d)")
_WITH_UNIT: Final = re.compile(
    r"(?<![\w.,:/])\d{1,2}(?!(?:st|nd|rd|th|am|pm|h)\b|\d|[.,:/]\d)", re.I
)


def small_numbers(text: str, *, with_units: bool = False) -> set[str]:
    """Return the numbers of one or two digits that stand by themselves; "9th" and "9.5" do not.

    Args:
        text: The text.
        with_units: Whether "5km" counts, as it does in the sources.
    """
    taken = [range(one.start, one.end) for one in (*find_dates(text), *find_times(text))]
    return {
        found[0].lstrip("0") or "0"
        for found in (_WITH_UNIT if with_units else _SMALL).finditer(text)
        if not any(found.start() in place for place in taken)
    }
