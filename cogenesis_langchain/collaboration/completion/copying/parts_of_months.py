"""Finds dates such as "the end of March", which hold no day.

A small model writes one in the place of a day that it was told: "by the end of March" for "by 2
March". So such a date counts as a value, which only the sources can give.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from cogenesis_langchain.privacy.detectors.lexicons.months import month_numbers

Part = Literal["beginning", "middle", "end"]

_PARTS: Final[dict[Part, str]] = {
    "beginning": r"early|(?:beginning|start) of|anfang|début|principios de|inizio di",
    "middle": r"mid|middle of|mitte|mi|mediados de|metà di",
    "end": r"late|end of|ende|fin|fines de|finales de|fine di",
}
"""In English, German, French, Spanish and Italian."""
_PART_OF_A_MONTH: Final = re.compile(
    rf"\b(?:{'|'.join(f'(?P<{part}>{words})' for part, words in _PARTS.items())})"
    r"[\s-]+(?:(?:the|des|de|du) )?(?P<month>[^\W\d_]+)",
    re.I,
)


_OTHER_WORDS: Final = frozenset({"march", "may"})
"""English names of months that are other words in lower case: "late may cost us"."""


def parts_of_months(text: str) -> set[tuple[Part, frozenset[int]]]:
    """Find parts of months in a text.

    Args:
        text: The text.

    Returns:
        Each part with the month, as the numbers that its name can mean: ``("end", {3})`` for "late
        March".
    """
    months = month_numbers()
    return {
        (part, months[month])
        for found in _PART_OF_A_MONTH.finditer(text)
        for part in _PARTS
        if found[part]
        and (month := found["month"].casefold()) in months
        and found["month"] not in _OTHER_WORDS
    }
