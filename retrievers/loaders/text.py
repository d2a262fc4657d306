"""Reads text files of any size and encoding, block by block."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from cogenesis_langchain.errors import MissingDependency, UnreadableFile

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch, CharsetMatches

MAX_LINE_CHARACTERS: Final = 1 << 24
"""Maximum length of a line, for formats that are read line by line."""

_BLOCK: Final = 1 << 20  # bytes or characters
_SAMPLE: Final = 1 << 16
# The mark of UTF-32-LE starts with that of UTF-16-LE, so it has to come first.
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n\f\r\x1b"})
_MAX_CONTROL_SHARE: Final = 0.02  # compressed data has about 0.1
_CODE_PAGES: Final = [  # the usual encodings of files that are not UTF-8
    *(f"cp{number}" for number in (874, 932, 949, *range(1250, 1258))),
    *("big5", "euc_jp", "gb18030", "koi8_r"),
]
_COMMON: Final = "cp1252"  # Western European; contains latin-1
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
_NOISE: Final = (0.1, 0.05)
"""Differences of charset-normalizer's chaos and coherence that do not matter."""


def encoding_of(path: Path) -> str:
    """Detect the encoding of a text file.

    A byte order mark decides. Without one, the file is UTF-8 if all of it is valid UTF-8. Otherwise
    the encoding is guessed from the bytes around the first invalid one.

    Raises:
        UnreadableFile: The file is not a text file.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    for mark, name in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return name
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if b"\0" in sample or controls > _MAX_CONTROL_SHARE * len(sample):
        raise UnreadableFile(
            "the file is not a text file", remedy="convert it to text or a supported format"
        )
    wrong = _first_byte_not_utf8(path)
    return "utf-8" if wrong is None else _encoding_around(path, wrong)


def open_text(path: Path, *, newline: str | None = None) -> IO[str]:
    """Open a text file with its detected encoding.

    Args:
        path: The file.
        newline: See `open`.

    Raises:
        UnreadableFile: The file is not a text file.
    """
    return path.open(encoding=encoding_of(path), errors="replace", newline=newline)


def blocks(path: Path) -> Iterator[str]:
    """Yield a text file in blocks of about a megabyte that end at a paragraph, line or word.

    Raises:
        UnreadableFile: The file is not a text file.
    """
    with open_text(path) as file:
        rest = ""
        while block := file.read(_BLOCK):
            text = rest + block
            end = _end_of_paragraph(text) if len(block) == _BLOCK else len(text)
            yield text[:end]
            rest = text[end:]
        yield rest


def lines(file: IO[str]) -> Iterator[str]:
    """Yield the lines of a text file with their line ends.

    Raises:
        UnreadableFile: A line is longer than `MAX_LINE_CHARACTERS`.
    """
    while line := file.readline(MAX_LINE_CHARACTERS):
        if len(line) == MAX_LINE_CHARACTERS:
            raise UnreadableFile(
                "the file has a line of more than 16 million characters",
                remedy="break the line, or save the file as text",
            )
        yield line


def decode(content: bytes, declared: str) -> str:
    """Decode bytes with the declared encoding, or with a guessed one if that fails."""
    try:
        return content.decode(declared)
    except (LookupError, ValueError):  # unknown, no encoding of text, or not that of the bytes
        return content.decode(_guess_encoding(content) or _COMMON, errors="replace")


def leading_date(text: str) -> str:
    """Return the date that a text begins with, 2026-03-14; "" if there is none in the calendar."""
    found = _DATE.match(text)
    try:
        return date.fromisoformat(found[0]).isoformat() if found else ""
    except ValueError:
        return ""


def _end_of_paragraph(text: str) -> int:
    for mark in ("\n\n", "\n", " "):
        if (found := text.rfind(mark)) > 0:
            return found + len(mark)
    return len(text)


def _first_byte_not_utf8(path: Path) -> int | None:
    # Incremental, because a character may be split between two blocks.
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


def _encoding_around(path: Path, around: int) -> str:
    with path.open("rb") as file:
        file.seek(max(0, around - _SAMPLE // 2))
        encoding = _guess_encoding(file.read(_SAMPLE))
    if encoding is None:
        raise UnreadableFile(
            "the encoding of the file cannot be detected",
            remedy="save it as UTF-8 and add it again",
        )
    return encoding


def _guess_encoding(content: bytes) -> str | None:
    """Guess an encoding: Western European, unless another one fits clearly better."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        raise MissingDependency("charset_normalizer", extra="chroma") from None
    matches = from_bytes(content, cp_isolation=_CODE_PAGES, preemptive_behaviour=False)
    best = matches.best()
    if best is None:
        return None
    return _COMMON if _fits_as_well(matches, best) else best.encoding


def _fits_as_well(matches: CharsetMatches, best: CharsetMatch) -> bool:
    chaos, coherence = _NOISE
    return any(
        match.chaos <= best.chaos + chaos and match.coherence >= best.coherence - coherence
        for match in matches
        if _COMMON in match.could_be_from_charset
    )
