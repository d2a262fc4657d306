"""The finished part of a text, by author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cogenesis_langchain.collaboration.completion.units import Unit

Author = Literal["cloud", "local"]

_LONGEST_SALUTATION: Final = 8  # words


@dataclass(frozen=True, slots=True)
class Span:
    """Words of one author in the finished text.

    Attributes:
        text: The words, with the white space before them.
        author: Whose they are.
    """

    text: str
    author: Author


@dataclass(slots=True)
class SettledText:
    """The text so far.

    Attributes:
        spans: What is settled.
        written: Their text.
        has_gap: Whether the unit before the next one was left out.
    """

    spans: list[Span] = field(default_factory=list)
    written: str = ""
    has_gap: bool = False
    _separator: str = ""
    _held: list[tuple[str, Span]] = field(default_factory=list)

    @property
    def salutation(self) -> str:
        """The line that greets the addressee, before the first sentence; empty if there is none."""
        for line in map(str.strip, self.written.splitlines()):
            if _greets(line):
                return line
            if line.endswith((".", "!", "?", "。")):
                break
        return ""

    def add(self, unit: Unit, spans: Sequence[Span]) -> list[Span]:
        """Add a unit; a heading or lead-in is held back until something follows it.

        A heading whose paragraph or list was left out goes, unless it is the title of the text.
        """
        separator = self._wider(unit.separator)
        self._separator = ""
        empty, self.has_gap = self.has_gap, False
        title = not self.written and len(self._held) == 1
        if empty and not title and unit.separator.count("\n") > 1:
            self._held = self._held[:-1]
        if unit.announces:
            self._held.append((separator, spans[0]))
            return []
        said: list[Span] = []
        for gap, span in self._held:
            said.append(self._separated(gap, span, said))
        self._held = []
        said.append(self._separated(separator, spans[0], said))
        said += spans[1:]
        self._settle(said)
        return said

    def insert(self, place: int, spans: Sequence[Span]) -> int:
        """Insert a sentence; returns the place after it."""
        first = Span(f" {spans[0].text}", spans[0].author)
        self.spans[place:place] = [first, *spans[1:]]
        self.written = "".join(span.text for span in self.spans)
        return place + len(spans)

    def note_gap(self, unit: Unit) -> None:
        """A unit is left out: its separator may be wider than the next one's."""
        self._separator = self._wider(unit.separator)
        self.has_gap = True

    def close(self) -> list[Span]:
        """What is still held back at the end: a line without an end mark, such as a name."""
        said = [
            self._separated(gap, span, [])
            for gap, span in self._held
            if span.text.strip()[-1:] != ":"
        ]
        self._held = []
        self._settle(said)
        return said

    def _wider(self, separator: str) -> str:
        return max(self._separator, separator, key=lambda gap: (gap.count("\n"), len(gap)))

    def _separated(self, gap: str, span: Span, said: Sequence[Span]) -> Span:
        return Span(gap + span.text if self.written or said else span.text, span.author)

    def _settle(self, said: Sequence[Span]) -> None:
        self.spans += said
        self.written += "".join(span.text for span in said)


def _greets(line: str) -> bool:
    return line.endswith((",", "，")) and len(line.split()) <= _LONGEST_SALUTATION
