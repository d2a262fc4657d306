"""A report as Markdown."""

from __future__ import annotations

import re
from itertools import chain
from typing import Final

from cogenesis_langchain.evaluation.report.document import (
    Block,
    Cell,
    Code,
    Document,
    Grid,
    Page,
    Paragraph,
    Picture,
    Texts,
)

FIGURES: Final = "figures"
"""The folder of the plots, beside the Markdown file."""

_MARKS: Final = {"better": "▲", "worse": "▼", "": "Δ"}


def to_markdown(document: Document) -> str:
    """Write a report as Markdown; its plots are files in the folder `FIGURES`."""
    parts = [f"# {document.title}"]
    for section in document.sections:
        parts.append(f"## {section.title}")
        parts.extend(_block(block) for block in section.blocks)
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            return _escape(text)
        case Code(text, language):
            return _fenced(text, language)
        case Grid():
            return _grid(block)
        case Picture(name, _, description):
            return f"![{_escape(description)}]({FIGURES}/{name}.svg)"
        case Page(title, _):
            return f"{_escape(title)}: see the page beside this file."
        case Texts(pairs):
            return "\n\n".join(
                chain.from_iterable(
                    (f"**{_escape(title)}**", _fenced(text, "text")) for title, text in pairs
                )
            )


def _grid(grid: Grid) -> str:
    places = range(len(grid.columns))
    rule = ["---:" if grid.holds_numbers(place) else "---" for place in places]
    rows = [[_escape(column) for column in grid.columns], rule]
    rows += [[_cell(cell) for cell in row] for row in grid.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(cell: Cell) -> str:
    parts = [_escape(cell.value)]
    if cell.interval:
        parts.append(f"({cell.interval})")
    if cell.difference:
        parts.append(f"{_MARKS[cell.verdict]} {cell.difference}")
    return " ".join(parts)


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", " ".join(text.split()))


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
