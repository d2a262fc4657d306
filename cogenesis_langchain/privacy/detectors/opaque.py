"""Detector of opaque strings: an instruction has no use for text that nobody can read.

A string is opaque if it is no word, no number and no usual combination of both, so that it may be
anything encoded. What it decodes to does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import regex

from cogenesis_langchain.privacy.detectors.lexicons.words import (
    LANGUAGES,
    is_compound,
    is_known_name,
    is_surname,
    zipf,
)
from cogenesis_langchain.privacy.detectors.spans import Span
from cogenesis_langchain.privacy.matching.encodings import from_base85, readable_parts

_HEX: Final = "[0-9a-fA-F]"
_OPAQUE_RUNS: Final = (
    # invisible characters, braille
    regex.compile(r"\p{Default_Ignorable_Code_Point}{3,}|\p{Script=Braille}{2,}"),
    # words with an escape in them, and runs of escapes
    re.compile(rf"[^\s\\]*(?:\\[xuU]\{{?{_HEX}{{2,8}}|U\+{_HEX}{{4,6}})\S*"),
    re.compile(rf"\w*(?:(?:%|=|\\0?)0?{_HEX}{{2,6}}\s?|&#\w{{2,6}};?){{2,}}\w*"),
    # bytes as bits, as hexadecimal numbers, and Morse code
    re.compile(r"(?<!\d)[01]{8}(?:\s*[01]{8})+(?!\d)"),
    re.compile(
        rf"(?<!\w)(?=[\s\d:-]{{0,30}}[a-fA-F])(?:(?:0x)?{_HEX}{{2}}[\s:,-]){{3,}}(?:0x)?{_HEX}{{2}}(?!\w)"
    ),
    re.compile(r"(?<!\S)(?=[-\s/]*\.)(?=[.\s/]*-)[.·/−-]{1,6}(?:\s+[.·/−-]{1,6}){3,}(?!\S)"),
)
_TOKEN: Final = re.compile(r"\S+")
_CORE: Final = re.compile(r"[A-Za-z0-9](?:[!-~]*[A-Za-z0-9])?")
_PART: Final = re.compile(r"[A-Za-z0-9]+")
_PIECE: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ORDINARY: Final = re.compile(
    r"(?:19|20)\d\d\w{0,3}|\d{1,4}[A-Za-z]{1,5}|\d+(?:st|nd|rd|th|x\d+)|[A-Za-z]{1,12}\d{1,4}[a-z]?"
    r"|[A-Z]\d[A-Z]\d?|\d{1,2}h\d\d|(?:\d+[dhms])+|(?:[a-h][1-8]){2}|[xX]\d+[yY]\d+"
)
_SHORTEST_CODE: Final = 5
# "1j1l-2k3j": two parts in which letters and digits alternate. One part is "e2e4" or "1h5m" too.
_ALTERNATING: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:\d+[A-Za-z]+){2,}\d*|(?:[A-Za-z]+\d+){2,}[A-Za-z]*)(?![A-Za-z0-9])"
)
_SHORTEST_CAPITALS: Final = 8
_SHORTEST_BASE85: Final = 7
_LETTERS_OF_A_WORD: Final = 3


def find_opaque(text: str) -> Iterator[Span]:
    """Find strings that are neither words nor numbers: codes, encoded text, invisible characters.

    Args:
        text: An instruction.

    Yields:
        Spans of kind `ID`.
    """
    for pattern in _OPAQUE_RUNS:
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), "ID")
    for token in _TOKEN.finditer(text):
        if _is_base85(token[0]):
            yield Span(*token.span(), "ID")
            continue
        core = _CORE.search(token[0])
        if core and _holds_code(core[0]):
            yield Span(token.start() + core.start(), token.start() + core.end(), "ID")


def _holds_code(token: str) -> bool:
    """Return whether a part of a token is opaque, or two short parts are codes."""
    if any(_is_opaque(part) for part in _PART.findall(token)):
        return True
    short = (part for part in _ALTERNATING.findall(token) if not _ORDINARY.fullmatch(part))
    return len(list(short)) > 1


def _is_base85(token: str) -> bool:
    """Return whether a string with signs inside is base85 or Ascii85 of readable text."""
    if len(token) < _SHORTEST_BASE85 or token.isalnum() or not token.isascii():
        return False
    return any(
        len("".join(readable_parts(decoded))) >= len(decoded) > 0 for decoded in from_base85(token)
    )


def _is_opaque(part: str) -> bool:
    """Return whether a string of ASCII letters and digits is no word and no usual code."""
    if part.isdigit() or len(part) < _SHORTEST_CODE:
        return False
    pieces = _PIECE.findall(part)
    if part.isalpha():
        if len(pieces) == 1:
            capitals = part.isupper() and len(part) >= _SHORTEST_CAPITALS
            return capitals and not (_is_word(part) or is_compound(part.lower()))
        return len(part) > _SHORTEST_CODE and len(pieces) > 2 and not _mostly_words(pieces)
    return not _ORDINARY.fullmatch(part) and not _mostly_words(pieces)


def _mostly_words(pieces: list[str]) -> bool:
    """Return whether words make up more than half of the letters."""
    words = [piece for piece in pieces if len(piece) >= _LETTERS_OF_A_WORD and _is_word(piece)]
    letters = sum(len(piece) for piece in pieces if piece.isalpha())
    return 2 * sum(map(len, words)) > letters


def _is_word(word: str) -> bool:
    return bool(zipf(word, *LANGUAGES)) or is_known_name(word) or is_surname(word)
