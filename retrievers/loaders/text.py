"""Text files of any size and encoding, block by block."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from cogenesis_langchain.errors import MissingDependency, UnreadableFile

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch, CharsetMatches

LONGEST_LINE: Final = 1 << 24
"""Most characters of a line, where a format is read line by line."""

_BLOCK: Final = 1 << 20  # bytes or characters
_SAMPLE: Final = 1 << 16
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n\f\r\x1b"})
_CONTROL_SHARE: Final = 0.02  # of bytes, in a text; about 0.1 in compressed data
_CODE_PAGES: Final = [  # what other bytes than UTF-8 usually are
    *(f"cp{number}" for number in (874, 932, 949, *range(1250, 1258))),
    *("big5", "euc_jp", "gb18030", "koi8_r"),
]
_COMMON: Final = "cp1252"  # Western European; contains latin-1
_TELLS_NOTHING: Final = (0.1, 0.05)  # differences of disorder and of likeness to a language


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
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if b"\0" in sample or controls > _CONTROL_SHARE * len(sample):
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


def lines(file: IO[str]) -> Iterator[str]:
    """Yield the lines of a text file with their ends.

    Raises:
        UnreadableFile: One is longer than `LONGEST_LINE`.
    """
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise UnreadableFile(
                "it has a line of more than 16 million characters",
                remedy="break it into lines, or save it as text",
            )
        yield line


def decoded(content: bytes, declared: str) -> str:
    """Decode bytes as declared; if they cannot be that, as what they look like."""
    try:
        return content.decode(declared)
    except (LookupError, UnicodeDecodeError):
        return content.decode(_looks_like(content) or _COMMON, errors="replace")


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
    with path.open("rb") as file:
        file.seek(max(0, around - _SAMPLE // 2))
        encoding = _looks_like(file.read(_SAMPLE))
    if encoding is None:
        raise UnreadableFile(
            "its encoding cannot be found out", remedy="save it as UTF-8 and add it again"
        )
    return encoding


def _looks_like(content: bytes) -> str | None:
    """Guess the encoding of bytes: the common one wherever no other fits better."""
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
    disorder, likeness = _TELLS_NOTHING
    return any(
        match.chaos <= best.chaos + disorder and match.coherence >= best.coherence - likeness
        for match in matches
        if _COMMON in match.could_be_from_charset
    )
