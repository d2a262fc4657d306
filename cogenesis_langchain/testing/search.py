"""Searches bytes for strings in any encoding from which a receiver could recover them.

This search shares no code with the border's matching, so that a bug in the border does not hide
itself from the tests. It works the other way round: it encodes the strings instead of decoding the
payload, and it compares letters and digits only.
"""

from __future__ import annotations

import base64
import codecs
import html
import json
import quopri
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_SHORTEST_PLAIN: Final = 5
_SHORTEST_WORD: Final = 6
_RARE_ZIPF: Final = 1.5
_ASCII_DROPPED: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_JSON_ESCAPES: Final = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_BYTE_ESCAPES: Final = re.compile(r"(?:\\{1,2}x[0-9a-fA-F]{2})+")
_DIGITS: Final = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")
_ESCAPES: Final = (
    ("escape", "\\x{:02x}"),
    ("escape", "\\u{:04x}"),
    ("escape", "\\u{{{:x}}}"),
    ("escape", "\\U{:08x}"),
    ("escape", "\\{:03o}"),
    ("CSS", "\\{:x} "),
    ("CSS", "\\{:06x}"),
    ("code points", "U+{:04X} "),
    ("percent", "%{:02X}"),
    ("quoted-printable", "={:02X}"),
    ("HTML", "&#{:d};"),
    ("HTML", "&#x{:x};"),
    ("byte codes", "{:d} "),
    ("byte codes", "{:08b} "),
    ("hexadecimal", "0x{:02x} "),
)
_SPACED: Final = frozenset({"escape", "CSS", "code points"})
"""Codes that are also found with white space and commas between them."""
_BETWEEN_CODES: Final = b" \t\r\n,;"
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
    packed = payload.translate(None, _BETWEEN_CODES).replace(b"\\\\", b"\\")
    return frozenset(
        name for text in texts for name in _leaks_of(payload, packed, plain_payload, text)
    )


def _leaks_of(payload: bytes, packed: bytes, plain_payload: str, text: str) -> Iterator[str]:
    for name, encoded in _encodings(text):
        quoted = json.dumps(encoded.decode(errors="surrogateescape"))[1:-1].encode()
        spaced = name in _SPACED and encoded.translate(None, _BETWEEN_CODES) in packed
        if encoded in payload or quoted in payload or spaced:
            yield name
    wanted = letters_and_digits(text)
    if len(wanted) < _SHORTEST_PLAIN:
        return
    if wanted in plain_payload:
        yield "letters and digits"
    if wanted[::-1] in plain_payload:
        yield "reverse"
    for shift in range(1, 26) if wanted.isalpha() and wanted.isascii() else ():
        if _shifted(wanted, shift) in plain_payload:
            yield "shifted alphabet"


def _shifted(word: str, shift: int) -> str:
    return "".join(chr((ord(letter) - ord("a") + shift) % 26 + ord("a")) for letter in word)


def letters_and_digits(text: str) -> str:
    """Return the letters and digits of a text, without case, accents, marks and styles."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(map(_plain_character, plain)).casefold()


def _plain_character(character: str) -> str:
    """Return the letter or digit that a character stands for; "" for marks and fillers."""
    if character.isascii():
        return character if character.isalnum() else ""
    words = unicodedata.name(character, "").split(" WITH ")[0].split()
    if "FILLER" in words:
        return ""
    if len(words) > 1 and len(words[-1]) == 1 and {"LATIN", "REGIONAL", "TAG"} & set(words):
        return words[-1].lower()
    if words[:2] == ["TAG", "DIGIT"]:
        return str(_DIGITS.index(words[2]))
    return character if character.isalnum() else ""


def _letters_and_digits_of_bytes(payload: bytes) -> str:
    if payload.isascii() and b"\\" not in payload:
        return payload.lower().translate(None, _ASCII_DROPPED).decode()
    text = payload.decode("utf-8", errors="replace")
    return letters_and_digits(
        _BYTE_ESCAPES.sub(_bytes_unescaped, _JSON_ESCAPES.sub(_unescaped, text))
    )


def _bytes_unescaped(escapes: re.Match[str]) -> str:
    return bytes.fromhex(re.sub(r"\\{1,2}x", "", escapes[0])).decode(errors="replace")


def _unescaped(escapes: re.Match[str]) -> str:
    decoded: str = json.loads(f'"{escapes[0]}"')
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
        if (printable := quopri.encodestring(raw)) != raw:
            yield "quoted-printable", printable
        yield "rot13", codecs.encode(spelling, "rot13").encode()
        for name, form in _ESCAPES:
            for codes in ([ord(letter) for letter in spelling], list(raw)):
                yield name, "".join(map(form.format, codes)).rstrip().encode()
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            wide = spelling.encode(encoding)
            if encoding != "utf-8":
                yield "UTF-16", wide
            for separator in ("", " ", ":"):
                spaced = wide.hex(separator) if separator else wide.hex()
                yield from (("hexadecimal", form.encode()) for form in (spaced, spaced.upper()))
            for alignment in range(3):
                yield "base64", _base64_core(wide, alignment)
            yield "base64 twice", _base64_core(base64.b64encode(wide), 0)
            yield "base32", base64.b32encode(wide).rstrip(b"=")
            yield "base32", base64.b32encode(wide).rstrip(b"=").lower()
            yield "base85", base64.b85encode(wide)
            yield "base85", base64.a85encode(wide)


def _base64_core(raw: bytes, alignment: int) -> bytes:
    """Return the base64 characters that depend on these bytes only, at one of three alignments."""
    encoded = base64.b64encode(b"\0" * alignment + raw)
    first = (0, 2, 3)[alignment]
    last = (alignment + len(raw)) * 8 // 6
    return encoded[first:last]
