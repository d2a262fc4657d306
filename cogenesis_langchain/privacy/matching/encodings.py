"""Decodes a payload in every way a receiver could: escapes, entities, base16 to base85, ciphers."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import unquote_plus

from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf

_MAX_DEPTH: Final = 3
_JSON_ESCAPE: Final = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])')
_JSON_ESCAPES: Final = re.compile(rf"(?:{_JSON_ESCAPE.pattern})+")
# Escapes of programming languages, of CSS, of quoted-printable, and code points as U+004B. CSS
# comes last: its escapes may have any number of digits and a space at their end.
_HEX: Final = "[0-9a-fA-F]"
_CODE: Final = re.compile(
    rf"(?:\\x|=)(?P<byte>{_HEX}{{2}})|\\u\{{(?P<brace>{_HEX}{{1,6}})\}}|\\u(?P<u4>{_HEX}{{4}})"
    rf"|\\U(?P<u8>{_HEX}{{8}})|U\+(?P<point>{_HEX}{{4,6}})\s?|\\(?P<octal>[0-7]{{3}})(?!{_HEX})"
    rf"|\\(?P<css>{_HEX}{{1,6}})\s?"
)
_CODES: Final = re.compile(rf"(?:{re.sub(r'P<[a-z0-9]+>', ':', _CODE.pattern)})+")
# White space and commas between codes: such text is read with and without them.
_BETWEEN_CODES: Final = re.compile(rf"(?<=[0-9a-fA-F}}])[\s,;]+(?=\\|U\+|={_HEX}{{2}})")
_SOFT_BREAK: Final = re.compile(r"=\r?\n")
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{4,}(?:\s+[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX_RUN: Final = re.compile(rf"(?<!{_HEX})(?:0x)?{_HEX}{{2}}(?:[\s:,-]*(?:0x)?{_HEX}{{2}}){{3,}}")
_BASE32_RUN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{8,}(?![A-Za-z0-9])")
_BASE85_RUN: Final = re.compile(r"(?<![!-~])(?=[A-Za-z]*[!-@\[-`{-~])[!-~]{7,4096}")
_NUMBERS_RUN: Final = re.compile(r"(?<!\d)\d{2,3}(?:[\s,;]+\d{2,3}){3,}(?!\d)")
_BITS_RUN: Final = re.compile(r"(?<!\d)[01]{8}(?:\s*[01]{8}){2,}(?!\d)")
_WORD: Final = re.compile(r"\S+")
_CODE_SIGN: Final = re.compile(rf"[%=]{_HEX}{{2}}|&#?\w{{2,8}};|\\|U\+{_HEX}{{4}}")
_SHORTEST_BASE64: Final = 4
_URL_SAFE: Final = str.maketrans("-_", "+/")
# Every English word is valid base64 and decodes to random bytes. Text that was encoded on purpose
# decodes to valid UTF-8, as a whole or for at least six bytes in a row. Random bytes rarely do.
_SHORTEST_READABLE: Final = 6
_READABLE: Final = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3})+"
)
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\0){3,}|(?:\0[\x20-\x7e\xa0-\xff]){3,}")
_CIPHER_TOKEN: Final = re.compile(r"(?<!\w)(?:\w{5,64}|\d[\d./-]{4,64}\d)(?!\w)")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
_CIPHERS: Final = tuple(
    str.maketrans(_ALPHABET, image)
    for image in (
        *(_ALPHABET[shift:] + _ALPHABET[:shift] for shift in range(1, 26)),
        _ALPHABET[::-1],
    )
)


def decodings(payload: bytes) -> Iterator[str]:
    """Yield the payload as text, followed by everything that can be decoded from it.

    Args:
        payload: Bytes of a URL, a header or a body.

    Yields:
        The text itself. Then, up to three levels deep: the text with escapes resolved, with its
        lines joined, percent-decoded, with HTML entities resolved, and each run of base16, base32,
        base64, base85 or byte codes decoded. Last, the words of each text that are in no
        dictionary, reversed and shifted in the alphabet. No text is yielded twice.
    """
    seen: dict[str, None] = {}
    texts = [payload.decode("utf-8", errors="replace")]
    for _ in range(_MAX_DEPTH + 1):
        texts = [text for text in dict.fromkeys(texts) if text not in seen]
        seen.update(dict.fromkeys(texts))
        yield from texts
        texts = [decoded for text in texts for decoded in _decoded(text)]
    unknown = dict.fromkeys(
        word
        for text in seen
        for word in _CIPHER_TOKEN.findall(text.lower())
        if not zipf(word, *LANGUAGES)
    )
    if unknown:
        yield "  ".join(deciphered for word in unknown for deciphered in _deciphered(word))


def code_runs(text: str) -> list[tuple[int, int]]:
    """Return start and end of each run of codes: escapes, entities, quoted or percent-encoded text.

    Words with codes that only white space separates are one run, as are bytes in base 2, 10 or 16.
    """
    runs: list[tuple[int, int]] = []
    for word in _WORD.finditer(text):
        if _CODE_SIGN.search(text, *word.span()):
            beside = bool(runs) and text[runs[-1][1] : word.start()].isspace()
            runs.append((runs.pop()[0] if beside else word.start(), word.end()))
    for pattern in (_HEX_RUN, _NUMBERS_RUN, _BITS_RUN):
        runs += [found.span() for found in pattern.finditer(text)]
    return runs


def _deciphered(word: str) -> Iterator[str]:
    yield word[::-1]
    if word.isascii() and word.isalpha():
        for cipher in _CIPHERS:
            yield word.translate(cipher)


def unescaped(text: str) -> str:
    """Return a text with the escapes of JSON resolved, which `json.dumps` writes by default."""
    return _JSON_ESCAPES.sub(_unescape, text) if "\\" in text else text


def _decoded(text: str) -> Iterator[str]:
    if "\\" in text:
        yield unescaped(text)
    if "\\" in text or "=" in text or "U+" in text:
        joined = _SOFT_BREAK.sub("", text)
        for codes in dict.fromkeys((joined, _BETWEEN_CODES.sub("", joined))):
            yield _CODES.sub(_from_codes, codes)
    if "\n" in text or "\r" in text:
        yield text.replace("\r", "").replace("\n", "")
    if "%" in text:
        yield unquote_plus(text)
    if "&" in text:
        yield html.unescape(text)
    yield from _from_base64([run[0] for run in _BASE64_RUN.finditer(text)])
    for pattern, decode in _RUNS:
        parts = [part for run in pattern.findall(text) for part in _attempt(decode, run)]
        if parts:
            yield "  ".join(parts)


def _unescape(escapes: re.Match[str]) -> str:
    decoded: str = json.loads(f'"{escapes[0]}"')
    # A lone surrogate is no character and cannot be encoded as UTF-8, so it is replaced.
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _from_codes(escapes: re.Match[str]) -> str:
    """Resolve a run of escapes. A run of byte escapes may be UTF-8; other codes may be UTF-16."""
    codes: list[int] = []
    only_bytes = True
    for code in _CODE.finditer(escapes[0]):
        name = str(code.lastgroup)
        codes.append(int(code[name], 8 if name == "octal" else 16))
        only_bytes = only_bytes and name in {"byte", "octal"}
    if only_bytes and max(codes) <= 0xFF:
        return bytes(codes).decode("utf-8", "replace")
    decoded = "".join(chr(code) for code in codes if code <= 0x10FFFF)
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
    return readable_parts(base64.b64decode(symbols + "=" * (-len(symbols) % 4)))


def readable_parts(decoded: bytes) -> list[str]:
    """Return the parts of decoded bytes that are text in UTF-8 or UTF-16."""
    wide = [
        part.decode("utf-16-be" if part[0] == 0 else "utf-16-le", errors="replace")
        for part in _WIDE.findall(decoded)
    ]
    return wide + [
        part.decode("utf-8", errors="replace")
        for part in _READABLE.findall(decoded)
        if len(part) >= _SHORTEST_READABLE or len(part) == len(decoded)
    ]


def _attempt(decode: Callable[[str], Iterable[bytes]], run: str) -> Iterator[str]:
    for decoded in decode(run):
        yield from readable_parts(decoded)


def _from_hexadecimal(run: str) -> Iterator[bytes]:
    digits = re.sub(r"0x|[\s:,-]", "", run)
    yield bytes.fromhex(digits[: len(digits) // 2 * 2])


def _from_base32(run: str) -> Iterator[bytes]:
    symbols = run.upper()
    # A group has 2, 4, 5, 7 or 8 symbols.
    symbols = symbols[: len(symbols) - (len(symbols) % 8 in {1, 3, 6})]
    yield base64.b32decode(symbols + "=" * (-len(symbols) % 8))


def from_base85(run: str) -> Iterator[bytes]:
    """Decode a run as Ascii85 and as base85; yield what is valid."""
    ascii85 = run.removeprefix("<~").removesuffix("~>")
    for decode, symbols in ((base64.a85decode, ascii85), (base64.b85decode, run)):
        try:
            yield decode(symbols)
        except ValueError:
            continue  # most text is no base85


def _from_numbers(run: str) -> Iterator[bytes]:
    codes = [int(code) for code in re.findall(r"\d+", run)]
    if max(codes) <= 0xFF:
        yield bytes(codes)


def _from_bits(run: str) -> Iterator[bytes]:
    bits = "".join(run.split())
    yield binascii.unhexlify(f"{int(bits, 2):0{len(bits) // 4}x}")


_RUNS: Final[tuple[tuple[re.Pattern[str], Callable[[str], Iterator[bytes]]], ...]] = (
    (_HEX_RUN, _from_hexadecimal),
    (_BASE32_RUN, _from_base32),
    (_BASE85_RUN, from_base85),
    (_NUMBERS_RUN, _from_numbers),
    (_BITS_RUN, _from_bits),
)
