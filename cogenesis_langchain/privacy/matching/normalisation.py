"""Text reduced to what a reader recognises, with the way back to the original positions.

Two spellings of one string normalise to the same characters: letter case, accents, compatibility
forms (full width, ligatures), look-alike letters of other scripts, zero-width characters, white
space, hyphens and all other punctuation make no difference. What is left is a run of lower-case
letters and digits. `Normalised` remembers where each of them came from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

# Letters that carry a stroke or are joined, which Unicode does not decompose.
_PLAIN_LETTERS: Final = {
    "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ĸ": "k",
    "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ŋ": "ng",
}  # fmt: skip
# Marks of class 0 are the vowel signs of Indic scripts, which are letters to a reader; from 7 on
# they are dots, voicing marks and accents.
_LOWEST_ACCENT: Final = 7

_UNEVEN_SPACE: Final = re.compile(r"[\s_]{2}|[^\S ]|_")
_ASCII_LOWER: Final = bytes(range(256)).lower()
_ASCII_DROPPED: Final = bytes(code for code in range(128) if not chr(code).isalnum())


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text.

    Args:
        original: The text as it was.
        text: Lower-case letters and digits only.
        origin: For each character of `text`, its index in `original`.
    """

    original: str
    text: str
    origin: Sequence[int]


class _NormalisationTable(dict[int, str]):
    """What a character normalisations to, computed at first sight: a table for `str.translate`.

    Args:
        by_look: Fold a letter of another script by the look of the letter as it stands, so that a
            Greek capital Nu is an "n". Otherwise by the look of its lower case, then of its upper
            case, so that both cases of one Cyrillic or Greek word agree.
    """

    def __init__(self, *, by_look: bool) -> None:
        super().__init__()
        self._by_look = by_look

    def __missing__(self, code: int) -> str:
        normalised = "".join(
            self._fold_letter(letter) for letter in unicodedata.normalize("NFKD", chr(code))
        )
        self[code] = normalised
        return normalised

    def _fold_letter(self, letter: str) -> str:
        if unicodedata.combining(letter) >= _LOWEST_ACCENT:
            return ""
        digit = unicodedata.digit(letter, None)
        if digit is not None:
            return str(digit)
        if not (letter.isalnum() or unicodedata.category(letter).startswith("M")):
            return ""
        forms = (letter,) if self._by_look else (letter.lower(), letter.upper())
        for form in forms:
            if twin := _latin_twin(form):
                return twin
        lower = letter.casefold()
        return _PLAIN_LETTERS.get(lower, lower)


def _latin_twin(letter: str) -> str | None:
    """The plain Latin letter that looks the same, in lower case; None for Latin letters too."""
    from confusable_homoglyphs.confusables import confusables_data  # type: ignore[import-untyped]

    if len(letter) != 1 or letter.isascii():
        return None
    for twin in confusables_data.get(letter, ()):
        look: str = twin["c"]
        if len(look) == 1 and look.isascii() and look.isalpha():
            # The list's model of an upright stroke is a small L, for capital I as well.
            return "i" if look == "l" and letter.isupper() else look.lower()
    return None


@cache
def _table(*, by_look: bool) -> _NormalisationTable:
    return _NormalisationTable(by_look=by_look)


def normalise(text: str, *, by_look: bool = False) -> str:
    """Normalise a text without keeping positions.

    Args:
        text: Any text.
        by_look: See `normalisations`.

    Returns:
        Lower-case letters and digits only.
    """
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_LOWER, _ASCII_DROPPED).decode("ascii")
    return text.translate(_table(by_look=by_look))


def normalisations(text: str) -> tuple[str, ...]:
    """Normalise a text in every way that could matter: one for almost all texts, at most two.

    A letter of another script can be a look-alike of a Latin letter (judged by its own shape) or a
    letter of a word in that script (both cases must agree). Where the two readings differ, both
    are given.
    """
    by_case = normalise(text)
    if text.isascii():
        return (by_case,)
    by_look = normalise(text, by_look=True)
    return (by_case,) if by_case == by_look else (by_case, by_look)


def normalise_with_offsets(text: str, *, by_look: bool = False) -> Normalised:
    """Normalise a text and keep, for each normalised character, where it came from."""
    if text.isascii():
        return Normalised(
            text, normalise(text), [i for i, letter in enumerate(text) if letter.isalnum()]
        )
    table = _table(by_look=by_look)
    pieces: list[str] = []
    origin: list[int] = []
    for index, letter in enumerate(text):
        if normalised := table[ord(letter)]:
            pieces.append(normalised)
            origin.extend([index] * len(normalised))
    return Normalised(text, "".join(pieces), origin)


def cleanings(text: str) -> Iterator[tuple[str, Sequence[int]]]:
    """Readings of a text in which dates and numbers can be parsed.

    Args:
        text: Any text.

    Yields:
        The text in compatibility form, without invisible characters, each run of white space as
        one blank, with the index in `text` of each character; then, if it differs, the same with
        look-alike letters of other scripts as Latin ones.
    """
    if text.isascii() and not _UNEVEN_SPACE.search(text):
        yield text, range(len(text))
        return
    yield (plain := _cleaned(text, by_look=False))
    if not text.isascii() and (by_look := _cleaned(text, by_look=True))[0] != plain[0]:
        yield by_look


def _cleaned(text: str, *, by_look: bool) -> tuple[str, Sequence[int]]:
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
        elif by_look and (twin := _latin_twin(letter)) is not None:
            plain = twin
        else:
            plain = unicodedata.normalize("NFKC", letter)
        if plain:
            pieces.append(plain)
            origin.extend([index] * len(plain))
    return "".join(pieces), origin


def is_invisible(letter: str) -> bool:
    """Whether a character adds nothing a reader sees: joiners, soft hyphens, combining accents."""
    return unicodedata.category(letter) == "Cf" or unicodedata.combining(letter) >= _LOWEST_ACCENT


_SPACED: Final = re.compile(
    r"(?<!\S)[*_(\"'“”‘]*\S(?P<gap>\s{1,9})\S(?:(?P=gap)\S)+[*_).,;:!?\"'“”’]*(?!\S)"
)
_NO_WIDTH: Final = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
_INVISIBLE: Final = re.compile(rf"(?<=\s){_NO_WIDTH}\s|{_NO_WIDTH}")
_BLANKS: Final = re.compile(r"[^\S\n]+")


def usual_spacing(text: str) -> str:
    """Join single characters that stand in a row, and let one blank stand for many.

    Characters without any width or look are left out.

    Example:
        >>> usual_spacing("on  1 3 / 0 1 / 1 9 5 0,  to  Q u i s t!")
        'on 13/01/1950, to Quist!'
    """
    shown = _INVISIBLE.sub("", text)
    joined = _SPACED.sub(lambda run: run[0].replace(run["gap"], ""), shown)
    return _BLANKS.sub(" ", joined)
