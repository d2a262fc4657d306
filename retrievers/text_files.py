"""Text files of any size and encoding, block by block."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from cogenesis_langchain.errors import UnreadableFile

_BLOCK: Final = 1 << 20  # bytes or characters
_SAMPLE: Final = 1 << 16
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """Find out how a text file is encoded.

    A byte order mark decides; otherwise it is UTF-8 if all of it can be, and else what the bytes
    around the first one that is not UTF-8 look like.

    Raises:
        UnreadableFile: It is not a text file.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if b"\0" in sample:
        raise UnreadableFile(
            "it is not a text file", remedy="give a text, or a format that is read"
        )
    wrong = _first_byte_not_utf8(path)
    return "utf-8" if wrong is None else _guess(path, wrong)


def open_text(path: Path, *, newline: str | None = None) -> IO[str]:
    """Open a text file with the encoding it has.

    Args:
        path: The file.
        newline: As of `open`.

    Raises:
        UnreadableFile: It is not a text file.
    """
    return path.open(encoding=encoding_of(path), errors="replace", newline=newline)


def blocks(path: Path) -> Iterator[str]:
    """Yield a text file in blocks of about a megabyte that end where a paragraph or line ends.

    Raises:
        UnreadableFile: It is not a text file.
    """
    with open_text(path) as file:
        rest = ""
        while block := file.read(_BLOCK):
            text = rest + block
            end = _end_of_paragraph(text) if len(block) == _BLOCK else len(text)
            yield text[:end]
            rest = text[end:]
        yield rest


def _end_of_paragraph(text: str) -> int:
    for mark in ("\n\n", "\n", " "):
        if (found := text.rfind(mark)) > 0:
            return found + len(mark)
    return len(text)


def _first_byte_not_utf8(path: Path) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return max(0, before + error.start)
            before += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return before
    return None


def _guess(path: Path, around: int) -> str:
    from charset_normalizer import from_bytes

    with path.open("rb") as file:
        file.seek(max(0, around - _SAMPLE // 2))
        best = from_bytes(file.read(_SAMPLE)).best()
    if best is None:
        raise UnreadableFile(
            "its encoding cannot be found out", remedy="save it as UTF-8 and add it again"
        )
    return best.encoding
