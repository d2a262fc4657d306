"""Surface forms of names of people, places and organisations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.public_names import is_public
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import (
    CALENDAR_NAMES,
    EVERYDAY_NAMES,
    INSTRUCTION_WORDS,
    ORGANISATION_WORDS,
    PARTICLES,
    RELATIONS,
    TITLES,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import (
    LANGUAGES,
    is_known_name,
    is_surname,
    zipf,
)
from cogenesis_langchain.privacy.matching.match_filters import MatchRule

Forms = Iterator[tuple[str, MatchRule]]
"""Spellings to search for, each with its rule."""

SHORTEST_WORD: Final = 3
WORD: Final = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e])*(?:['’][^\W\d_]+)*"
)
"""A word, with the vowel signs of Indic scripts and inner apostrophes."""

# Zipf frequencies, see `zipf`.
_COMMON_WORD: Final = 4.2  # a more common word is a name only with a capital
_FUNCTION_WORD: Final = 5.5  # "in", "new"
_NOT_PART_OF_NAME: Final = TITLES | PARTICLES | RELATIONS


def name_forms(text: str) -> Forms:
    """Yield the whole name, the name without its title, and each word that reveals it alone."""
    found = list(WORD.finditer(text))
    names = [match for match in found if match[0].casefold() not in _NOT_PART_OF_NAME]
    # "our cat Bishop": a title without a name is itself the name.
    names = names or [match for match in found if match[0].casefold() in TITLES][-1:]
    if len(names) == 1:
        word = names[0][0]
        rule = _rule_for_part(word)
        if word.islower() and not is_public(word):
            # Somebody who writes names in lower case does so everywhere.
            rule = MatchRule.ANYWHERE
        if len(found) > 1:
            yield text, MatchRule.ANYWHERE  # "aunt may": with its title it is always the person
        if rule is not None:
            yield word, rule
        return
    if names:
        distinctive = any(_is_distinctive(match[0]) for match in names)
        rule = MatchRule.ANYWHERE if distinctive else MatchRule.CAPITALISED
        yield from ((spelling, rule) for spelling in {text, text[names[0].start() :]})
        for left, right in pairwise(names) if len(names) > 2 else ():
            yield text[left.start() : right.end()], rule
    for match in names:
        if (part_rule := _rule_for_part(match[0])) is not None:
            yield match[0], part_rule


def organisation_forms(text: str) -> Forms:
    """Yield the whole name, the name without words such as "Ltd", and each distinctive word."""
    words = WORD.findall(text)
    if len(words) < 2:
        if text.casefold() not in ORGANISATION_WORDS:
            yield from name_forms(text)
        return
    yield text, MatchRule.ANYWHERE
    core = list(words)
    for end_of_core in (-1, 0):
        while len(core) > 1 and core[end_of_core].casefold() in ORGANISATION_WORDS:
            core.pop(end_of_core)
    start, end = text.index(core[0]), text.rindex(core[-1]) + len(core[-1])
    if len(core) > 1 and len(core) < len(words):
        yield text[start:end], MatchRule.CAPITALISED if all_common(core) else MatchRule.ANYWHERE
    for word in words:
        if (
            len(word) > SHORTEST_WORD
            and not all_common([word])
            and word.casefold() not in ORGANISATION_WORDS
        ):
            yield word, MatchRule.ANYWHERE


def all_common(words: list[str]) -> bool:
    """Return whether all words are everyday words: listed, public, or known and not a name."""
    return all(
        word.casefold() in EVERYDAY_NAMES
        or is_public(word)
        or (zipf(word, "en") > 0 and not is_known_name(word))
        for word in words
    )


def _rule_for_part(word: str) -> MatchRule | None:
    """Return the rule for one word of a name; None if the word alone does not reveal the name."""
    lower = word.casefold()
    if is_public(word):
        return MatchRule.PERSON if lower in CALENDAR_NAMES else None
    if zipf(word, "en") >= _FUNCTION_WORD and lower not in EVERYDAY_NAMES:
        return None
    if len(word) < SHORTEST_WORD and word.isascii():
        return MatchRule.CAPITALISED
    if is_known_name(word) or is_surname(word) or not zipf(word, *LANGUAGES):
        return MatchRule.ANYWHERE
    return MatchRule.CAPITALISED


def _is_distinctive(word: str) -> bool:
    """Return whether a word is more likely a name than an everyday word."""
    return is_known_name(word) or (
        word.casefold() not in EVERYDAY_NAMES | INSTRUCTION_WORDS
        and zipf(word, "en") < _COMMON_WORD
        and (len(word) >= SHORTEST_WORD or not word.isascii())
    )
