"""Decodes a payload in every way a receiver could: JSON, percent, HTML entities, base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

_MAX_DEPTH: Final = 3
_JSON_ESCAPE: Final = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_JSON_ESCAPES: Final = re.compile(rf"(?:{_JSON_ESCAPE.pattern})+")
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{4,}(?:\s+[A-Za-z0-9+/_-]{4,})*={0,2}")
_SHORTEST_BASE64: Final = 4
_URL_SAFE: Final = str.maketrans("-_", "+/")
# Every English word is valid base64 and decodes to random bytes. Text that was encoded on purpose
# decodes to valid UTF-8, as a whole or for at least six bytes in a row. Random bytes rarely do.
_SHORTEST_READABLE: Final = 6
_READABLE: Final = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3})+"
)


def decodings(payload: bytes) -> Iterator[str]:
    """Yield the payload as text, followed by everything that can be decoded from it.

    Args:
        payload: Bytes of a URL, a header or a body.

    Yields:
        The text itself. Then, up to three levels deep: the text with JSON escapes resolved, with
        its lines joined, percent-decoded, with HTML entities resolved, and with each base64 run
        decoded. No text is yielded twice.
    """
    seen: set[str] = set()
    texts = [payload.decode("utf-8", errors="replace")]
    for _ in range(_MAX_DEPTH + 1):
        texts = [text for text in dict.fromkeys(texts) if text not in seen]
        seen.update(texts)
        yield from texts
        texts = [decoded for text in texts for decoded in _decoded(text)]


def _decoded(text: str) -> Iterator[str]:
    if "\\" in text:
        yield _JSON_ESCAPES.sub(_unescape, text)
    if "\n" in text or "\r" in text:
        yield text.replace("\r", "").replace("\n", "")
    if "%" in text:
        yield unquote_plus(text)
    if "&" in text:
        yield html.unescape(text)
    yield from _from_base64([run[0] for run in _BASE64_RUN.finditer(text)])


def _unescape(escapes: re.Match[str]) -> str:
    decoded: str = json.loads(f'"{escapes[0]}"')
    # A lone surrogate is no character and cannot be encoded as UTF-8, so it is replaced.
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _from_base64(runs: list[str]) -> Iterator[str]:
    """Decode runs of base64 characters: one text for each of the four alignments.

    A run may begin with characters that are not part of the encoded text, such as the end of a URL.
    """
    for skipped in range(4):
        texts = [text for run in runs for text in _decoded_run(run, skipped)]
        if texts:
            yield "  ".join(texts)


def _decoded_run(run: str, skipped: int) -> list[str]:
    """Decode a run without its first characters, and return the parts that are readable text."""
    symbols = "".join(run.split()).rstrip("=").translate(_URL_SAFE)[skipped:]
    symbols = symbols[: len(symbols) - (len(symbols) % 4 == 1)]
    if len(symbols) < _SHORTEST_BASE64:
        return []
    decoded = base64.b64decode(symbols + "=" * (-len(symbols) % 4))
    return [
        part.decode("utf-8", errors="replace")
        for part in _READABLE.findall(decoded)
        if len(part) >= _SHORTEST_READABLE or len(part) == len(decoded)
    ]
