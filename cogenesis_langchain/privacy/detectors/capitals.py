"""Splits a text into words and finds runs of capitalised words, the candidates for names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.public_names import is_public
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import (
    ABBREVIATED_TITLES,
    CALENDAR_NAMES,
    CLOSINGS,
    EVERYDAY_NAMES,
    GREETINGS,
    LEGAL_FORMS,
    ORGANISATION_WORDS,
    PARTICLES,
    TITLES,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import is_everyday, is_known_name, zipf
from cogenesis_langchain.privacy.detectors.spans import any_of

_TOKEN: Final = re.compile(
    r"(?:[^\W\d_]\.){2,}|S\.?r\.?l\.|(?:Dott|Prof|Avv)\.ssa|Sig\.ra"
    r"|\b(?:all|dell|nell|sull|dall|dal|qu|[ldsjcmnt])['’](?=[^\W\d_])"
    r"|[^\W\d_]+(?:['’-][^\W\d_]+)*(?:(?<=\b[^\W\d_])\."
    r"|(?<=\bSt)\.)?(?![\d$€£])|&"
)
_SENTENCE_END: Final = frozenset(".!?:;…•|*>—–。：\n")
_ABBREVIATION: Final = re.compile(r"(?:\b([^\W\d_]{1,9})|\.[^\W\d_])\.\Z")
_SAINTS: Final = frozenset({"st", "ste", "mt", "ft"})
_COLONS: Final = ":："
_OPENING_MARKS: Final = " \t\"“„'‘(«"
AND: Final = frozenset({"and", "und", "et", "y", "e", "&"})
"""Words between two people, or inside the name of a firm."""
# Legal forms that also count in lower case, because no supported language has such a word.
_SMALL_LEGAL_FORMS: Final = LEGAL_FORMS - {
    "ab", "ag", "as", "co", "corporation", "eg", "ev", "incorporated", "kk", "limited", "nv", "sa",
    "sas", "se", "sl", "snc", "spa", "sro", "ug",
}  # fmt: skip
_MIXED_LEGAL_FORMS: Final = frozenset({"eG", "eV", "ehf", "hf"})
_AFTER_PARTICLE: Final = re.compile(rf"(?:{any_of(PARTICLES)})['’-][^\W\d_a-zß-ÿ]")
_LONGEST_TIMESTAMP: Final = 40  # characters of a date and time at the start of a line
_DAY: Final = re.compile(r"\s*\d")
_LONGEST_ACRONYM: Final = 5
_MAX_OPENER_ZIPF: Final = 5.5  # "Will", "May" and "Just" at the start of a sentence are no names


def _is_title(word: str) -> bool:
    """Whether a full stop after a word is one of a title: "Dra. Flores", but not "a doctor. It"."""
    title = word.casefold()
    return title in ABBREVIATED_TITLES or (word[0].isupper() and title in TITLES)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text.

    Args:
        text: The word; an initial includes its full stop.
        start: Index of its first character.
        end: One past its last character.
        opens: Whether it is the first word of a sentence, so that its capital says nothing.
        labelled: Whether it follows a colon. Two capitals there are a sign of a name.
    """

    text: str
    start: int
    end: int
    opens: bool
    labelled: bool

    @property
    def lower(self) -> str:
        """The word in lower case, without full stops."""
        return self.text.casefold().replace(".", "")

    @property
    def capital(self) -> bool:
        """Whether the word begins with a capital, possibly after a particle: "al-Harthi"."""
        return self.text[0].isupper() or _AFTER_PARTICLE.match(self.text) is not None


class TokenisedText:
    """A text, split into words.

    Args:
        text: Any text.
        languages: The languages whose everyday words are no names.
    """

    def __init__(self, text: str, languages: Sequence[str]) -> None:
        self.text = text
        self.languages = languages
        self.tokens = [
            Token(match[0], *match.span(), *self._sentence_position(match.start()))
            for match in _TOKEN.finditer(text)
        ]
        self._index = {token.start: index for index, token in enumerate(self.tokens)}

    def before(self, token: Token) -> Token | None:
        """Return the word before a word in the same sentence."""
        index = self._index[token.start]
        if not index:
            return None
        previous = self.tokens[index - 1]
        between = self.text[previous.end : token.start]
        return previous if between.strip(' \t,(."“«') == "" else None

    def after(self, token: Token) -> Token | None:
        """Return the word after a word, possibly in the next sentence."""
        index = self._index[token.start] + 1
        return self.tokens[index] if index < len(self.tokens) else None

    def runs(self) -> Iterator[list[Token]]:
        """Yield runs of capitalised words with the particles between them, without greetings."""
        run: list[Token] = []
        pending: list[Token] = []
        for token in self.tokens:
            linked = bool(run) and self._linked((pending or run)[-1], token)
            if linked and token.lower in TITLES and run[-1].lower not in TITLES:
                linked = False  # the next person begins
            ignored = self._is_ignored_capitals(token)
            if token.capital and (not ignored or (linked and not pending and len(run) > 1)):
                if linked and not token.opens:
                    run += [*pending, token]
                else:
                    yield from self._trimmed(run)
                    run = [token]
                pending = []
            elif linked and (token.lower in _SMALL_LEGAL_FORMS or token.text in _MIXED_LEGAL_FORMS):
                run += [*pending, token]
                pending = []
            elif linked and token.lower in PARTICLES:
                pending.append(token)
            else:
                yield from self._trimmed(run)
                run, pending = [], []
        yield from self._trimmed(run)

    def _sentence_position(self, start: int) -> tuple[bool, bool]:
        """Return whether a word is the first of a sentence, and whether it follows a colon."""
        before = self.text[max(0, start - 24) : start].rstrip(_OPENING_MARKS)
        line = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        if not before or not any(letter.isalpha() for letter in line[-_LONGEST_TIMESTAMP:]):
            return True, before[-1:] in _COLONS and bool(before)
        if before[-1] not in _SENTENCE_END:
            return False, False
        abbreviation = _ABBREVIATION.search(before)
        if abbreviation is None:
            return True, before[-1] in _COLONS
        # The full stop of a title, of an initial or of "St." does not end the sentence.
        word = abbreviation[1]
        known = word is None or len(word) == 1 or word.casefold() in _SAINTS or _is_title(word)
        return not known, False

    def _linked(self, left: Token, right: Token) -> bool:
        """Return whether two neighbouring words can belong to one name."""
        between = self.text[left.end : right.start]
        if left.lower in LEGAL_FORMS and right.lower not in LEGAL_FORMS:
            return False
        if between == ", ":
            return right.lower in LEGAL_FORMS
        return between in {" ", "\u00a0"} or (between == ". " and _is_title(left.text))

    def _is_ignored_capitals(self, token: Token) -> bool:
        """Return whether a word is all capitals and an everyday word or a short abbreviation."""
        if len(token.text) < 2 or not token.text.isupper() or "." in token.text:
            return False
        if token.lower in LEGAL_FORMS or is_known_name(token.text):
            return False
        return len(token.text) <= _LONGEST_ACRONYM or is_everyday(token.text, *self.languages)

    def _trimmed(self, run: list[Token]) -> Iterator[list[Token]]:
        """Yield a run with its titles and without words that are no part of a name, if any left."""
        while run and self._is_leading_noise(run):
            run = run[1:]
        while len(run) > 1 and self._is_trailing_noise(run[-2], run[-1]):
            run = run[:-1]
        if run and any(token.capital for token in run):
            yield self._with_titles(run)

    def _is_leading_noise(self, run: list[Token]) -> bool:
        """Return whether the first word of a run is a greeting, a sentence opener or public."""
        first = run[0]
        if first.lower in GREETINGS or not first.capital:
            return True
        if first.lower in TITLES or len(run) == 1:
            return is_public(first.text) and len(run) == 1
        if not first.opens or first.labelled or is_known_name(first.text):
            return is_public(first.text)
        if any(token.lower in ORGANISATION_WORDS for token in run[1:]):
            return False
        if first.lower in EVERYDAY_NAMES:
            return zipf(first.text, *self.languages) >= _MAX_OPENER_ZIPF
        return is_public(first.text) or is_everyday(first.text, *self.languages)

    def _is_trailing_noise(self, previous: Token, last: Token) -> bool:
        """Return whether the last word of a run is no part of a name."""
        if last.lower in CLOSINGS or last.text == "&":
            return True
        if previous.lower in TITLES or not is_public(last.text):
            return False
        return last.lower not in CALENDAR_NAMES or _DAY.match(self.text, last.end) is not None

    def _with_titles(self, run: list[Token]) -> list[Token]:
        """Return a run with the titles before it, "Mr. and Mrs." included."""
        titled = list(run)
        while (previous := self.before(titled[0])) is not None:
            earlier = self.before(previous)
            if previous.lower in TITLES and self._linked(previous, titled[0]):
                titled.insert(0, previous)
            elif previous.lower in AND and earlier is not None and earlier.lower in TITLES:
                if titled[0].lower not in TITLES:
                    break
                titled[:0] = [earlier, previous]
            else:
                break
        return titled
