"""Detector of names of people, organisations and places, by capitals, cues and word lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from cogenesis_langchain.privacy.detectors.capitals import Token, TokenisedText
from cogenesis_langchain.privacy.detectors.lexicons.information import function_words, information
from cogenesis_langchain.privacy.detectors.lexicons.public_names import is_public
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import (
    CLOSINGS,
    DETERMINERS,
    EVERYDAY_NAMES,
    FORMS_OF_ADDRESS,
    FUNCTION_WORDS,
    GENERIC_ADDRESSEES,
    GREETINGS,
    INSTRUCTION_WORDS,
    ORGANISATION_WORDS,
    PARTICLES,
    PLACE_PREPOSITIONS,
    RELATIONS,
    TITLES,
    VERBS_AFTER_NAMES,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import (
    LANGUAGES,
    is_compound,
    is_everyday,
    is_known_name,
    is_rare,
    is_surname_anywhere,
    languages_of,
    zipf,
)
from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind
from cogenesis_langchain.privacy.matching.normalisation import normalise

# Zipf frequencies, see `zipf`. A single capitalised word that is more common is no name.
_COMMON_WORD: Final = 4.2
_GERMAN_NOUN: Final = 4.6  # German writes nouns with a capital
_GERMAN_ARTICLES: Final = frozenset({"der", "des", "die", "das", "dem", "den"})
_FOREIGN_NOUN: Final = 4.8
_PLACE: Final = 5.8  # after "in" or "from", also a common word such as "London"
_MUCH_INFORMATION: Final = 8.0  # bits: a word used less than once in half a million
_SHORTEST_CODE: Final = 4
_SHORTEST_ABBREVIATION: Final = 3
_LONGEST_ABBREVIATION: Final = 6
_HOUSE_NUMBER: Final = re.compile(r" \d{1,4}(?:-\d{1,4})?(?: ?[A-Za-z]\b)?(?![\w:.,/%-]*\d)")
_NUMBER_OF_BLOCK: Final = re.compile(r"(?<![\w.,/-])\d{1,4}(?:-\d{1,4}){1,3} \Z")
_LONGEST_NUMBER_OF_BLOCK: Final = 20
_SPEAKER: Final = re.compile(
    r"^(?:\[?\d{1,2}:\d{2}(?::\d{2})?\]?\s*)?([^\W\d_]{2,15})[:：]\s", re.MULTILINE
)
_PRONOUNS: Final = frozenset({
    "me", "you", "him", "her", "he", "she", "them", "we", "us", "i", "q", "a", "note", "user",
    "assistant", "system", "我", "你", "他", "她",
})  # fmt: skip
_QUOTED_FIRM: Final = re.compile(
    r"(?<!\w)(?:ООО|ЗАО|ОАО|ПАО|АО|ТОВ|ИП)\s+[«\"„][^»\"“\n]{2,40}[»\"“]"
)
_POSSESSIVE: Final = re.compile(r"['’]s\Z", re.IGNORECASE)


def find_names(text: str) -> Iterator[Span]:
    """Find names of people, organisations and places.

    Args:
        text: Any text.

    Yields:
        Spans of kind `NAME`, `ORGANISATION` and `PLACE`, titles included. A capitalised word that
        is certainly a name in one place counts everywhere in the text.
    """
    tokenised = TokenisedText(text, languages_of(text))
    runs = list(tokenised.runs())
    certain = [run for run in runs if _is_certain(tokenised, run)]
    known = {token.lower for run in certain for token in run if token.capital}
    for run in runs:
        if run in certain or any(
            token.lower in known and token.capital and not is_public(token.text) for token in run
        ):
            yield from _spans(tokenised, run)
    yield from _lower_case_names(tokenised)
    yield from _rare_words(tokenised)
    for match in _QUOTED_FIRM.finditer(text):
        yield Span(*match.span(), "ORGANISATION")


def _spans(tokenised: TokenisedText, run: list[Token]) -> Iterator[Span]:
    """Yield the span of a run and of its parts between particles such as "and", "of" and "di"."""
    kind = _kind(tokenised, run)
    cuts = [index for index, token in enumerate(run) if token.lower in PARTICLES and index]
    starts = [0, *(index + 1 for index in cuts if index + 1 < len(run))]
    if len(run) > 2 and run[0].opens and is_everyday(run[0].text, *tokenised.languages):
        starts.append(1)  # the first word may have a capital only because it opens the sentence
    ends = [*cuts, len(run)]
    for start in starts:
        end = min(end for end in ends if end > start)
        for stop in {end, len(run)} if start < 2 else {end}:
            if not any(token.capital for token in run[start:stop]):
                continue
            ending = _POSSESSIVE.search(run[stop - 1].text)
            yield Span(
                run[start].start, run[stop - 1].end - (len(ending[0]) if ending else 0), kind
            )
    yield from _with_house_number(tokenised.text, run[0].start, run[-1].end)
    yield from _with_neighbours(tokenised, run)


def _with_neighbours(tokenised: TokenisedText, run: list[Token]) -> Iterator[Span]:
    """Yield a run together with a neighbour that may belong to it: "HMP Garrowby"."""
    start, end = run[0].start, run[-1].end
    before, after = tokenised.before(run[0]), tokenised.after(run[-1])
    if before is not None:
        gap = tokenised.text[before.end : start].strip()
        short = len(before.text) <= _LONGEST_ABBREVIATION
        abbreviation = before.capital and (before.text.isupper() or (gap == "." and short))
        if normalise(before.text) in ORGANISATION_WORDS or abbreviation:
            start = before.start
    if after is not None and after.capital and tokenised.text[end : after.start] == " ":
        end = after.end
    if (start, end) != (run[0].start, run[-1].end):
        yield Span(start, end, "ORGANISATION")


def _with_house_number(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield a run with a house number next to it as an address: "Merikotkantie 6 B"."""
    if after := _HOUSE_NUMBER.match(text, end):
        yield Span(start, after.end(), "ADDRESS")
    if before := _NUMBER_OF_BLOCK.search(text, max(0, start - _LONGEST_NUMBER_OF_BLOCK), start):
        yield Span(before.start(), end, "ADDRESS")


def _kind(tokenised: TokenisedText, run: list[Token]) -> ValueKind:
    if any(token.lower in ORGANISATION_WORDS for token in run):
        return "ORGANISATION"
    before = tokenised.before(run[0])
    if run[0].lower not in TITLES and before and before.lower in PLACE_PREPOSITIONS:
        return "PLACE"
    return "NAME"


def _is_certain(tokenised: TokenisedText, run: list[Token]) -> bool:
    """Return whether a run is a name, judged by its words and its neighbours."""
    words = _named(run)
    if not words:  # "our cat Bishop"
        before = tokenised.before(run[0])
        return run[0].capital and before is not None and before.lower in RELATIONS
    if _is_introduced(tokenised, run):
        return not all(token.lower in GENERIC_ADDRESSEES for token in words)
    if len(words) == 1:
        return _is_single_name(tokenised, words[0])
    everyday = all(is_everyday(token.text, *tokenised.languages) for token in words)
    opened = run[0].opens and not run[0].labelled
    # German nouns have a capital anyway: "das Klavier der Familie".
    nouns = (
        "de" in tokenised.languages
        and any(token.lower in _GERMAN_ARTICLES for token in run)
        and not any(is_surname_anywhere(token.text) for token in words)
    )
    return not (everyday and (opened or nouns)) or _kind(tokenised, run) == "ORGANISATION"


def _named(run: list[Token]) -> list[Token]:
    """Return the capitalised words of a run but its titles; of "Mr. Bishop" the last is a name."""
    words = [token for token in run if token.capital and token.lower not in TITLES]
    return words or [
        name
        for form, name in pairwise(run)
        if form.lower in FORMS_OF_ADDRESS and form.capital and name.capital
    ]


def _is_introduced(tokenised: TokenisedText, run: list[Token]) -> bool:
    """Return whether a title, greeting, relation or closing line precedes a run."""
    if run[0].lower in TITLES and len(run) > 1:
        return True
    before = tokenised.before(run[0])
    if before is not None and before.lower in GREETINGS | CLOSINGS:
        return True
    if before is not None and before.lower in RELATIONS and (not run[0].opens or run[0].labelled):
        return True
    above = tokenised.text[: run[0].start].rstrip().rpartition("\n")[2].strip(" ,.!*")
    rest_of_line = tokenised.text[run[-1].end :].partition("\n")[0]
    return (
        not rest_of_line.strip(" .,")
        and above.rpartition(" ")[2].casefold() in CLOSINGS
        and above.count(" ") < 6
    )


def _is_single_name(tokenised: TokenisedText, token: Token) -> bool:
    """Return whether a single capitalised word is a name."""
    if is_public(token.text) or token.lower in INSTRUCTION_WORDS or len(token.text) < 2:
        return False
    before, after = tokenised.before(token), tokenised.after(token)
    known = is_known_name(token.text)
    if token.opens:
        if token.lower in EVERYDAY_NAMES:
            return after is not None and after.lower in VERBS_AFTER_NAMES
        if token.lower in function_words():
            return known
        unknown = not (zipf(token.text, *tokenised.languages) or is_compound(token.lower))
        return known or unknown or is_rare(token.text, *tokenised.languages)
    if known:
        return True
    if _follows_place_preposition(tokenised, before) and "de" not in tokenised.languages:
        return zipf(token.text, *tokenised.languages) < _PLACE
    if before is not None and before.lower in DETERMINERS:
        if not is_everyday(token.text, *tokenised.languages):
            return True
        # A German noun has a capital anyway: "die Heizung", but "der Schneider" may be a name.
        noun = "de" in tokenised.languages and not is_surname_anywhere(token.text)
        return not noun and _is_attribute(tokenised, token)
    if token.lower in EVERYDAY_NAMES:
        return True
    if "de" in tokenised.languages:
        place = before is not None and before.lower in PLACE_PREPOSITIONS
        return zipf(token.text, "de") < (_GERMAN_NOUN if place else 1)
    return zipf(token.text, *tokenised.languages) < (
        _COMMON_WORD if tokenised.languages == ("en",) else _FOREIGN_NOUN
    )


def _follows_place_preposition(tokenised: TokenisedText, before: Token | None) -> bool:
    """Return whether a word follows a preposition of place: "in Edinburgh", "from the Bull"."""
    if before is not None and before.lower == "the":
        before = tokenised.before(before)
    return before is not None and before.lower in PLACE_PREPOSITIONS


def _is_attribute(tokenised: TokenisedText, token: Token) -> bool:
    """Return whether a word stands before a noun, as in "the Rotterdam office"."""
    after = tokenised.after(token)
    return (
        after is not None
        and not after.capital
        and tokenised.text[token.end : after.start] == " "
        and after.lower not in FUNCTION_WORDS
    )


def find_introduced_names(text: str) -> Iterator[Span]:
    """Find names after a title or a relation in an instruction: "Dr. Nwosu", "my wife Anna".

    Args:
        text: An instruction.

    Yields:
        Spans of kind `NAME`. Any name counts after a title; after a relation only a known given
        name does.
    """
    tokenised = TokenisedText(text, languages_of(text))
    for run in tokenised.runs():
        words = _named(run)
        before = tokenised.before(run[0])
        titled = run[0].lower in TITLES and run[0].capital and not run[0].opens
        related = before is not None and before.lower in RELATIONS
        named = not all(
            is_public(token.text) or token.lower in GENERIC_ADDRESSEES for token in words
        )
        if named and (titled or (related and is_known_name(words[0].text))):
            yield Span(run[0].start, run[-1].end, "NAME")


def _lower_case_names(tokenised: TokenisedText) -> Iterator[Span]:
    """Yield names in lower case, and the speakers of a chat log, who open at least two lines."""
    for token in tokenised.tokens:
        if token.capital or len(token.text) < 3:
            continue
        if is_known_name(token.text) and not zipf(token.text, *tokenised.languages):
            yield Span(token.start, token.end, "NAME")
    speakers = [match[1] for match in _SPEAKER.finditer(tokenised.text)]
    for match in _SPEAKER.finditer(tokenised.text):
        if speakers.count(match[1]) > 1 and match[1].casefold() not in _PRONOUNS:
            yield Span(*match.span(1), "NAME")


def _rare_words(tokenised: TokenisedText) -> Iterator[Span]:
    """Yield very rare abbreviations, and lower-case words that carry much information."""
    for token in tokenised.tokens:
        if not token.text.isalpha() or len(token.text) < _SHORTEST_ABBREVIATION:
            continue
        if token.text.isupper():
            if is_rare(token.text, *LANGUAGES):
                yield Span(token.start, token.end, "ORGANISATION")
        elif (
            len(token.text) >= _SHORTEST_CODE
            and token.text.islower()
            and information(token.text) >= _MUCH_INFORMATION
            and not is_compound(token.text)
        ):
            yield Span(token.start, token.end, "TERM")
