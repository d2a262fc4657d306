"""Details of a request that say what is not to be told: "Nothing about my health".

A small model turns such a detail into a sentence of the text. So they are taken out of the details,
and a sentence that tells the matter nevertheless is left out. English only; in other languages
these details are told to the local model in the task alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cogenesis_langchain.collaboration.content.content_selection import telling_stems
from cogenesis_langchain.collaboration.content.details import clauses_of

_FILLERS: Final = r"(?:(?:and|but|so|please|also|absolutely)\s+){0,4}+"
_LEAD: Final = rf"(?:^|[,;]\s*|(?P<paren>\()|\b(?:and|but|so)\s+){_FILLERS}"
_ABOUT: Final = r"(?:about|of|on)"
_REST: Final = r"\s+(?P<what>(?(paren)[^()]+\)?|.+))(?P<stays>)"
"""Up to the end of the clause, or of the parentheses that the prohibition stands in."""
_FORBIDS: Final = re.compile(
    rf"{_LEAD}(?:(?:(?:say|write|mention|tell(?: \w+)?) )?nothing (?:at all |\w+ )?{_ABOUT}|"
    rf"not a word {_ABOUT}|no (?:mention|word|talk) {_ABOUT}|"
    r"(?:do not|don['’]t|never|no need to) (?:bring up|include|mention|name|print|quote|reveal|say"
    r"|speak|talk|tell|write)(?: about| of)?"
    rf"|without (?:mentioning|naming|saying)|leave out|omit|avoid mentioning){_REST}",
    re.I | re.S,
)
_AT_THE_START: Final = re.compile(
    rf"^{_FILLERS}(?:not(?= (?:my|our|his|her|their)(?: [\w'’-]+){{1,3}}\W*$)"
    r"|skip(?= (?:the|my|our|his|her|their)\b))\s+(?P<what>.+)(?P<stays>)",
    re.I | re.S,
)
_KEEPS_OUT: Final = re.compile(
    rf"^{_FILLERS}(?:(?:leave|keep) (?P<what>[^,;]{{1,80}}?) out\b"
    r"(?: of (?:it|this|the (?:\w+ )?\w+)\b)?(?=\s*(?:[.,;]|\band\b|\bbut\b|$))|"
    r"(?P<stays>[^,;]{1,80}?) stays? out of (?:it|this)\b)",
    re.I,
)


def _prohibition(clause: str) -> re.Match[str] | None:
    """The first part of a clause that forbids to tell something."""
    return _KEEPS_OUT.search(clause) or _AT_THE_START.search(clause) or _FORBIDS.search(clause)


def _taken_apart(clause: str) -> tuple[str, list[str]]:
    """What a clause asks for, and what it forbids to tell."""
    matters: list[str] = []
    while found := _prohibition(clause):
        matters.append((found["what"] or found["stays"]).rstrip(")"))
        rest = f"{clause[: found.start()]} {clause[found.end() :]}".strip(" ,.;")
        clause = " ".join(rest.split())
    return clause, matters


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
        clauses = [_taken_apart(clause) for clause in clauses_of(detail)]
        if matters := [matter for _, found in clauses for matter in found]:
            forbidden += matters
            if told := [asked for asked, _ in clauses if asked]:
                wanted.append(", ".join(told))
        else:
            wanted.append(detail)
    return wanted, forbidden


def tells_forbidden(sentence: str, forbidden: Iterable[str]) -> bool:
    """Whether a sentence holds every telling word of a forbidden matter."""
    said = telling_stems(sentence)
    asked = (telling_stems(matter) for matter in forbidden)
    return any(stems and stems <= said for stems in asked)
