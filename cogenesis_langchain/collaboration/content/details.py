"""Details of a request: what its private part asks to be told, and whether a text tells it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

import regex

from cogenesis_langchain.collaboration.content.content_selection import telling_stems
from cogenesis_langchain.collaboration.content.sentences import SENTENCE_END

_DETAIL_END: Final = regex.compile(rf"{SENTENCE_END.pattern}|;\s*")
_CLAUSE_END: Final = re.compile(r",\s+(?:and\s+)?")
_FACT: Final = re.compile(r"\d(?:[\d.,:]*\d)?|(?<=[\w,;:)] )(?!I['’])[A-ZÀ-Þ][\w’'-]+")
_ABOUT_THE_TEXT: Final = re.compile(
    r"\b(?:letter|text|e-?mail|speech|words?|sentences?|paragraphs?|lines?|pages?)\b", re.I
)
_WORD_OR_NUMBER: Final = re.compile(r"\d(?:[\d.,:]*\d)?|[^\W\d][\w’'-]*")
_ISO_DATE: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_SHORTEST_CLAUSE: Final = 4  # words
_LONGEST_FRAGMENT: Final = 4  # words
_SUBJECTS: Final = frozenset(["he", "i", "it", "she", "that", "they", "this", "we", "you"])
_TOLD: Final = 0.75  # share of a detail's facts
_TOLD_STEMS: Final = 0.5  # share of its telling words, where it has no facts
_ORDERS: Final = frozenset([
    "add", "address", "ask", "describe", "explain", "give", "include", "invite", "mention", "offer",
    "propose", "quote", "remind", "say", "state", "suggest", "tell", "thank", "to", "use", "write",
])  # fmt: skip
"""First words of what tells a writer what to do; in the text they would address the reader."""
_ADDRESSING: Final = frozenset({"address", "to"})
"""Those of them that say who reads the text and ask for nothing from the notes."""


def details_in(texts: Iterable[str]) -> list[str]:
    """The sentences of a request that say what is to be told."""
    sentences = (one.strip() for text in texts for one in _DETAIL_END.split(text))
    return list(dict.fromkeys(sentence for sentence in sentences if sentence))


def clauses_of(detail: str) -> list[str]:
    """The clauses of a detail; one that says nothing by itself stays with the one before it."""
    clauses: list[str] = []
    for clause in _CLAUSE_END.split(detail):
        alone = len(clause.split()) >= _SHORTEST_CLAUSE and telling_stems(clause)
        if clauses and not alone:
            clauses[-1] += f", {clause}"
        else:
            clauses.append(clause)
    return clauses


def is_told(detail: str, text: str, notes: Sequence[str] = ()) -> bool:
    """Whether a text tells a detail.

    Args:
        detail: The detail.
        text: The text.
        notes: The note that it asks for, if it does. A detail without a name or number of its own
            ("say when she was born") is told by most of those of the note.
    """
    said = frozenset(_words(text))
    facts = _facts(detail)
    if len(facts & said) < math.ceil(_TOLD * len(facts)):
        return False
    asked = _asked_for(detail, notes)
    if asked and len(asked & said) <= len(asked) / 2:
        return False
    stems = telling_stems(detail)
    return bool(facts or not stems) or _share(stems, telling_stems(text)) >= _TOLD_STEMS


def _asked_for(detail: str, notes: Sequence[str]) -> frozenset[str]:
    """Return the facts of the nearest note, most of which tell a detail without its own.

    They are the note's numbers, if it has any: "the ewes on the road" asks how many.
    """
    if not notes or _facts(detail):
        return frozenset()
    found = _facts(notes[0])
    return frozenset(fact for fact in found if fact[0].isdigit()) or found


def _share(asked: frozenset[str], said: frozenset[str]) -> float:
    return len(asked & said) / len(asked)


def _facts(text: str) -> frozenset[str]:
    """Numbers, and words with a capital that are not the first of their sentence."""
    dated = _ISO_DATE.sub(" ", text)
    return frozenset(fact.casefold() for fact in _FACT.findall(dated))


def is_order(detail: str) -> bool:
    """Whether a detail tells the writer what to do ("Mention the date") and is no statement."""
    return not _ORDERS.isdisjoint(_words(detail)[:1])


def asks_notes(detail: str) -> bool:
    """Whether a detail is an order that the notes may answer; who reads the text is none."""
    return is_order(detail) and _words(detail)[0] not in _ADDRESSING


def is_own_statement(clause: str) -> bool:
    """Whether a clause is a sentence of the user with a fact, which can stand in the text as it is.

    "I want a repair by 2 March" is one (English only).
    """
    if _ABOUT_THE_TEXT.search(clause):
        return False  # "I want at most 100 words"
    return _words(clause)[:1] in (["i"], ["we"]) and bool(_facts(clause))


def as_sentence(clause: str) -> str:
    """A clause with a capital and an end mark."""
    bare = clause.strip().rstrip(",;")
    return bare[:1].upper() + bare[1:] + ("" if bare.endswith((".", "!", "?")) else ".")


def recites(sentence: str, order: str) -> bool:
    """Whether a sentence is an order to the writer over again, or two clauses of it."""
    words = _words(sentence)
    if words[:2] == _words(order)[:2]:
        return True
    said = f" {' '.join(words)} "
    clauses = [f" {' '.join(_words(clause))} " for clause in clauses_of(order)]
    return sum(clause in said for clause in clauses) > 1


def is_fragment(sentence: str, clause: str) -> bool:
    """Whether a sentence is a few words of the request over again: "How many kilometres."."""
    words = _words(sentence)
    repeated = words == _words(clause) and len(words) <= _LONGEST_FRAGMENT
    return repeated and _SUBJECTS.isdisjoint(words[:1])


def _words(text: str) -> list[str]:
    return _WORD_OR_NUMBER.findall(text.casefold())
