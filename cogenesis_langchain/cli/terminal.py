"""Prints text from outside so that it cannot act on the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from langchain_core.documents import Document

_SHOWN_CHARACTERS = 90


def printable(text: str) -> str:
    """Escape control characters, which could move the cursor or reorder text in a terminal.

    Args:
        text: Text from outside, to be printed without markup. Line ends stay.
    """
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def print_records(documents: Sequence[Document]) -> None:
    """Print records as a table: id, kind, date, source and the beginning of the text."""
    if not documents:
        typer.echo("nothing found")
        return
    table = Table(Column("id", no_wrap=True), "kind", "date", "source", "text")
    for document in documents:
        text = " ".join(document.page_content.split())
        shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
        date = str(document.metadata.get("date", ""))[:10]
        source = Path(str(document.metadata.get("source", ""))).name
        cells = (document.id or "", document.metadata["kind"], date, source, shown)
        table.add_row(*(Text(printable(cell)) for cell in cells))  # `Text` reads no markup
    Console().print(table)


def record_as_json(document: Document) -> str:
    """Return a record as one line of JSON that a terminal shows as it is."""
    record = {"id": document.id, "text": document.page_content, "metadata": document.metadata}
    line = json.dumps(record, ensure_ascii=False)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line)
