"""Tells whether the end of a text that is being written may still become a private value.

"Kel" may become "Keller", "14" may become "14 March 2026", and the fifth word of a copied sentence
may be unfinished. A text whose end is settled in this sense can be shown: whatever is written next,
no private value begins in what was shown, except for the first words of a copied phrase.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final, final

from cogenesis_langchain.privacy.detectors.lexicons.information import information
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf
from cogenesis_langchain.privacy.matching import open_quantities
from cogenesis_langchain.privacy.matching.match_filters import (
    LONG_NUMBER,
    MatchRule,
    starts_word,
)
from cogenesis_langchain.privacy.matching.normalisation import (
    Normalised,
    is_invisible,
    normalise_with_offsets,
)
from cogenesis_langchain.privacy.matching.phrases import last_word_copies, phrase_words
from cogenesis_langchain.privacy.matching.segment import Segment
from cogenesis_langchain.privacy.matching.surface_forms import SurfaceForm
from cogenesis_langchain.privacy.matching.value_set import ValueSet

# A match that ends before one of these may count once the plural ending "es" is complete.
_UNFINISHED_ENDINGS: Final = ("", "e")
_AT_MOST_ONE_WORD: Final = re.compile(r"[\W_]*[^\W_]*")
_NO_SIGN: Final = re.compile(r"[^!-~]")
_LETTERS: Final = re.compile(r"[A-Za-z]+")
_CODE: Final = re.compile(r"[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]|[\\%&=+/#_]")
# Codes of characters in a row: "4b 65 6c", "75, 101, 108".
_CODES: Final = re.compile(
    r"(?:(?<![^\W_])(?:\\|0x|U\+)?(?:[0-9A-Fa-f]{2,6}|[01]{8})[\s,:;-]+){3,}"
)
_CODES_AT_END: Final = re.compile(rf"{_CODES.pattern}\S*\Z")
_REACH_OF_CODES: Final = 80
_LONGEST_RUN: Final = 4096
_SHORTEST_CODE: Final = 4
_SHORTEST_CIPHER: Final = 5


@final
class OpenEnd:
    """Knows how private values begin.

    Args:
        values: The private values.
        read: Those that the writer reads. Only their beginnings are recognised.
        texts: The private texts that it reads. Words of theirs may complete a phrase.
    """

    def __init__(self, values: ValueSet, read: ValueSet, texts: Iterable[str]) -> None:
        self._segments = values.segments
        self._read = read.segments
        self._phrase_words = values.phrase_words
        self._phrases = [segment.phrases for segment in self._read if segment.phrases]
        self._words = sorted({word for text in texts for word in phrase_words(text)})
        self._has_quantities = any(segment.canonical_forms for segment in self._segments)

    def is_open(self, text: str, since: int) -> bool:
        """Return whether the end of a text may still become a private value, or a part of one.

        Args:
            text: The text so far.
            since: Index from which to look; the text up to there was settled.
        """
        return (
            self._literal_open(text, since)
            or self._sign_open(text)
            or (self._has_quantities and open_quantities.may_go_on(text, since))
            or ends_in_code(text)
            or (
                bool(self._phrases)
                and last_word_copies(text, self._phrases, self._phrase_words, self._longer)
            )
        )

    def _literal_open(self, text: str, since: int) -> bool:
        shapes = (False,) if text[since:].isascii() else (False, True)
        for by_shape in shapes:
            end = _Ending(text, since, normalise_with_offsets(text[since:], by_shape=by_shape))
            if any(map(end.begins, self._read)) or any(map(end.completes, self._segments)):
                return True
        return False

    def _sign_open(self, text: str) -> bool:
        return any(
            text.endswith(value.text[:length])
            for segment in self._segments
            for value in segment.signs
            for length in range(1, len(value.text))
        )

    def _longer(self, word: str) -> Iterable[str]:
        """The known words that begin with this one."""
        for index in range(bisect_left(self._words, word), len(self._words)):
            if not self._words[index].startswith(word):
                return
            yield self._words[index]


@final
class _Ending:
    """The end of a text, normalised, and where a value may begin in it."""

    def __init__(self, text: str, since: int, normalised: Normalised) -> None:
        self._text = text
        self._normalised = normalised.text
        self._origin = [since + place for place in normalised.origin]

    def begins(self, segment: Segment) -> bool:
        """Return whether the text ends inside a surface form."""
        return bool(len(segment.automaton)) and any(
            self._may_become(start, key, forms)
            for start in range(len(self._origin))
            if self._may_start(start)
            for key, forms in segment.automaton.items(self._normalised[start:])
        )

    def _may_start(self, start: int) -> bool:
        place = self._origin[start]
        if start and self._origin[start - 1] == place:
            return False  # in the middle of a ligature
        return self._text[place].isdigit() or starts_word(self._text, place)

    def _may_become(self, start: int, key: str, forms: Sequence[SurfaceForm]) -> bool:
        place = self._origin[start]
        if len(key) == len(self._normalised) - start:
            return False
        if not starts_word(self._text, place) and not (len(key) >= LONG_NUMBER and key.isdigit()):
            return False
        return self._text[place].isupper() or any(form.rule is MatchRule.ANYWHERE for form in forms)

    def completes(self, segment: Segment) -> bool:
        """Return whether the text ends with a surface form that may or may not count.

        Either its last word may go on, or its rule depends on the next word.
        """
        if not len(segment.automaton):
            return False
        for last, forms in segment.automaton.iter(self._normalised):
            start = last + 1 - len(forms[0].normalised)
            if not self._may_start(start):
                continue
            after = _visible(self._text[self._origin[last] + 1 :])
            if after.casefold() in _UNFINISHED_ENDINGS:
                return True
            if (
                self._text[self._origin[start]].isupper()
                and any(form.rule is not MatchRule.ANYWHERE for form in forms)
                and _AT_MOST_ONE_WORD.fullmatch(after)
            ):
                return True
        return False


def _visible(text: str) -> str:
    return "".join(letter for letter in text if not is_invisible(letter))


def ends_in_code(text: str) -> bool:
    """Return whether a text ends in what may be an encoded or enciphered text."""
    last_run = _NO_SIGN.split(text[-_LONGEST_RUN:])[-1]
    return _may_be_encoded(last_run) or bool(_CODES_AT_END.search(text[-_REACH_OF_CODES:]))


def codes_in(text: str, since: int) -> list[str]:
    """Return the parts of a text that may be encoded or enciphered texts.

    Args:
        text: Any text.
        since: Index from which to look; a run of characters that goes on there counts as a whole.
    """
    first = since - len(_NO_SIGN.split(text[max(0, since - _LONGEST_RUN) : since])[-1])
    runs = [run for run in _NO_SIGN.split(text[first:]) if _may_be_encoded(run)]
    codes = _CODES.finditer(text, max(0, since - _REACH_OF_CODES))
    return runs + [found[0] for found in codes if found.end() > since]


def _may_be_encoded(run: str) -> bool:
    """Return whether a run of visible characters, perhaps without its end, may be encoded."""
    if any(len(word) >= _SHORTEST_CIPHER and _is_unknown(word) for word in _LETTERS.findall(run)):
        return True
    return len(run) >= _SHORTEST_CODE and bool(_CODE.search(run))


def _is_unknown(word: str) -> bool:
    return not zipf(word, *LANGUAGES) and information(word.lower()) > 0
