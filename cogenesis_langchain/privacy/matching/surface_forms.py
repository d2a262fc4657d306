"""From a private value to the normalised strings that it is recognised by."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cogenesis_langchain.privacy.detectors.amounts import find_amounts
from cogenesis_langchain.privacy.detectors.counts import find_counts
from cogenesis_langchain.privacy.detectors.dates import find_dates, find_times
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
    is_known_name,
    is_rare,
    is_surname,
    zipf,
)
from cogenesis_langchain.privacy.detectors.spans import ValueKind
from cogenesis_langchain.privacy.matching.normalisation import cleanings, normalisations
from cogenesis_langchain.privacy.values import PrivateValue

_WORD: Final = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e])*(?:['’][^\W\d_]+)*"
)
_TELLING: Final = 4.2  # zipf; more common words do not name anybody without a capital
_FUNCTION_WORD: Final = 5.5  # zipf; "in", "new"
_SHORTEST_KEY: Final = 2
_SHORTEST_WORD: Final = 3
_SHORTEST_LITERAL: Final = 5
_SHORTEST_NUMBER: Final = 5
_SUBSCRIBER_DIGITS: Final = 7
_PUBLIC_MAILBOXES: Final = frozenset(
    ["info", "office", "contact", "hello", "support", "sales", "admin", "mail", "team", "service"]
)


_BESIDE_NAMES: Final = TITLES | PARTICLES | RELATIONS


class MatchRule(enum.Enum):
    """What else must hold where a form is found."""

    ANYWHERE = enum.auto()
    CAPITALISED = enum.auto()
    """An everyday word: only with a capital that the sentence does not explain."""
    PERSON = enum.auto()
    """A word with a capital of its own, like a month: only where a person is meant."""


@dataclass(frozen=True, slots=True)
class SurfaceForm:
    """One normalised string that gives a private value away.

    Args:
        normalised: What to look for in a normalised text.
        shown: The string it was normalised from; its own gaps are allowed in a text too.
        rule: What else must hold.
        value: The private value that it gives away.
    """

    normalised: str
    shown: str
    rule: MatchRule
    value: PrivateValue


def surface_forms(value: PrivateValue) -> Iterator[SurfaceForm]:
    """The forms of a detected value: its spellings, its parts that give it away alone.

    A word that everybody uses is no form, or only where it is written as a name.
    """
    for shown, rule in _FORMS.get(value.kind, _whole)(value.text):
        for normalised in normalisations(shown):
            if normalised and not (
                normalised.isascii() and len(normalised) == 1
            ):  # one letter tells nothing
                yield SurfaceForm(normalised, shown, rule, value)


def declared_surface_forms(value: PrivateValue) -> Iterator[SurfaceForm]:
    """The forms of a value that the user declared: the string itself, however common."""
    for normalised in normalisations(value.text):
        if normalised:
            yield SurfaceForm(normalised, value.text, MatchRule.ANYWHERE, value)


def parsed_forms_of(value: PrivateValue) -> frozenset[str]:
    """What a date, a time or an amount is worth, whatever its spelling. Empty for other kinds."""
    if value.kind not in _VALUED:
        return frozenset()
    readers = (find_dates, find_times)
    if value.kind not in {"DATE", "TIME"}:
        readers = (find_amounts, find_counts)
    return frozenset(
        mark
        for text, _ in cleanings(value.text)
        for reader in readers
        for reading in reader(text)
        for mark in reading.canonical
    )


_Forms = Iterator[tuple[str, MatchRule]]
_VALUED: Final[frozenset[ValueKind]] = frozenset({"DATE", "TIME", "AMOUNT", "QUANTITY"})


def _whole(text: str) -> _Forms:
    yield text, MatchRule.ANYWHERE


def _rule_of(word: str) -> MatchRule | None:
    """Under which rule a part of a person's name stands for the person; None if it never does."""
    lower = word.casefold()
    if is_public(word):
        return MatchRule.PERSON if lower in CALENDAR_NAMES else None
    if zipf(word, "en") >= _FUNCTION_WORD and lower not in EVERYDAY_NAMES:
        return None
    if len(word) < _SHORTEST_WORD and word.isascii():
        return MatchRule.CAPITALISED
    if is_known_name(word) or is_surname(word) or is_rare(word):
        return MatchRule.ANYWHERE
    return MatchRule.CAPITALISED


def _is_telling(word: str) -> bool:
    """Whether a word is rather somebody's name than a word that everybody uses."""
    return is_known_name(word) or (
        word.casefold() not in EVERYDAY_NAMES | INSTRUCTION_WORDS
        and zipf(word, "en") < _TELLING
        and (len(word) >= _SHORTEST_WORD or not word.isascii())
    )


def _name(text: str) -> _Forms:
    """The whole name, the name without its title, and each part that can stand alone."""
    found = list(_WORD.finditer(text))
    names = [match for match in found if match[0].casefold() not in _BESIDE_NAMES]
    names = names or [match for match in found if match[0].casefold() in TITLES][-1:]
    if len(names) == 1:  # nothing else to go by: the part is the name
        word = names[0][0]
        telling = word.islower() or _is_telling(word)  # a chat without capitals
        rule = MatchRule.ANYWHERE if telling and not is_public(word) else _rule_of(word)
        if len(found) > 1:
            yield text, MatchRule.ANYWHERE  # with its title it is nothing else
        if rule is not None:
            yield word, rule
        return
    if names:
        telling = any(_is_telling(match[0]) for match in names)
        rule = MatchRule.ANYWHERE if telling else MatchRule.CAPITALISED
        yield from ((shown, rule) for shown in {text, text[names[0].start() :]})
        for left, right in pairwise(names) if len(names) > 2 else ():
            yield text[left.start() : right.end()], rule
    for match in names:
        if (part_rule := _rule_of(match[0])) is not None:
            yield match[0], part_rule


def _organisation(text: str) -> _Forms:
    words = _WORD.findall(text)
    if len(words) < 2:
        if text.casefold() not in ORGANISATION_WORDS:
            yield from _name(text)
        return
    yield text, MatchRule.ANYWHERE
    core = list(words)
    for end_of_core in (-1, 0):
        while len(core) > 1 and core[end_of_core].casefold() in ORGANISATION_WORDS:
            core.pop(end_of_core)
    start, end = text.index(core[0]), text.rindex(core[-1]) + len(core[-1])
    if len(core) > 1 and len(core) < len(words):
        yield text[start:end], MatchRule.CAPITALISED if _all_common(core) else MatchRule.ANYWHERE
    for word in words:
        if (
            len(word) > _SHORTEST_WORD
            and not _all_common([word])
            and word.casefold() not in ORGANISATION_WORDS
        ):
            yield word, MatchRule.ANYWHERE


def _all_common(words: list[str]) -> bool:
    """Whether words are ones that everybody uses: listed, public, or frequent and nobody's name."""
    return all(
        word.casefold() in EVERYDAY_NAMES
        or is_public(word)
        or (zipf(word, "en") > 0 and not is_known_name(word))
        for word in words
    )


_HOUSE_NUMBER: Final = re.compile(r"\A\d[\w-]*[ ,]+|[ ,]+\d[\w-]*(?: [A-Za-z])?\Z")


def _address(text: str) -> _Forms:
    yield text, MatchRule.ANYWHERE
    for part in text.split(","):
        words = _WORD.findall(part)
        if any(letter.isdigit() for letter in part) and len(part.strip()) >= _SHORTEST_LITERAL:
            yield part, MatchRule.ANYWHERE
        street = _HOUSE_NUMBER.sub("", part.strip())
        if len(_WORD.findall(street)) > 1:
            yield street, MatchRule.CAPITALISED if _all_common(words) else MatchRule.ANYWHERE
        for word in words:
            if len(word) > _SHORTEST_WORD and not _all_common([word]):
                yield word, MatchRule.ANYWHERE


def _mail(text: str) -> _Forms:
    yield text, MatchRule.ANYWHERE
    mailbox = text.partition("@")[0]
    if len(mailbox) >= _SHORTEST_LITERAL and mailbox.casefold() not in _PUBLIC_MAILBOXES:
        yield (
            mailbox,
            MatchRule.CAPITALISED if _all_common(_WORD.findall(mailbox)) else MatchRule.ANYWHERE,
        )


def _url(text: str) -> _Forms:
    yield text, MatchRule.ANYWHERE
    bare = re.sub(r"^\w+://", "", text).removeprefix("www.").rstrip("/")
    yield bare, MatchRule.ANYWHERE
    host = re.split(r"[/?#:]", bare, maxsplit=1)[0]
    if host.count(".") > 1 or not _all_common([host.partition(".")[0]]):
        yield host, MatchRule.ANYWHERE


def _telephone(text: str) -> _Forms:
    yield text, MatchRule.ANYWHERE
    digits = re.sub(r"\D", "", next(cleanings(text))[0])
    if len(digits) < _SUBSCRIBER_DIGITS:
        return
    yield digits, MatchRule.ANYWHERE
    yield from ((national, MatchRule.ANYWHERE) for national in _national_numbers(text, digits))


def _national_numbers(text: str, digits: str) -> Iterator[str]:
    """The digits without the country code or the trunk prefix."""
    import phonenumbers

    if not text.lstrip().startswith(("+", "00")):
        yield digits.removeprefix("0")
        return
    try:
        number = phonenumbers.parse("+" + digits.removeprefix("00"))
    except phonenumbers.NumberParseException:
        return
    national = str(number.national_number)
    if len(national) >= _SUBSCRIBER_DIGITS:
        yield national
        yield "0" + national


def _number(text: str) -> _Forms:
    yield text, MatchRule.ANYWHERE
    digits = re.sub(r"\D", "", text)
    if len(digits) >= _SHORTEST_NUMBER:
        yield digits, MatchRule.ANYWHERE


def _valued(text: str) -> _Forms:
    """The spelling of a date or an amount: a form beside its value only if it says enough."""
    normalised = normalisations(text)[0]
    has_letters = any(letter.isalpha() for letter in normalised)
    if len(normalised) >= (_SHORTEST_LITERAL if has_letters else _SHORTEST_NUMBER):
        yield text, MatchRule.ANYWHERE


_FORMS: Final[dict[ValueKind, Callable[[str], _Forms]]] = {
    "NAME": _name,
    "PLACE": _name,
    "ORGANISATION": _organisation,
    "ADDRESS": _address,
    "EMAIL": _mail,
    "URL": _url,
    "PHONE": _telephone,
    "CARD": _number,
    "ACCOUNT": _number,
    "ID": _number,
    "DATE": _valued,
    "TIME": _valued,
    "AMOUNT": _valued,
    "QUANTITY": _valued,
}
