"""The sentences of a template: what is kept or left out as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import regex

from cogenesis_langchain.collaboration.content.sentences import ABBREVIATION
from cogenesis_langchain.sketch.template import Part, Slot, Template, Words

# A new sentence begins after an end mark and white space, or on a new line.
_BREAK: Final = regex.compile(
    rf"(?P<line>[^\S\n]*\n\s*)|(?<=[.!?…])(?<!{ABBREVIATION}\.)(?P<space>[^\S\n]+)(?=[^a-z\s]|$)"
    r"|(?<=[。！？])(?P<none>)"
)
_FEWEST_WORDS: Final = 4
_BACK_REFERENCE: Final = re.compile(
    r"(?:This|That|These|Those|It|They|He|She|Such|Both|Therefore|Thus|So|Hence)\b|"
    r"As a (?:result|consequence)\b|(?:For|Because of|In) (?:this|that|these|those)\b"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence, list item or line of a template.

    Attributes:
        parts: Its words and slots.
        separator: White space between it and the unit before it.
    """

    parts: tuple[Part, ...]
    separator: str = ""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Its slots in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    @property
    def words(self) -> str:
        """The words of the cloud model in it."""
        return "".join(part.text for part in self.parts if isinstance(part, Words))

    @property
    def announces(self) -> bool:
        """Whether it is a heading or a lead-in, which needs something to follow it."""
        text = self.words.strip()
        return not self.slots and (
            text.endswith(":") or not re.search(r"[\w)]\W*[.!?,…。！？]$", text)
        )

    @property
    def refers_back(self) -> bool:
        """Whether it begins with words that refer to the sentence before it (English only)."""
        return not self.slots and bool(_BACK_REFERENCE.match(self.words.strip()))


def words_after(unit: Unit, number: int) -> str:
    """The words between a part of a unit and the next slot; empty if there are none."""
    following = unit.parts[number + 1 : number + 2]
    return following[0].text if following and isinstance(following[0], Words) else ""


def beginning_of(unit: Unit) -> str:
    """The words with which a unit begins, and the separator before them."""
    first = unit.parts[0]
    return unit.separator + (first.text if isinstance(first, Words) else "")


def split_units(template: Template) -> list[Unit]:
    """Split a template into units.

    Args:
        template: The template.

    Returns:
        Its units; their separators and parts in order are the template.
    """
    units: list[Unit] = []
    parts: list[Part] = []
    separator = ""

    def close(following: str) -> None:
        nonlocal separator
        if parts:
            units.append(Unit(tuple(parts), separator))
            parts.clear()
            separator = ""
        separator += following

    for part in template.parts:
        if isinstance(part, Slot):
            if part.kind == "sentences" and not parts:
                parts.append(part)
                close("")
            else:
                parts.append(part)
            continue
        for text, gap in _pieces(part.text):
            if not parts:
                separator += text[: len(text) - len(text.lstrip())]
                text = text.lstrip()
            if text:
                parts.append(Words(text))
            if gap is not None:
                close(gap)
    close("")
    return units


def without_repeated(units: Sequence[Unit]) -> tuple[list[Unit], list[Unit]]:
    """Part units from those that repeat an earlier one.

    Returns:
        The units in order without the repeated ones, and the repeated ones. Lines of few words,
        such as a salutation, may stand twice.
    """
    kept: dict[str, Unit] = {}
    repeated: list[Unit] = []
    for number, unit in enumerate(units):
        text = str(Template(unit.parts)).casefold()
        key = text if len(text.split()) >= _FEWEST_WORDS else f"{number}: {text}"
        if key in kept:
            repeated.append(unit)
        else:
            kept[key] = unit
    return list(kept.values()), repeated


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Runs of words, each with the separator that ends it; None where the text goes on."""
    position = 0
    for found in _BREAK.finditer(text):
        yield text[position : found.start()], found[0]
        position = found.end()
    yield text[position:], None
