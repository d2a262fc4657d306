"""Makes a template of a person's own text: what a cloud model could not know becomes slots.

The result is a template together with the words that fill it, which is what the local model is
trained on. Facts, names and whole sentences are taken out at random, so that one record gives
different templates for different seeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from cogenesis_langchain.collaboration.completion.units import Unit, split_units
from cogenesis_langchain.collaboration.content.content_selection import telling_stems
from cogenesis_langchain.collaboration.content.details import clauses_of, details_in
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.sketch.template import Template, Words, parse_template

_SALUTATION: Final = re.compile(
    r"(?P<greeting>Dear|Hi|Hello|Hey|Good (?:morning|afternoon|evening))\s+(?P<name>[^\n,:!]+)"
)
_INLINE: Final = 0.4
"""Share of the sentences with one or two facts whose other words stay in the template."""
_PUBLIC: Final = 0.3
"""Share of the sentences without facts that stay in the template."""
_MOST_INLINE: Final = 2
_MOST_TOGETHER: Final = 3  # sentences in one slot
_LEAST_SHARED: Final = 2  # telling words that a clause of the request shares with its sentence
_MOST_SUBJECTS: Final = 3
_NUMBERS: Final = ("one sentence", "two sentences", "three sentences")
_NO_ARTICLE: Final = re.compile(
    r"(?:the|an?|my|our|your|his|her|their|when|where|what|which|who|whom|whose|why|how)\b", re.I
)
_BRACKETS: Final = re.compile(r"[\[\]]")


@dataclass(frozen=True, slots=True)
class WorkedTemplate:
    """A template and what fills it.

    Attributes:
        template: The template.
        fillings: The words of each slot, in order.
        untold: Details of the request whose sentence is not in the template, with that sentence.
    """

    template: Template
    fillings: tuple[str, ...]
    untold: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Blank:
    """Words of the text that become a slot, by their place in their sentence."""

    start: int
    end: int
    description: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of the text, and what is taken out of it.

    Attributes:
        unit: The sentence.
        blanks: Slots in it; the sentence is a slot as a whole if it has a description.
        description: What the whole sentence says; empty if it is not taken out.
    """

    unit: Unit
    blanks: tuple[_Blank, ...] = ()
    description: str = ""


def work_out(record: Record, random: Random) -> WorkedTemplate | None:
    """Make a template of a record's reference.

    Args:
        record: The record.
        random: Decides what is taken out.

    Returns:
        The template and its fillings; None if the text cannot be a template, for example because
        it has brackets of its own.
    """
    text = record.reference.strip()
    if _BRACKETS.search(text):
        return None
    units = split_units(Template((Words(text),)))
    sentences = [
        _sentence_of(record, unit, number, len(units), random) for number, unit in enumerate(units)
    ]
    sentences, untold = _without_one(record, sentences, random)
    written, fillings = _written(sentences)
    parsed = parse_template(written, record.instruction.general, Placeholders()).sketch
    if parsed is None or len(parsed.slots) != len(fillings):
        return None
    return WorkedTemplate(parsed, tuple(fillings), untold)


def _sentence_of(record: Record, unit: Unit, number: int, count: int, random: Random) -> _Sentence:
    """Decide what of a sentence becomes slots."""
    words = unit.words
    greeting = _SALUTATION.match(words)
    if greeting and number < 3:  # a subject may stand before it
        blank = _Blank(*greeting.span("name"), "name of the addressee")
        return _Sentence(unit, (blank,))
    if number >= count - 3 and _is_own_name(words, record):
        return _Sentence(unit, (_Blank(0, len(words.rstrip(".,")), "writer's name"),))
    if unit.announces or words.rstrip().endswith(","):  # a heading, or a closing such as "Regards,"
        return _Sentence(unit)
    blanks = tuple(_facts_in(words, record))
    if blanks:
        names = list(dict.fromkeys(blank.description for blank in blanks))
        few = len(blanks) <= _MOST_INLINE and random.random() < _INLINE
        if few and not _hidden(record, words, blanks):
            return _Sentence(unit, blanks)
        return _Sentence(unit, description=", ".join(names))
    about = _asked(record, words) or _subject(record, words)
    if about and (_hidden(record, words) or random.random() > _PUBLIC):
        return _Sentence(unit, description=about)
    return _Sentence(unit)


def _is_own_name(words: str, record: Record) -> bool:
    name = words.strip(" .,")
    known = " ".join(record.profile.facts)
    return bool(re.fullmatch(r"[A-ZÀ-Þ][\w’'.-]*(?: [A-ZÀ-Þ][\w’'.-]*){0,3}", name)) and all(
        part.strip(".") in known for part in name.split()
    )


def _facts_in(words: str, record: Record) -> Iterator[_Blank]:
    """The required facts of a sentence, in order, none of them inside another."""
    found = []
    for fact in record.required_facts:
        for form in sorted(fact.forms, key=len, reverse=True):
            hit = re.search(rf"(?<!\w){re.escape(form)}(?!\w)", words)
            if hit:
                found.append(_Blank(hit.start(), hit.end(), _described(fact.name)))
                break
    last = 0
    for blank in sorted(found, key=lambda one: (one.start, -one.end)):
        if blank.start >= last:
            yield blank
            last = blank.end


def _described(name: str) -> str:
    bare = name[:1].isupper() or _NO_ARTICLE.match(name)
    return name if bare else f"the {name}"


def _hidden(record: Record, words: str, blanks: Sequence[_Blank] = ()) -> bool:
    """Whether a sentence tells something private beside its slots."""
    rest = list(words)
    for blank in blanks:
        rest[blank.start : blank.end] = " " * (blank.end - blank.start)
    beside = "".join(rest).casefold()
    private = any(one.casefold() in beside for one in record.private_strings)
    return private or bool(re.search(r"\d", beside))


def _asked(record: Record, words: str) -> str:
    """The clause of the request that a sentence tells, if there is one."""
    stems = telling_stems(words)
    clauses = [
        clause
        for detail in details_in([record.instruction.personal])
        for clause in clauses_of(detail)
    ]
    best = max(clauses, key=lambda clause: len(telling_stems(clause) & stems), default="")
    shared = telling_stems(best) & stems
    return best.strip(" .").replace("\n", " ") if len(shared) >= _LEAST_SHARED else ""


def _subject(record: Record, words: str) -> str:
    """The words of a sentence that the notes have too, if it has several of them."""
    noted = telling_stems(record.context)
    shared = [
        word for word in re.findall(r"[a-zà-þ][\w’'-]{3,}", words) if telling_stems(word) & noted
    ]
    subject = list(dict.fromkeys(shared))[:_MOST_SUBJECTS]
    return ", ".join(subject) if len(subject) >= _LEAST_SHARED else ""


def _without_one(
    record: Record, sentences: list[_Sentence], random: Random
) -> tuple[list[_Sentence], tuple[tuple[str, str], ...]]:
    """Take one sentence out altogether: the template has no slot for what it tells."""
    told = [
        (number, _asked(record, one.unit.words))
        for number, one in enumerate(sentences)
        if one.description
    ]
    told = [(number, clause) for number, clause in told if clause]
    if len(told) < 2 or random.random() < 0.5:
        return sentences, ()
    number, clause = random.choice(told)
    left_out = sentences[number].unit
    rest = sentences[number + 1 :]
    if rest and "\n" in left_out.separator:  # the next one opens its paragraph now
        unit = replace(rest[0].unit, separator=left_out.separator)
        rest = [replace(rest[0], unit=unit), *rest[1:]]
    return [*sentences[:number], *rest], ((clause, left_out.words.strip()),)


def _written(sentences: Sequence[_Sentence]) -> tuple[str, list[str]]:
    """The template as the cloud model would have written it, and what fills its slots."""
    text, fillings = "", []
    for group in _grouped(sentences):
        first = group[0]
        text += first.unit.separator if text else ""
        if first.description:
            descriptions = list(dict.fromkeys(one.description for one in group))
            text += f"[{_NUMBERS[len(group) - 1]}: {'; '.join(descriptions)}]"
            fillings.append(" ".join(one.unit.words.strip() for one in group))
            continue
        position, words = 0, first.unit.words
        for blank in first.blanks:
            text += f"{words[position : blank.start]}[{blank.description}]"
            fillings.append(words[blank.start : blank.end])
            position = blank.end
        text += words[position:]
    return text, fillings


def _grouped(sentences: Sequence[_Sentence]) -> Iterator[list[_Sentence]]:
    """Neighbouring sentences of a paragraph that are taken out share a slot."""
    group: list[_Sentence] = []
    for one in sentences:
        joins = group and group[-1].description and one.description
        if joins and "\n" not in one.unit.separator and len(group) < _MOST_TOGETHER:
            group.append(one)
            continue
        if group:
            yield group
        group = [one]
    if group:
        yield group
