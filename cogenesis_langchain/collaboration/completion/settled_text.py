"""The finished part of a text, by author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cogenesis_langchain.collaboration.completion.checks import begins_with
from cogenesis_langchain.collaboration.completion.units import Unit
from cogenesis_langchain.collaboration.content.sentences import split_sentences

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

    def insert(self, number: int, sentence: Span, *, first: int) -> int:
        """Insert a sentence, or put it in the place of one that it says again and goes on.

        Args:
            number: Number of the span before which it is inserted.
            sentence: The sentence.
            first: Number of the first span that may be changed; those before it are read already.

        Returns:
            The number of the span after it.
        """
        for earlier in range(first, number):
            span = self.spans[earlier]
            pieces = split_sentences(span.text) if span.author == "local" else []
            longer = [_in_place_of(piece, sentence.text) for piece in pieces]
            if longer != pieces:
                self.spans[earlier] = Span("".join(longer), span.author)
                break
        else:
            self.spans.insert(number, Span(f" {sentence.text}", sentence.author))
            number += 1
        self.written = "".join(span.text for span in self.spans)
        return number

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


def _in_place_of(piece: str, sentence: str) -> str:
    """A sentence with the white space of an earlier one that it begins with; or the earlier one."""
    earlier = piece.strip()
    is_begun = earlier.endswith((".", "!", "?")) and begins_with(sentence, earlier)
    return piece.replace(earlier, sentence) if is_begun else piece


def _greets(line: str) -> bool:
    return line.endswith((",", "，")) and len(line.split()) <= _LONGEST_SALUTATION
