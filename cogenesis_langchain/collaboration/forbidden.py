"""Details of a request that say what is not to be told: "Nothing about my health".

A small model turns such a detail into a sentence of the text. So they are taken out of the details,
and a sentence that tells the matter nevertheless is left out. English only; in other languages
these details are told to the local model in the task alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cogenesis_langchain.collaboration.content_selection import telling_stems
from cogenesis_langchain.collaboration.details import clauses_of

_LEAD: Final = r"^(?:(?:and|but|please|also|absolutely)\s+)*"
_FORBIDS: Final = re.compile(
    _LEAD + r"(?:nothing (?:at all )?(?:about|of|on)|not a word (?:about|of|on)|"
    r"no (?:mention|word|talk) (?:about|of|on)|"
    r"(?:do not|don['’]t|never) (?:include|mention|name|print|quote|reveal|say|show|speak|talk|tell"
    r"|write)(?: about| of)?"
    r"|not(?= (?:my|our|his|her|their)(?: [\w'’-]+){1,3}\W*$)"
    r"|without (?:mentioning|naming|saying)|leave out|omit|avoid mentioning)"
    r"\s+(?P<what>.+)",
    re.I | re.S,
)
_KEEPS_OUT: Final = re.compile(
    _LEAD + r"(?:leave (?P<left>.+?) out\b(?=\s*(?:of\b|[.,;]|$))|"
    r"keep (?P<kept>.+?) out of (?:it|this|the (?:\w+ )?\w+))",
    re.I | re.S,
)


def forbidden_matter(clause: str) -> str:
    """What a clause of a request forbids to tell; empty if it forbids nothing."""
    found = _FORBIDS.match(clause) or _KEEPS_OUT.match(clause)
    if found is None:
        return ""
    return next(what for what in found.groupdict().values() if what)


def split_details(details: Iterable[str]) -> tuple[list[str], list[str]]:
    """Take the details of a request apart.

    Args:
        details: Sentences of the request.

    Returns:
        What is to be told, and the matters that are not.
    """
    wanted: list[str] = []
    forbidden: list[str] = []
    for detail in details:
        clauses = clauses_of(detail)
        matters = [forbidden_matter(clause) for clause in clauses]
        forbidden += filter(None, matters)
        if not any(matters):
            wanted.append(detail)
        elif told := [one for one, what in zip(clauses, matters, strict=True) if not what]:
            wanted.append(", ".join(told))
    return wanted, forbidden


def tells_forbidden(sentence: str, forbidden: Iterable[str]) -> bool:
    """Whether a sentence holds every telling word of a forbidden matter."""
    said = telling_stems(sentence)
    asked = (telling_stems(matter) for matter in forbidden)
    return any(stems and stems <= said for stems in asked)
