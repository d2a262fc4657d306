"""Loaders for HTML and PDF files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import MissingDependency, UnreadableFile

MAX_WHOLE_FILE_BYTES: Final = 100 * 1024 * 1024
"""Maximum size of a file whose format has to be read as a whole."""

_NOT_TEXT: Final = ("script", "style", "template", "noscript")


def load_html(path: Path) -> Iterator[Document]:
    """Load the text and the title of an HTML file.

    Raises:
        UnreadableFile: The file is larger than `MAX_WHOLE_FILE_BYTES`.
    """
    check_size(path)
    text, title = html_text(path.read_bytes())
    yield Document(page_content=text, metadata={"title": title} if title else {})


def html_text(html: bytes | str) -> tuple[str, str]:
    """Return the text and the title of a page; bytes are decoded as the page declares."""
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
    """Load a PDF file page by page.

    Raises:
        UnreadableFile: The file needs a password.
    """
    try:
        from pypdf import PdfReader
    except ImportError:
        raise MissingDependency("pypdf", extra="chroma") from None
    # Given a path instead of an open file, PdfReader would read the whole file into memory.
    with path.open("rb") as file, PdfReader(file) as reader:
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableFile(
                "the file needs a password", remedy="save it without a password first"
            )
        for number, page in enumerate(reader.pages, start=1):
            yield Document(page_content=page.extract_text(), metadata={"page": number})


def check_size(path: Path) -> None:
    """Refuse a file that is too large to be read as a whole.

    Raises:
        UnreadableFile: The file is larger than `MAX_WHOLE_FILE_BYTES`.
    """
    if path.stat().st_size > MAX_WHOLE_FILE_BYTES:
        raise UnreadableFile(
            f"the file is larger than {MAX_WHOLE_FILE_BYTES >> 20} MB, the limit for its format",
            remedy="split it, or save it as text",
        )
