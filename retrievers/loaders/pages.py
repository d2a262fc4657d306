"""HTML and PDF files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import MissingDependency, UnreadableFile

WHOLE_BYTES: Final = 100 * 1024 * 1024
"""Largest file of a format that must be held in memory as a whole."""

_NOT_TEXT: Final = ("script", "style", "template", "noscript")


def load_html(path: Path) -> Iterator[Document]:
    """Read the text of an HTML file and its title.

    Raises:
        UnreadableFile: It is larger than `WHOLE_BYTES`.
    """
    check_whole(path)
    text, title = html_text(path.read_bytes())
    yield Document(page_content=text, metadata={"title": title} if title else {})


def html_text(html: bytes | str) -> tuple[str, str]:
    """Return the text and the title of a page; bytes are decoded as the page says."""
    try:
        from bs4 import BeautifulSoup
    except ImportError:
        raise MissingDependency("bs4", extra="chroma") from None
    page = BeautifulSoup(html, "html.parser")
    title = page.title.get_text(" ", strip=True) if page.title else ""
    for element in page(_NOT_TEXT):
        element.decompose()
    return page.get_text("\n", strip=True), title


def load_pdf(path: Path) -> Iterator[Document]:
    """Read a PDF file page by page.

    Raises:
        UnreadableFile: It needs a password.
    """
    try:
        from pypdf import PdfReader
    except ImportError:
        raise MissingDependency("pypdf", extra="chroma") from None
    with path.open("rb") as file, PdfReader(file) as reader:  # given a path, it reads all of it
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableFile("it needs a password", remedy="save it without a password first")
        for number, page in enumerate(reader.pages, start=1):
            yield Document(page_content=page.extract_text(), metadata={"page": number})


def check_whole(path: Path) -> None:
    """Refuse a file that is too large to be held in memory.

    Raises:
        UnreadableFile: It is larger than `WHOLE_BYTES`.
    """
    if path.stat().st_size > WHOLE_BYTES:
        raise UnreadableFile(
            f"it is larger than {WHOLE_BYTES >> 20} MB, the most for its format",
            remedy="split it, or save it as text",
        )
