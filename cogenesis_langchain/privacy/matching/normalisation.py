"""Text normalisation with offsets into the original text.

Normalisation removes letter case, accents, compatibility forms (full width, ligatures), invisible
characters, marks around letters, white space and all punctuation, and maps forms of Latin letters
(small capitals, squared letters) and look-alike letters of other scripts to Latin ones. It uses
properties of Unicode instead of lists of characters. The result is a string of lower-case letters
and digits in which all spellings of a value are equal. `Normalised` keeps the original position of
each character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import regex

# Invisible characters (joiners, variation selectors, fillers, tags) and marks that belong to no
# script: accents, strokes through a letter, circles and keycaps around it. The marks of a script,
# such as the vowel signs of Devanagari, are part of the word.
_INVISIBLE: Final = regex.compile(r"\p{Default_Ignorable_Code_Point}|\p{Cf}")
_FREE_MARK: Final = regex.compile(r"\p{Me}|[\p{M}&&\p{Script=Inherited}]", regex.VERSION1)
# The names of characters never change. They tell the Latin letter of a small capital, a squared, a
# turned, a stroked or a tag letter, which has no decomposition.
_LATIN_NAME: Final = re.compile(
    r"(?:(?:TAG|COMBINING|NEGATIVE \w+|CROSSED NEGATIVE \w+) )?"
    r"(?:LATIN|REGIONAL INDICATOR SYMBOL)\b(?: \w+)*? (?:LETTER|LIGATURE|CAPITAL)"
    r"(?: [\w-]+)*? ([A-Z]{1,2})(?: WITH .*)?"
)
_NAMED_LETTERS: Final = {"ð": "d", "þ": "th", "ŋ": "ng", "ĸ": "k", "ə": "e"}
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
        if is_invisible(letter):
            # Tags and small letters above others spell a word too, if they are read on their own.
            return _latin_letter(letter) if self._by_shape else ""
        digit = unicodedata.digit(letter, None)
        if digit is not None:
            return str(digit)
        if not letter.isascii() and (latin := _latin_letter(letter)):
            return latin
        if not (letter.isalnum() or unicodedata.category(letter).startswith("M")):
            return ""
        # Case folding makes one letter of both forms of a Greek sigma.
        folded = letter.casefold()
        forms = (letter,) if self._by_shape else (folded, folded.upper())
        for form in forms:
            if twin := _latin_lookalike(form):
                return twin
        return folded


def _latin_letter(letter: str) -> str:
    """Return the Latin letters that a character is a form of, by its name; "" for none."""
    lower = letter.casefold()
    if len(lower) > 1:
        return lower if lower.isascii() else ""
    if lower in _NAMED_LETTERS:
        return _NAMED_LETTERS[lower]
    name = _LATIN_NAME.fullmatch(unicodedata.name(letter, ""))
    return name[1].lower() if name else ""


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


@cache
def is_invisible(letter: str) -> bool:
    """Return whether a character is invisible by itself: a joiner, an accent, a mark."""
    accent = unicodedata.combining(letter) > 0
    return accent or bool(_INVISIBLE.match(letter) or _FREE_MARK.match(letter))


# Single characters separated by the same white space, perhaps in quotes or emphasis.
_SPELLED_OUT: Final = re.compile(
    r"(?<!\S)[*_(\"'“”‘]*\S(?P<gap>\s{1,9})\S(?:(?P=gap)\S)+[*_).,;:!?\"'“”’]*(?!\S)"
)
_NO_WIDTH: Final = regex.compile(
    r"(?<=\s)\p{Default_Ignorable_Code_Point}+\s|\p{Default_Ignorable_Code_Point}+"
)
_BLANKS: Final = re.compile(r"[^\S\n]+")


def collapse_spacing(text: str) -> str:
    """Join spelled-out words, replace runs of spaces by one, and remove zero-width characters.

    Example:
        >>> collapse_spacing("on  1 3 / 0 1 / 1 9 5 0,  to  Q u i s t!")
        'on 13/01/1950, to Quist!'
    """
    visible = _NO_WIDTH.sub("", text)
    joined = _SPELLED_OUT.sub(lambda run: run[0].replace(run["gap"], ""), visible)
    return _BLANKS.sub(" ", joined)
