"""Questions to the local model, one before each unit: its slots, and details and notes for them.

The local model completes a text in a conversation of one question a unit. A question names what
comes next, in the words of the template's brackets, and repeats the notes that concern it: small
models use what stands next to the place where they write, and overlook it further up.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import regex

from cogenesis_langchain.collaboration.completion.name_slots import is_own_name
from cogenesis_langchain.collaboration.completion.units import Unit
from cogenesis_langchain.collaboration.content_selection import notes_about, telling_stems
from cogenesis_langchain.collaboration.sentences import SENTENCE_END
from cogenesis_langchain.privacy.detectors.lexicons.words import languages_of
from cogenesis_langchain.prompts import (
    COMPLETION_DETAIL,
    COMPLETION_DETAILS,
    COMPLETION_NEXT,
    COMPLETION_NOTES,
)
from cogenesis_langchain.sketch.template import Slot

_EXAMPLE: Final = re.compile(r"\s*[(,:]?\s*(?:e\.g\.|for example|such as)\s.*$", re.I)
_COUNT: Final = re.compile(
    r"^(?:(?:a|an|one|two|three|four|five|six|\d)\s*(?:(?:or|to|-|–)\s*\w+)?\s+)?"
    r"(?:(?:short|brief|full)\s+)?(?:sentences?|paragraphs?)\s*:?\s*",
    re.I,
)
_DETAIL_END: Final = regex.compile(rf"{SENTENCE_END.pattern}|;\s*")
_CLAUSE_END: Final = re.compile(r",\s+(?:and\s+)?")
_FACT: Final = re.compile(r"\d(?:[\d.,:]*\d)?|(?<=[\w,;:)] )[A-ZÀ-Þ][\w’'-]+")
_WORD_OR_NUMBER: Final = re.compile(r"\d(?:[\d.,:]*\d)?|[^\W\d][\w’'-]*")
_NAMED: Final = re.compile(r"(?<=[\w,;:)] )[A-ZÀ-Þ][\w’'-]+")
_WRITER: Final = re.compile(r"\b(?:the )?writer(?:['’]s)?\b", re.I)
_ISO_DATE: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_SHORTEST_CLAUSE: Final = 4  # words
_ORDERS: Final = frozenset([
    "add", "address", "ask", "describe", "explain", "give", "include", "invite", "mention", "offer",
    "propose", "quote", "remind", "say", "state", "suggest", "tell", "thank", "to", "use", "write",
])  # fmt: skip
"""First words of what tells a writer what to do; in the text they would address the reader."""
_LONGEST_FRAGMENT: Final = 4  # words
_SUBJECTS: Final = frozenset(["he", "i", "it", "she", "that", "they", "this", "we", "you"])
_ADDRESSING: Final = frozenset({"address", "to"})
"""Those of them that say who reads the text and ask for nothing from the notes."""
_WORDS_OF_A_GREETING: Final = 3
_NOTES_OF_A_DETAIL: Final = 3
_DETAILS_OF_A_NAME: Final = 2
_DETAILS_OF_A_VALUE: Final = 6
_NOTES_OF_SENTENCES: Final = 3
_NOTES_OF_A_VALUE: Final = 2
_MOST_NOTES: Final = 6
_TOLD: Final = 0.75  # share of a detail's facts
_TOLD_STEMS: Final = 0.5  # share of its telling words, where it has no facts


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


def is_own_statement(clause: str) -> bool:
    """Whether a clause is a sentence of the user with a fact, which can stand in the text as it is.

    "I want a repair by 2 March" is one (English only).
    """
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


def about_slot(slot: Slot) -> str:
    """The question about one slot, without details and notes."""
    return COMPLETION_NEXT.fill({"description": without_examples(slot.description)})


def without_examples(description: str) -> str:
    """A description without examples and without how many sentences it stands for."""
    bare = _EXAMPLE.sub("", description).strip(" .")
    return _COUNT.sub("", bare).strip() or bare


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of one text.

    Attributes:
        notes: Texts of the private context.
        details: For each unit by its number, the details to be told there.
        values: The details that slots of values are asked with where no others belong to them.
        people: The details that name somebody, for the slots of other people's names.
        orders: The clauses that ask for something that the notes know; others are statements.
        subject: Lines of the notes about the instruction, for where no detail says what to tell.
    """

    notes: Sequence[str]
    details: dict[int, list[str]] = field(default_factory=dict)
    values: Sequence[str] = ()
    people: Sequence[str] = ()
    orders: frozenset[str] = frozenset()
    subject: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        units: Sequence[Unit],
        details: Sequence[str],
        notes: Sequence[str],
        subject: Sequence[str],
    ) -> Questions:
        """Assign each detail to the unit whose words and descriptions it shares most with.

        Details that share nothing with any unit go to the unit with the most sentences, which is
        where the template has its main facts.
        """
        stems = [telling_stems(_described(unit)) if unit.slots else frozenset() for unit in units]
        frequency = Counter(stem for found in stems for stem in found)
        weight = {stem: math.log(1 + len(units) / count) for stem, count in frequency.items()}
        sentences = [sum(slot.sentences for slot in unit.slots) for unit in units]
        slotted = [number for number, unit in enumerate(units) if unit.slots]
        assigned: dict[int, list[str]] = {}
        for detail in details if slotted else ():
            shared = telling_stems(detail)

            def likeness(number: int, shared: frozenset[str] = shared) -> tuple[float, int]:
                return sum(weight[stem] for stem in shared & stems[number]), sentences[number]

            assigned.setdefault(max(slotted, key=likeness), []).append(detail)
        people = [detail for detail in details if _names_somebody(detail)][:_DETAILS_OF_A_NAME]
        values = details if len(details) <= _DETAILS_OF_A_VALUE else ()
        asking = (one for one in details if is_order(one) and _words(one)[0] not in _ADDRESSING)
        orders = frozenset(clause for order in asking for clause in clauses_of(order))
        return cls(notes, assigned, values, people, orders, () if details else subject)

    def about(self, number: int, unit: Unit) -> str:
        """The question before a unit."""
        described = _described(unit)
        details: Sequence[str] = self.details.get(number, [])
        wanted = _NOTES_OF_SENTENCES if _tells(unit) else _NOTES_OF_A_VALUE
        lines = [
            line for detail in details for line in self._notes(detail, _NOTES_OF_A_DETAIL)
        ] + self._notes(described, wanted)
        if _tells(unit):
            lines += self.subject
        description = "; ".join(without_examples(slot.description) for slot in unit.slots)
        asked = COMPLETION_NEXT.fill({"description": description})
        if details := details or self._details_of_a_kind(unit):
            asked += COMPLETION_DETAILS.fill({"details": " ".join(details)})
        return asked + _listed(lines)

    def about_detail(self, detail: str) -> str:
        """The question for a sentence of its own that tells a detail."""
        asked = COMPLETION_DETAIL.fill({"detail": detail})
        return asked + _listed(self._notes(detail, _NOTES_OF_A_DETAIL))

    def about_note_of(self, detail: str) -> str:
        """The same question in the words of the note that a detail asks for; empty without one."""
        nearest = self._notes(detail, 1)
        if detail not in self.orders or not nearest:
            return ""
        return COMPLETION_DETAIL.fill({"detail": _ISO_DATE.sub("", nearest[0]).strip()})

    def _details_of_a_kind(self, unit: Unit) -> Sequence[str]:
        """Details for slots that share no word with any: those that may hold such a value."""
        if any(slot.kind == "name" and not is_own_name(slot) for slot in unit.slots):
            return self.people  # the request says whom it addresses; notes name many
        return self.values if any(slot.kind == "value" for slot in unit.slots) else ()

    def is_told(self, detail: str, text: str) -> bool:
        """Whether a text tells a detail or a clause of one; see `is_told`."""
        return is_told(detail, text, self._notes(detail, 1) if detail in self.orders else ())

    def _notes(self, about: str, most: int) -> list[str]:
        return notes_about(about, self.notes, most)


def _described(unit: Unit) -> str:
    """What a unit is about. Its descriptions name the writer, the notes the writer's name.

    The words of a salutation say nothing: "Dear" finds letters that greet the user.
    """
    descriptions = " ".join(without_examples(slot.description) for slot in unit.slots)
    greets = len(unit.words.split()) <= _WORDS_OF_A_GREETING and _names(unit)
    return f"{_WRITER.sub(' ', descriptions)} {'' if greets else unit.words}"


def _names_somebody(detail: str) -> bool:
    from babel.dates import get_day_names, get_month_names

    calendar = {
        name.casefold()
        for language in languages_of(detail)
        for names in (get_month_names, get_day_names)
        for name in names("wide", locale=language).values()
    }
    return any(name.casefold() not in calendar for name in _NAMED.findall(detail))


def _names(unit: Unit) -> bool:
    return any(slot.kind == "name" for slot in unit.slots)


def _tells(unit: Unit) -> bool:
    return any(slot.kind == "sentences" for slot in unit.slots)


def _listed(lines: Iterable[str]) -> str:
    chosen = list(dict.fromkeys(lines))[:_MOST_NOTES]
    if not chosen:
        return ""
    return COMPLETION_NOTES.fill({"notes": "\n".join(f"- {line}" for line in chosen)})
