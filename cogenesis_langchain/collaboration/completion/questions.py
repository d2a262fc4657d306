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

from cogenesis_langchain.collaboration.completion.slots.name_slots import is_own_name
from cogenesis_langchain.collaboration.completion.units import Unit
from cogenesis_langchain.collaboration.content.content_selection import notes_about, telling_stems
from cogenesis_langchain.collaboration.content.details import asks_notes, clauses_of, is_told
from cogenesis_langchain.privacy.detectors.lexicons.words import languages_of
from cogenesis_langchain.prompts import (
    COMPLETION_DETAIL,
    COMPLETION_DETAILS,
    COMPLETION_NEXT,
    COMPLETION_NOTES,
)
from cogenesis_langchain.sketch.template import SENTENCES, Slot

_EXAMPLE: Final = re.compile(r"\s*[(,:]?\s*(?:e\.g\.|for example|such as)\s.*$", re.I)
_COUNT: Final = re.compile(rf"^{SENTENCES}\s*:?\s*", re.I)
_NAMED: Final = re.compile(r"(?<=[\w,;:)] )[A-ZÀ-Þ][\w’'-]+")
_WRITER: Final = re.compile(r"\b(?:the )?writer(?:['’]s)?\b", re.I)
_ISO_DATE: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_WORDS_OF_A_GREETING: Final = 3
_NOTES_OF_A_DETAIL: Final = 3
_DETAILS_OF_A_NAME: Final = 2
_DETAILS_OF_A_VALUE: Final = 6
_NOTES_OF_SENTENCES: Final = 3
_NOTES_OF_A_VALUE: Final = 2
_MOST_NOTES: Final = 6


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
        asking = (detail for detail in details if asks_notes(detail))
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
