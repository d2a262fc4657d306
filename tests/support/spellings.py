"""Spellings and encodings of a string from which a reader can recover it."""

from __future__ import annotations

import base64
import codecs
import quopri
from collections.abc import Callable


def shifted(first: int, letter: str = "a") -> Callable[[str], str]:
    """Replace ASCII letters by those of a block of Unicode that begins at a code point."""

    def spell(text: str) -> str:
        return "".join(
            chr(first + ord(c.lower()) - ord(letter)) if c.isascii() and c.isalpha() else c
            for c in text
        )

    return spell


def after_each(mark: str) -> Callable[[str], str]:
    return lambda text: "".join(letter + mark for letter in text)


def by_byte(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(byte) for byte in text.encode())


def by_letter(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(letter)) for letter in text)


def tags(text: str) -> str:
    return "x" + "".join(chr(0xE0000 + ord(c)) if c.isascii() else c for c in text)


def small_capitals(text: str) -> str:
    capitals = dict(zip("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ", strict=True))
    return "".join(capitals.get(letter.lower(), letter) for letter in text)


def base64_of(encoding: str) -> Callable[[str], str]:
    return lambda text: base64.b64encode(text.encode(encoding)).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, capitals": lambda text: text.encode().hex().upper(),
    "hexadecimal, spaced": lambda text: text.encode().hex(" "),
    "hexadecimal, colons": lambda text: text.encode().hex(":"),
    "hexadecimal, 0x": by_byte("0x{:02x} "),
    "decimal codes": by_byte("{:d} "),
    "bits": by_byte("{:08b} "),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32, lower case": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "base64": base64_of("utf-8"),
    "base64 of UTF-16": base64_of("utf-16"),
    "base64 of UTF-16, little": base64_of("utf-16-le"),
    "base64 of UTF-16, big": base64_of("utf-16-be"),
    "base64 twice": lambda text: base64_of("utf-8")(base64_of("utf-8")(text)),
    "base85": lambda text: base64.b85encode(text.encode()).decode(),
    "Ascii85": lambda text: base64.a85encode(text.encode()).decode(),
    "Ascii85, framed": lambda text: base64.a85encode(text.encode(), adobe=True).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "\\x": by_byte("\\x{:02x}"),
    "\\x, one letter": lambda text: f"{text[:2]}\\x{ord(text[2]):02x}{text[3:]}",
    "\\u": by_letter("\\u{:04x}"),
    "\\u{}": by_letter("\\u{{{:x}}}"),
    "\\U": by_letter("\\U{:08x}"),
    "octal": by_byte("\\{:03o}"),
    "CSS": by_letter("\\{:x} "),
    "CSS, six digits": by_letter("\\{:06x}"),
    "CSS, spaced": by_letter("\\{:x}  "),
    "\\x, spaced": by_byte("\\x{:02x} "),
    "\\u, commas": by_letter("\\u{:04x}, "),
    "U+": by_letter("U+{:04X} "),
    "U+, spaced": by_letter("U+{:04X}  "),
    "quoted-printable": by_byte("={:02X}"),
    "quoted-printable, as needed": lambda text: quopri.encodestring(text.encode()).decode(),
    "percent": by_byte("%{:02X}"),
    "HTML, decimal": by_letter("&#{:d};"),
    "HTML, hexadecimal": by_letter("&#x{:x};"),
    "variation selectors": after_each("\ufe0f"),
    "more variation selectors": after_each("\U000e0100"),
    "tag characters": tags,
    "fillers": after_each("\u3164"),
    "joiners": after_each("\u034f"),
    "invisible operators": after_each("\u2062"),
    "marks above": after_each("\u0301\u0353"),
    "strokes through": after_each("\u0336"),
    "slashes through": after_each("\u0338"),
    "circles around": after_each("\u20dd"),
    "keycaps": after_each("\u20e3"),
    "small capitals": small_capitals,
    "squared": shifted(0x1F130),
    "negative squared": shifted(0x1F170),
    "negative circled": shifted(0x1F150),
    "circled": shifted(0x24D0),
    "parenthesised": shifted(0x249C),
    "full width": shifted(0xFF41),
    "bold script": shifted(0x1D4EA),
    "regional indicators": shifted(0x1F1E6),
    "upper case": str.upper,
    "lower case": str.lower,
}
