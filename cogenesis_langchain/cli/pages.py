"""HTML pages that a command writes beside what it prints. They hold private text."""

from __future__ import annotations

from pathlib import Path

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.whole_file import write_private


def check_page(path: Path) -> None:
    """Check that a page can be written, before any work.

    Raises:
        ConfigurationError: Its folder does not exist, or the path is a folder.
    """
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"there is no folder {str(path.parent)!r} for the page", remedy="create it first"
        )
    if path.is_dir():
        raise ConfigurationError(f"{str(path)!r} is a folder", remedy="give the page's file name")


def write_page(path: Path, html: str) -> None:
    """Write a page that only its owner can read.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        write_private(path, html)
    except OSError as error:
        raise ConfigurationError(
            f"the page {str(path)!r} cannot be written: {error.strerror}",
            remedy="give a file on a disk with free space that you may write to",
        ) from None
