"""Searches bytes for strings in any encoding from which a receiver could recover them.

This search shares no code with the border's matching, so that a bug in the border does not hide
itself from the tests. It works the other way round: it encodes the strings instead of decoding the
payload, and it compares letters and digits only.
"""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_SHORTEST_PLAIN: Final = 5
_SHORTEST_WORD: Final = 6
_RARE_ZIPF: Final = 1.5
_ASCII_DROPPED: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_WORD: Final = re.compile(r"[^\W_]+(?:['’.@+-][^\W_]+)*")


def find_leaks(payload: bytes, texts: Iterable[str]) -> frozenset[str]:
    """Search a payload for strings.

    Args:
        payload: The bytes of a request.
        texts: Strings that must not occur.

    Returns:
        The encodings in which any string was found, such as ``"base64"``; empty if none was.
    """
    plain_payload = _letters_and_digits_of_bytes(payload)
    return frozenset(name for text in texts for name in _leaks_of(payload, plain_payload, text))


def _leaks_of(payload: bytes, plain_payload: str, text: str) -> Iterator[str]:
    yield from (name for name, encoded in _encodings(text) if encoded in payload)
    wanted = letters_and_digits(text)
    if len(wanted) >= _SHORTEST_PLAIN and wanted in plain_payload:
        yield "letters and digits"


def letters_and_digits(text: str) -> str:
    """Return the letters and digits of a text, without case and accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(character for character in plain if character.isalnum()).casefold()


def _letters_and_digits_of_bytes(payload: bytes) -> str:
    if payload.isascii():
        return payload.lower().translate(None, _ASCII_DROPPED).decode()
    return letters_and_digits(payload.decode("utf-8", errors="replace"))


def rare_words(text: str) -> frozenset[str]:
    """Return the long and rare words of a text, which hardly occur in any other text."""
    from wordfreq import zipf_frequency

    return frozenset(
        word
        for word in _WORD.findall(text)
        if len(letters_and_digits(word)) >= _SHORTEST_WORD
        and (zipf_frequency(word, "en") < _RARE_ZIPF or any(map(str.isdigit, word)))
    )


def _encodings(text: str) -> Iterator[tuple[str, bytes]]:
    for spelling in dict.fromkeys((text, text.upper(), text.lower(), text[::-1])):
        raw = spelling.encode()
        yield "plain text" if spelling != text[::-1] else "reverse", raw
        yield "JSON", json.dumps(spelling)[1:-1].encode()
        yield "percent", quote(spelling).encode()
        yield "form", quote_plus(spelling).encode()
        yield "HTML", html.escape(spelling).encode()
        yield "hexadecimal", raw.hex().encode()
        for alignment in range(3):
            yield "base64", _base64_core(raw, alignment)
    yield "UTF-16", text.encode("utf-16-le")


def _base64_core(raw: bytes, alignment: int) -> bytes:
    """Return the base64 characters that depend on these bytes only, at one of three alignments."""
    encoded = base64.b64encode(b"\0" * alignment + raw)
    first = (0, 2, 3)[alignment]
    last = (alignment + len(raw)) * 8 // 6
    return encoded[first:last]
