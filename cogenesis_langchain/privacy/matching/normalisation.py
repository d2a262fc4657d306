"""Text normalisation with offsets into the original text.

Normalisation removes letter case, accents, compatibility forms (full width, ligatures), zero-width
characters, white space and all punctuation, and maps look-alike letters of other scripts to Latin
ones. The result is a string of lower-case letters and digits in which all spellings of a value are
equal. `Normalised` keeps the original position of each character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

# Letters with a stroke and joined letters, which Unicode does not decompose.
_PLAIN_LETTERS: Final = {
    "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ĸ": "k",
    "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ŋ": "ng",
}  # fmt: skip
# Combining class 0 has the vowel signs of Indic scripts, which are part of the word. Accents, dots
# and voicing marks have classes from 7 on.
_LOWEST_ACCENT: Final = 7

_UNEVEN_SPACE: Final = re.compile(r"[\s_]{2}|[^\S ]|_")
_ASCII_LOWER: Final = bytes(range(256)).lower()
_ASCII_DROPPED: Final = bytes(code for code in range(128) if not chr(code).isalnum())


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text.

    Args:
        original: The original text.
        text: The normalised text: lower-case letters and digits.
        origin: For each character of `text`, its index in `original`.
    """

    original: str
    text: str
    origin: Sequence[int]


class _NormalisationTable(dict[int, str]):
    """A table for `str.translate` that computes each entry at first use.

    Args:
        by_shape: Map a letter of another script by the shape of the letter as written, so that a
            Greek capital Nu becomes "n". Otherwise map it by the shape of its lower case, then of
            its upper case, so that both cases of a Cyrillic or Greek word normalise alike.
    """

    def __init__(self, *, by_shape: bool) -> None:
        super().__init__()
        self._by_shape = by_shape

    def __missing__(self, code: int) -> str:
        normalised = "".join(
            self._normalise_letter(letter) for letter in unicodedata.normalize("NFKD", chr(code))
        )
        self[code] = normalised
        return normalised

    def _normalise_letter(self, letter: str) -> str:
        if unicodedata.combining(letter) >= _LOWEST_ACCENT:
            return ""
        digit = unicodedata.digit(letter, None)
        if digit is not None:
            return str(digit)
        if not (letter.isalnum() or unicodedata.category(letter).startswith("M")):
            return ""
        forms = (letter,) if self._by_shape else (letter.lower(), letter.upper())
        for form in forms:
            if twin := _latin_lookalike(form):
                return twin
        lower = letter.casefold()
        return _PLAIN_LETTERS.get(lower, lower)


def _latin_lookalike(letter: str) -> str | None:
    """Return the lower-case Latin letter that looks the same, if any; None for a Latin letter."""
    from confusable_homoglyphs.confusables import confusables_data  # type: ignore[import-untyped]

    if len(letter) != 1 or letter.isascii():
        return None
    for twin in confusables_data.get(letter, ()):
        look: str = twin["c"]
        if len(look) == 1 and look.isascii() and look.isalpha():
            # The data map every upright stroke to a small L, also a capital I.
            return "i" if look == "l" and letter.isupper() else look.lower()
    return None


@cache
def _table(*, by_shape: bool) -> _NormalisationTable:
    return _NormalisationTable(by_shape=by_shape)


def normalise(text: str, *, by_shape: bool = False) -> str:
    """Normalise a text.

    Args:
        text: Any text.
        by_shape: See `normalisations`.

    Returns:
        The lower-case letters and digits of the text.
    """
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_LOWER, _ASCII_DROPPED).decode("ascii")
    return text.translate(_table(by_shape=by_shape))


def normalisations(text: str) -> tuple[str, ...]:
    """Return the normalised forms of a text: one for almost all texts, at most two.

    A letter of another script can be a look-alike in a Latin word (then its shape counts), or a
    letter of a word in that script (then both cases must normalise alike). If the two
    interpretations differ, both forms are returned.
    """
    by_case = normalise(text)
    if text.isascii():
        return (by_case,)
    by_shape = normalise(text, by_shape=True)
    return (by_case,) if by_case == by_shape else (by_case, by_shape)


def normalise_with_offsets(text: str, *, by_shape: bool = False) -> Normalised:
    """Normalise a text and keep the original position of each character."""
    if text.isascii():
        return Normalised(
            text, normalise(text), [i for i, letter in enumerate(text) if letter.isalnum()]
        )
    table = _table(by_shape=by_shape)
    pieces: list[str] = []
    origin: list[int] = []
    for index, letter in enumerate(text):
        if normalised := table[ord(letter)]:
            pieces.append(normalised)
            origin.extend([index] * len(normalised))
    return Normalised(text, "".join(pieces), origin)


def cleaned_texts(text: str) -> Iterator[tuple[str, Sequence[int]]]:
    """Yield variants of a text in which dates and numbers can be parsed.

    Args:
        text: Any text.

    Yields:
        The text in compatibility form, without invisible characters and with single spaces, and
        the index in `text` of each of its characters. Then, if it differs, the same with look-alike
        letters of other scripts replaced by Latin ones.
    """
    if text.isascii() and not _UNEVEN_SPACE.search(text):
        yield text, range(len(text))
        return
    yield (plain := _cleaned(text, by_shape=False))
    if not text.isascii() and (by_shape := _cleaned(text, by_shape=True))[0] != plain[0]:
        yield by_shape


def _cleaned(text: str, *, by_shape: bool) -> tuple[str, Sequence[int]]:
    pieces: list[str] = []
    origin: list[int] = []
    for index, letter in enumerate(text):
        if letter.isspace() or letter == "_":
            plain = "" if pieces and pieces[-1] == " " else " "
        elif letter.isascii():
            plain = letter
        elif is_invisible(letter):
            plain = ""
        elif (digit := unicodedata.digit(letter, None)) is not None:
            plain = str(digit)
        elif by_shape and (twin := _latin_lookalike(letter)) is not None:
            plain = twin
        else:
            plain = unicodedata.normalize("NFKC", letter)
        if plain:
            pieces.append(plain)
            origin.extend([index] * len(plain))
    return "".join(pieces), origin


def is_invisible(letter: str) -> bool:
    """Return whether a character is a joiner, a soft hyphen or a combining accent."""
    return unicodedata.category(letter) == "Cf" or unicodedata.combining(letter) >= _LOWEST_ACCENT


# Single characters separated by the same white space, perhaps in quotes or emphasis.
_SPELLED_OUT: Final = re.compile(
    r"(?<!\S)[*_(\"'“”‘]*\S(?P<gap>\s{1,9})\S(?:(?P=gap)\S)+[*_).,;:!?\"'“”’]*(?!\S)"
)
_NO_WIDTH: Final = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
_INVISIBLE: Final = re.compile(rf"(?<=\s){_NO_WIDTH}\s|{_NO_WIDTH}")
_BLANKS: Final = re.compile(r"[^\S\n]+")


def collapse_spacing(text: str) -> str:
    """Join spelled-out words, replace runs of spaces by one, and remove zero-width characters.

    Example:
        >>> collapse_spacing("on  1 3 / 0 1 / 1 9 5 0,  to  Q u i s t!")
        'on 13/01/1950, to Quist!'
    """
    visible = _INVISIBLE.sub("", text)
    joined = _SPELLED_OUT.sub(lambda run: run[0].replace(run["gap"], ""), visible)
    return _BLANKS.sub(" ", joined)
