"""Loads files of common personal formats, piece by piece.

A loader yields documents whose metadata may have ``date`` (ISO 8601), ``title``, ``page`` and
``kind``. Long texts are split into pieces that fit the embedding model. A loader holds at most one
mail, event, page or row in memory. The exceptions are HTML files, single mails and JSON files with
a single value, whose size is limited.

``_LOADERS`` maps suffixes to loaders; a new format is added there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import MissingDependency, UnreadableFile
from cogenesis_langchain.retrievers.loaders.calendar import load_calendar
from cogenesis_langchain.retrievers.loaders.mail import load_mail, load_mailbox
from cogenesis_langchain.retrievers.loaders.pages import load_html, load_pdf
from cogenesis_langchain.retrievers.loaders.tables import load_csv, load_json, load_json_lines
from cogenesis_langchain.retrievers.loaders.text import blocks, leading_date, lines, open_text

if TYPE_CHECKING:
    from langchain_text_splitters import TextSplitter

PIECE_CHARACTERS: Final = 900
"""About 220 tokens of English; the embedding model reads 256."""

_OVERLAP_CHARACTERS: Final = 100
_PROFILE: Final = "profile"
_LOG: Final = re.compile(r"(^|[_\- .])log$", re.IGNORECASE)

Loader = Callable[[Path], Iterator[Document]]


def load(path: Path) -> Iterator[Document]:
    """Load a file by its suffix; files with an unknown suffix are read as text.

    The name can decide too: a file called ``profile`` holds the user's profile, and each line of a
    text file whose name ends in the word ``log``, as ``activity_log.txt``, is an activity.

    Raises:
        UnreadableFile: The file cannot be opened, is damaged, encrypted, too large for its format,
            empty, or not text.
    """
    loader = _loader_of(path)
    found = False
    try:
        for document in loader(path):
            for piece in _pieces(document, markdown=path.suffix.lower() in (".md", ".markdown")):
                found = True
                if path.stem.lower() == _PROFILE:
                    piece.metadata["kind"] = "profile"
                yield piece
    except (UnreadableFile, MissingDependency):
        raise
    except OSError as error:
        raise UnreadableFile(
            f"the file cannot be opened ({error.strerror})",
            remedy="make it readable for this user",
        ) from None
    except Exception as error:  # the parsers raise anything on malformed files
        raise UnreadableFile(
            f"the file is damaged or not of the format of its suffix ({type(error).__name__})",
            remedy="open it in its application, save it again and add it again",
        ) from None
    if not found:
        raise UnreadableFile(
            "the file contains no text", remedy="run OCR on scanned pages before adding them"
        )


def _loader_of(path: Path) -> Loader:
    known = _LOADERS.get(path.suffix.lower())
    if known is None and _LOG.search(path.stem):
        return load_log
    return known or load_text


def load_log(path: Path) -> Iterator[Document]:
    """Load a text file line by line; a line may begin with its date, 2026-03-14."""
    with open_text(path) as file:
        for line in filter(str.strip, lines(file)):
            date = leading_date(line)
            dated = {"date": date} if date else {}
            yield Document(page_content=line.strip(), metadata={"kind": "activity", **dated})


def load_text(path: Path) -> Iterator[Document]:
    """Load a text or Markdown file."""
    return (Document(page_content=block) for block in blocks(path))


def _pieces(document: Document, *, markdown: bool) -> Iterator[Document]:
    for text in _splitter(markdown).split_text(document.page_content):
        if text.strip():
            yield Document(page_content=text, metadata=document.metadata)


@cache
def _splitter(markdown: bool) -> TextSplitter:
    try:
        from langchain_text_splitters import Language, RecursiveCharacterTextSplitter
    except ImportError:
        raise MissingDependency("langchain_text_splitters", extra="chroma") from None
    separators = RecursiveCharacterTextSplitter.get_separators_for_language(Language.MARKDOWN)
    return RecursiveCharacterTextSplitter(
        separators if markdown else None,
        chunk_size=PIECE_CHARACTERS,
        chunk_overlap=_OVERLAP_CHARACTERS,
    )


_LOADERS: Final[Mapping[str, Loader]] = {
    ".csv": load_csv,
    ".eml": load_mail,
    ".htm": load_html,
    ".html": load_html,
    ".ics": load_calendar,
    ".json": load_json,
    ".jsonl": load_json_lines,
    ".mbox": load_mailbox,
    ".ndjson": load_json_lines,
    ".pdf": load_pdf,
    ".tsv": load_csv,
}
