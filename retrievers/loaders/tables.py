"""Loaders for CSV and JSON files, row by row."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import IO, Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import MissingDependency
from cogenesis_langchain.retrievers.loaders.pages import check_size
from cogenesis_langchain.retrievers.loaders.text import (
    MAX_LINE_CHARACTERS,
    leading_date,
    lines,
    open_text,
)

_SAMPLE: Final = 1 << 14
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}\S*)?\s*$")


def load_csv(path: Path) -> Iterator[Document]:
    """Load a table with a header; each row becomes lines of ``column: value``.

    The first cell with an ISO date (2026-03-14, with or without a time) is the date of the row.
    """
    # The limit is one of the process, so it is only ever raised; 131,072 characters are too few.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_CHARACTERS))
    with open_text(path, newline="") as file:
        sample = file.read(_SAMPLE)
        file.seek(0)
        rows = csv.reader(lines(file), delimiter=_delimiter(sample), skipinitialspace=True)
        header = next(rows, [])
        for row in rows:
            cells = zip_longest(header, row, fillvalue="")
            document = _document(line for name, cell in cells for line in _lines(cell, name))
            dates = (leading_date(cell) for cell in row if _DATE.match(cell))
            if date := next(filter(None, dates), ""):
                document.metadata["date"] = date
            yield document


def load_json(path: Path) -> Iterator[Document]:
    """Load a JSON file: the items of a list, or the members of an object, one by one."""
    try:
        import ijson
    except ImportError:
        raise MissingDependency("ijson", extra="chroma") from None
    with open_text(path) as text:
        start = text.read(_SAMPLE).lstrip()[:1]
        text.seek(0)
        file = _AsUtf8(text)
        if start == "[":
            for item in ijson.items(file, "item", use_float=True):
                yield _document(_lines(item))
        elif start == "{":
            for name, value in ijson.kvitems(file, "", use_float=True):
                yield _document(_lines({name: value}))
        else:  # a single string or number, which has to be parsed as a whole
            check_size(path)
            yield _document(_lines(json.load(text)))


class _AsUtf8:
    """Wraps a text file as the UTF-8 byte stream that ijson expects."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text

    def read(self, size: int) -> bytes:
        return self._text.read(size).encode()


def load_json_lines(path: Path) -> Iterator[Document]:
    """Load a file with one JSON value per line."""
    with open_text(path) as file:
        for line in lines(file):
            if line.strip():
                yield _document(_lines(json.loads(line)))


def _document(parts: Iterator[str]) -> Document:
    return Document(page_content="\n".join(parts))


def _delimiter(sample: str) -> str:
    try:
        return csv.Sniffer().sniff(sample, delimiters=",;\t|").delimiter
    except csv.Error:  # there is only one column
        return ","


def _lines(value: object, name: str = "") -> Iterator[str]:
    """Yield ``name: value`` for every value inside a JSON value; nested names are dotted."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _lines(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for item in value:
            yield from _lines(item, name)
    elif value not in (None, "", []):
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield f"{name}: {text}" if name else text
