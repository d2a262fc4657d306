"""Surface forms: the normalised strings by which a private value is recognised in a text.

"Dr. Anna Keller" has the forms "drannakeller", "annakeller", "anna" and "keller". A part that is an
everyday word gets a rule: "Grant" counts only where it is written as a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cogenesis_langchain.privacy.detectors.quantities.amounts import find_amounts
from cogenesis_langchain.privacy.detectors.quantities.counts import find_counts
from cogenesis_langchain.privacy.detectors.quantities.dates import find_dates, find_times
from cogenesis_langchain.privacy.detectors.spans import ValueKind
from cogenesis_langchain.privacy.matching.match_filters import MatchRule
from cogenesis_langchain.privacy.matching.name_forms import (
    SHORTEST_WORD,
    WORD,
    Forms,
    all_common,
    name_forms,
    organisation_forms,
)
from cogenesis_langchain.privacy.matching.normalisation import cleaned_texts, normalisations
from cogenesis_langchain.privacy.values import PrivateValue

# Shortest forms, in letters or digits.
_SHORTEST_LITERAL: Final = 5
_SHORTEST_NUMBER: Final = 5
_SUBSCRIBER_DIGITS: Final = 7
_PUBLIC_MAILBOXES: Final = frozenset(
    ["info", "office", "contact", "hello", "support", "sales", "admin", "mail", "team", "service"]
)


@dataclass(frozen=True, slots=True)
class SurfaceForm:
    """A normalised string that reveals a private value.

    Args:
        normalised: The string to search for in a normalised text.
        spelling: The string before normalisation. A match may have the same gaps.
        rule: Where the form counts as a match.
        value: The private value.
    """

    normalised: str
    spelling: str
    rule: MatchRule
    value: PrivateValue


def surface_forms(value: PrivateValue) -> Iterator[SurfaceForm]:
    """Yield the forms of a detected value: its spellings, and parts that reveal it alone."""
    for spelling, rule in _FORMS.get(value.kind, _whole)(value.text):
        for normalised in normalisations(spelling):
            # A single Latin letter would match everywhere; a single Chinese character is a word.
            if len(normalised) > 1 or (normalised and not normalised.isascii()):
                yield SurfaceForm(normalised, spelling, rule, value)


def declared_surface_forms(value: PrivateValue) -> Iterator[SurfaceForm]:
    """Yield the forms of a value that the user declared: the string itself, however common."""
    for normalised in normalisations(value.text):
        if normalised:
            yield SurfaceForm(normalised, value.text, MatchRule.ANYWHERE, value)


def canonical_forms_of(value: PrivateValue) -> frozenset[str]:
    """Return the canonical forms of a date, time or amount; an empty set for other kinds."""
    if value.kind not in _PARSED_KINDS:
        return frozenset()
    finders = (find_dates, find_times)
    if value.kind not in {"DATE", "TIME"}:
        finders = (find_amounts, find_counts)
    return frozenset(
        form
        for text, _ in cleaned_texts(value.text)
        for finder in finders
        for parsed in finder(text)
        for form in parsed.canonical_forms
    )


_PARSED_KINDS: Final[frozenset[ValueKind]] = frozenset({"DATE", "TIME", "AMOUNT", "QUANTITY"})


def _whole(text: str) -> Forms:
    yield text, MatchRule.ANYWHERE


_HOUSE_NUMBER: Final = re.compile(r"\A\d[\w-]*[ ,]+|[ ,]+\d[\w-]*(?: [A-Za-z])?\Z")


def _address(text: str) -> Forms:
    yield text, MatchRule.ANYWHERE
    for part in text.split(","):
        words = WORD.findall(part)
        if any(letter.isdigit() for letter in part) and len(part.strip()) >= _SHORTEST_LITERAL:
            yield part, MatchRule.ANYWHERE
        street = _HOUSE_NUMBER.sub("", part.strip())
        if len(WORD.findall(street)) > 1:
            yield street, MatchRule.CAPITALISED if all_common(words) else MatchRule.ANYWHERE
        for word in words:
            if len(word) > SHORTEST_WORD and not all_common([word]):
                yield word, MatchRule.ANYWHERE


def _mail(text: str) -> Forms:
    yield text, MatchRule.ANYWHERE
    mailbox = text.partition("@")[0]
    if len(mailbox) >= _SHORTEST_LITERAL and mailbox.casefold() not in _PUBLIC_MAILBOXES:
        yield (
            mailbox,
            MatchRule.CAPITALISED if all_common(WORD.findall(mailbox)) else MatchRule.ANYWHERE,
        )


def _url(text: str) -> Forms:
    yield text, MatchRule.ANYWHERE
    bare = re.sub(r"^\w+://", "", text).removeprefix("www.").rstrip("/")
    yield bare, MatchRule.ANYWHERE
    host = re.split(r"[/?#:]", bare, maxsplit=1)[0]
    if host.count(".") > 1 or not all_common([host.partition(".")[0]]):
        yield host, MatchRule.ANYWHERE


def _telephone(text: str) -> Forms:
    yield text, MatchRule.ANYWHERE
    digits = re.sub(r"\D", "", next(cleaned_texts(text))[0])
    if len(digits) < _SUBSCRIBER_DIGITS:
        return
    yield digits, MatchRule.ANYWHERE
    yield from ((national, MatchRule.ANYWHERE) for national in _national_numbers(text, digits))


def _national_numbers(text: str, digits: str) -> Iterator[str]:
    """Yield the digits without the country code, with and without the trunk prefix 0."""
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


def _number(text: str) -> Forms:
    yield text, MatchRule.ANYWHERE
    digits = re.sub(r"\D", "", text)
    if len(digits) >= _SHORTEST_NUMBER:
        yield digits, MatchRule.ANYWHERE


def _parsed_spelling(text: str) -> Forms:
    """Yield the spelling of a date or an amount, if it is long enough to be searched for.

    Other spellings are found by their canonical forms.
    """
    normalised = normalisations(text)[0]
    has_letters = any(letter.isalpha() for letter in normalised)
    if len(normalised) >= (_SHORTEST_LITERAL if has_letters else _SHORTEST_NUMBER):
        yield text, MatchRule.ANYWHERE


_FORMS: Final[dict[ValueKind, Callable[[str], Forms]]] = {
    "NAME": name_forms,
    "PLACE": name_forms,
    "ORGANISATION": organisation_forms,
    "ADDRESS": _address,
    "EMAIL": _mail,
    "URL": _url,
    "PHONE": _telephone,
    "CARD": _number,
    "ACCOUNT": _number,
    "ID": _number,
    "DATE": _parsed_spelling,
    "TIME": _parsed_spelling,
    "AMOUNT": _parsed_spelling,
    "QUANTITY": _parsed_spelling,
}
