"""Looking for a string in bytes, in every form a reader could get it back from.

This search shares no code with the border's own matching, on purpose: a blind spot of the guard
must not be one of the proof. It goes the other way round: instead of decoding the payload it
encodes what it looks for, and it compares with everything but letters and digits taken away.
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
_COMMON_WORD: Final = 1.5
_ASCII_DROPPED: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_WORD: Final = re.compile(r"[^\W_]+(?:['’.@+-][^\W_]+)*")


def find_leaks(payload: bytes, texts: Iterable[str]) -> frozenset[str]:
    """Look for texts in bytes.

    Args:
        payload: What left.
        texts: What must not be in it.

    Returns:
        The forms in which any of them was found, such as ``"base64"``; empty when none was.
    """
    plain_payload = _letters_and_digits_of_bytes(payload)
    return frozenset(form for text in texts for form in _forms_in(payload, plain_payload, text))


def _forms_in(payload: bytes, plain_payload: str, text: str) -> Iterator[str]:
    yield from (form for form, encoded in _forms(text) if encoded in payload)
    wanted = letters_and_digits(text)
    if len(wanted) >= _SHORTEST_PLAIN and wanted in plain_payload:
        yield "letters and digits"


def letters_and_digits(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(character for character in plain if character.isalnum()).casefold()


def _letters_and_digits_of_bytes(payload: bytes) -> str:
    if payload.isascii():
        return payload.lower().translate(None, _ASCII_DROPPED).decode()
    return letters_and_digits(payload.decode("utf-8", errors="replace"))


def rare_words(text: str) -> frozenset[str]:
    """Words of a text that only this text is likely to hold: no everyday words, not short."""
    from wordfreq import zipf_frequency

    return frozenset(
        word
        for word in _WORD.findall(text)
        if len(letters_and_digits(word)) >= _SHORTEST_WORD
        and (zipf_frequency(word, "en") < _COMMON_WORD or any(map(str.isdigit, word)))
    )


def _forms(text: str) -> Iterator[tuple[str, bytes]]:
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
    """The characters of a base64 text that this run of bytes alone decides."""
    encoded = base64.b64encode(b"\0" * alignment + raw)
    first = (0, 2, 3)[alignment]
    last = (alignment + len(raw)) * 8 // 6
    return encoded[first:last]
