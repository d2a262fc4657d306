"""What a report consists of, before it is Markdown or a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cogenesis_langchain.evaluation.bootstrap import Estimate

FEWEST: Final = 6
"""Records below which no difference is marked: so few differ in the same direction by chance more
than one time in twenty (2 * 0.5 ** 5 > 0.05), and the bootstrap would call that a difference."""

_NUMBER: Final = re.compile(r"[−–]?\d|–$")

Verdict = Literal["", "better", "worse"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        value: What it says first.
        interval: The 95 % interval of the value; empty where there is none.
        difference: The paired difference to the baseline; empty unless its interval excludes 0.
        verdict: Whether that difference is for the better.
    """

    value: str
    interval: str = ""
    difference: str = ""
    verdict: Verdict = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose first column names the rows.

    Attributes:
        columns: Headings.
        rows: Cells, as many a row as there are headings.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def holds_numbers(self, column: int) -> bool:
        """Whether a column is one of numbers, to be set flush right."""
        return all(_NUMBER.match(row[column].value) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text to be read as it stands, such as a command or a file."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot.

    Attributes:
        name: Unique in a report; its file is called after it.
        svg: The drawing, an SVG element.
        description: What it shows, in words.
    """

    name: str
    svg: str
    description: str


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts to be read side by side: pairs of a heading and a text."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    """Another page, shown inside a frame.

    Attributes:
        title: What it is.
        html: The whole page; it loads nothing.
    """

    title: str
    html: str


Block = Paragraph | Code | Grid | Picture | Texts | Page


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    sections: Sequence[Section]


def number(value: float) -> str:
    """Write a number with as many digits as a reader of tables needs.

    Args:
        value: Any finite number.

    Returns:
        Whole numbers as such, small ones with two significant digits, others with about three.
    """
    size = abs(value)
    if value == int(value) or size >= 100:
        text = f"{size:,.0f}"
    elif size < 0.1:
        text = f"{size:.2g}"
    else:
        text = f"{size:.2f}" if size < 10 else f"{size:.1f}"
    return f"−{text}" if value < 0 else text


def interval(estimate: Estimate) -> str:
    """Write the interval of an estimate; nothing where it has no length."""
    if estimate.low == estimate.high:
        return ""
    return f"{number(estimate.low)} to {number(estimate.high)}"


def mean_cell(
    estimate: Estimate, difference: Estimate | None = None, higher_is_better: bool | None = None
) -> Cell:
    """Make the cell of a mean.

    Args:
        estimate: The mean.
        difference: To the baseline, over the same records; None for the baseline itself.
        higher_is_better: None where neither is.
    """
    cell = Cell(number(estimate.mean), interval(estimate))
    if difference is None or not differs(difference):
        return cell
    verdict: Verdict = ""
    if higher_is_better is not None:
        verdict = "better" if (difference.mean > 0) == higher_is_better else "worse"
    sign = "+" if difference.mean > 0 else "−"
    return Cell(cell.value, cell.interval, f"{sign}{number(abs(difference.mean))}", verdict)


def differs(difference: Estimate) -> bool:
    """Whether the interval of a difference of enough records excludes 0."""
    return difference.count >= FEWEST and (difference.low > 0 or difference.high < 0)
