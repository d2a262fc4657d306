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

_LEAD: Final = r"(?:^|[,;(]\s*|\b(?:and|but|so)\s+)(?:(?:and|but|so|please|also|absolutely)\s+)*"
_ABOUT: Final = r"(?:about|of|on)"
_FORBIDS: Final = re.compile(
    rf"{_LEAD}(?:(?:(?:say|write|mention|tell(?: \w+)?) )?nothing (?:at all |\w+ )?{_ABOUT}|"
    rf"not a word {_ABOUT}|no (?:mention|word|talk) {_ABOUT}|"
    r"(?:do not|don['’]t|never|no need to) (?:bring up|include|mention|name|print|quote|reveal|say"
    r"|show|speak|talk|tell|write)(?: about| of)?"
    r"|not(?= (?:my|our|his|her|their)(?: [\w'’-]+){1,3}\W*$)"
    r"|without (?:mentioning|naming|saying)|leave out|omit|avoid mentioning"
    r"|skip(?= (?:the|my|our|his|her|their)\b))"
    r"\s+(?P<what>[^)]+)",
    re.I,
)
_KEEPS_OUT: Final = re.compile(
    rf"{_LEAD}(?:leave (?P<left>[^,;]+?) out\b(?=\s*(?:of\b|[.,;]|$))|"
    r"keep (?P<kept>[^,;]+?) out(?: of (?:it|this|the (?:\w+ )?\w+)|(?=\s*(?:[.,;]|$)))|"
    r"(?P<stays>[^,;]+?) stays? out of (?:it|this))",
    re.I,
)


def _prohibition(clause: str) -> re.Match[str] | None:
    """The part of a clause that forbids to tell something."""
    return _FORBIDS.search(clause) or _KEEPS_OUT.search(clause)


def forbidden_matter(clause: str) -> str:
    """What a clause of a request forbids to tell; empty if it forbids nothing."""
    found = _prohibition(clause)
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
        matters = list(filter(None, map(forbidden_matter, clauses)))
        forbidden += matters
        if not matters:
            wanted.append(detail)
        elif told := [bare for clause in clauses if (bare := _without_prohibition(clause))]:
            wanted.append(", ".join(told))
    return wanted, forbidden


def _without_prohibition(clause: str) -> str:
    """What a clause asks for besides: "he gets used to it" of "... (don't mention school)"."""
    found = _prohibition(clause)
    if found is None:
        return clause
    return f"{clause[: found.start()]} {clause[found.end() :]}".strip(" ,.;()")


def tells_forbidden(sentence: str, forbidden: Iterable[str]) -> bool:
    """Whether a sentence holds every telling word of a forbidden matter."""
    said = telling_stems(sentence)
    asked = (telling_stems(matter) for matter in forbidden)
    return any(stems and stems <= said for stems in asked)
