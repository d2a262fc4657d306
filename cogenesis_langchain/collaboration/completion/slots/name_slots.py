"""Rules for slots that hold a name or a form of address."""

from __future__ import annotations

import re
from typing import Final

from cogenesis_langchain.collaboration.completion.copying.copy_rules import WORD, CopyRules
from cogenesis_langchain.sketch.template import Slot

_NAME_JOINERS: Final = frozenset([
    "all", "and", "de", "del", "der", "di", "die", "dr", "du", "et", "la", "le", "miss",
    "mr", "mrs", "ms", "my", "of", "our", "prof", "the", "und", "van", "von", "y", "your",
])  # fmt: skip
"""Words that belong to names and forms of address, and are none by themselves."""
_NO_SIGNATURE: Final = frozenset({
    "all", "and", "et", "miss", "mr", "mrs", "ms", "my", "of", "our", "the", "und", "your",
})  # fmt: skip
"""With these words a text names others: "My sister Ada Zorn" or "Mr Zorn" signs no letter."""
_ADDRESSEES: Final = frozenset([
    "colleagues", "everybody", "everyone", "family", "friends", "madam", "neighbours", "professor",
    "sir", "team",
])  # fmt: skip
"""Forms of address without a name."""

_OWN_NAME: Final = re.compile(
    r"\b(?:my|your|(?:the )?(?:writer|sender|author|speaker)['’]?s?) (?:full |first )?name\b"
    r"|signature",
    re.I,
)


_FIRST_NAME: Final = re.compile(r"\b(?:first|given) name\b", re.I)


def spells_name(text: str, slot: Slot, rules: CopyRules) -> bool:
    """Whether a text is made of names of the sources and words that join them.

    Args:
        text: The text; its last word may be unfinished.
        slot: The slot; one for a first name takes one word.
        rules: Knows the names of the sources.
    """
    words = list(WORD.finditer(text))
    if len(words) > 1 and is_first_name(slot):
        return False
    for word in words:
        plain = word[0].casefold()
        if plain in _NO_SIGNATURE and is_own_name(slot):
            return False
        if plain in _NAME_JOINERS or plain in _ADDRESSEES or rules.is_name(word[0]):
            continue
        if word.end() < len(text) or not rules.begins_name(word[0]):
            return False
    return True


def is_own_name(slot: Slot) -> bool:
    """Whether a slot is for the user's own name, which no form of address can fill."""
    return bool(_OWN_NAME.search(slot.description))


def names_reader(text: str, salutation: str) -> bool:
    """Whether all words of a name but titles stand in the salutation: the reader does not sign."""
    words = {word.casefold() for word in WORD.findall(text)} - _NAME_JOINERS
    return bool(words) and words <= _greeted(salutation)


def names_reader_alone(text: str, salutation: str, rules: CopyRules) -> bool:
    """Whether a name is the reader's, and cannot become that of somebody else.

    "Ada" can, in an answer to "Dear Ada Lindqvist", if the sources hold "Ada Zorn".
    """
    if not names_reader(text, salutation):
        return False
    return rules.names_after(WORD.findall(text)[-1]) <= _greeted(salutation)


def _greeted(salutation: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(salutation)}


def is_first_name(slot: Slot) -> bool:
    """Whether a slot is for a first name alone."""
    return slot.kind == "name" and bool(_FIRST_NAME.search(slot.description))


def names_somebody(text: str, slot: Slot, rules: CopyRules) -> bool:
    """Whether a text is complete as a name or, unless it is the user's own, a form of address.

    "Mrs" alone is none, and "Ada and" is not complete.
    """
    words = [word for word in WORD.findall(text) if word.casefold() not in _NAME_JOINERS]
    named = any(rules.is_name(word) for word in words) or (
        not is_own_name(slot) and any(word.casefold() in _ADDRESSEES for word in words)
    )
    ends = text.rstrip(" .").endswith(tuple(words))
    return named and ends and spells_name(f"{text} ", slot, rules)
