"""Reading files of the formats that personal documents come in, piece by piece.

A loader yields documents whose metadata may hold ``date`` (ISO 8601), ``title``, ``page`` and
``kind``; long texts are cut into pieces that fit the embedding model. No loader holds more than one
mail, event, page or row in memory, except for HTML, single mails and JSON that is one value, which
have a limit.
"""

from __future__ import annotations

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
from cogenesis_langchain.retrievers.loaders.text import blocks

if TYPE_CHECKING:
    from langchain_text_splitters import TextSplitter

PIECE_CHARACTERS: Final = 900
"""About 220 tokens of English, within the 256 that the embedding model reads."""

_OVERLAP_CHARACTERS: Final = 100

Loader = Callable[[Path], Iterator[Document]]


def load(path: Path) -> Iterator[Document]:
    """Read a file by its format; what has no known ending is read as text.

    Raises:
        UnreadableFile: It cannot be opened, is damaged, locked, too large for its format, empty,
            or not a text.
    """
    loader = _LOADERS.get(path.suffix.lower(), load_text)
    found = False
    try:
        for document in loader(path):
            for piece in _pieces(document, markdown=path.suffix.lower() in (".md", ".markdown")):
                found = True
                yield piece
    except (UnreadableFile, MissingDependency):
        raise
    except OSError as error:
        raise UnreadableFile(
            f"it cannot be opened ({error.strerror})", remedy="make it readable for this user"
        ) from None
    except Exception as error:  # parsers of other people's files raise anything
        raise UnreadableFile(
            f"it is damaged or not what its name says ({type(error).__name__})",
            remedy="open it with its program, save it anew and add it again",
        ) from None
    if not found:
        raise UnreadableFile("it holds no text", remedy="a scanned page needs OCR first")


def load_text(path: Path) -> Iterator[Document]:
    """Read a text or Markdown file."""
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
