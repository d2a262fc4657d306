"""The public view of a text while it is written.

Private values of the text stand as placeholders in the view. The view grows only when the end of
the text is settled: as long as what was written last may still become a private value, nothing of
it is shown. What was shown is never taken back, so a longer text has a longer view.

The first words of a copied phrase are ordinary words until the phrase is long enough to count. They
are shown; the rest of the phrase becomes a placeholder.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, final

from cogenesis_langchain.privacy.matching.normalisation import collapse_spacing
from cogenesis_langchain.privacy.matching.open_end import OpenEnd, codes_in
from cogenesis_langchain.privacy.matching.value_set import Hit, ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.values import PrivateValue, ValueKind
from cogenesis_langchain.privacy.views.disclosure import Part
from cogenesis_langchain.privacy.views.view_state import Settled, Token, common_beginning
from cogenesis_langchain.privacy.views.word_gains import (
    OPEN_SHARE,
    Unit,
    begins_word,
    masked_runs,
    without,
)

_REACH: Final = 160
"""Characters before a new part of the text that are searched with it."""
_SPACE: Final = re.compile(r"\s")
_MARK: Final = "\x7f\x7f"
"""Stands for a placeholder where a view is searched: it is part of no value."""
_MARKED: Final = PrivateValue("TEXT", "")
"""The value of a run of words that gain too much."""
_NOTHING: Final = PrivateValue("TEXT", "")
"""The value of a part that the placeholder before it stands for."""


@final
class GrowingView:
    """The public view of one text, for every number of tokens. It follows corrections of the text.

    The view of a text depends on the text alone, not on what was written and taken back before.

    A writer can write a value that it has not read only by chance. So the beginnings of values are
    held back only for those that it has read. Of any other value a beginning may be shown, and the
    rest is masked.

    Args:
        values: The private values.
        placeholders: Those that the cloud model knows from the instruction; equal values get equal
            placeholders.
        texts: The private texts that the writer reads.
        read: The private values that the writer reads, all of them among `values`; None means all.
        most: What a word may gain by the private context, in nats; one that gains more is masked.
            None if gains are not measured.
    """

    def __init__(
        self,
        values: ValueSet,
        placeholders: Placeholders,
        texts: Iterable[str] = (),
        *,
        read: ValueSet | None = None,
        most: float | None = None,
    ) -> None:
        self._values = values
        self._end = OpenEnd(values, values if read is None else read, texts)
        self._known = placeholders.entries()
        self._tags: list[tuple[ValueKind, str]] = []
        self._most = most
        self._tokens: list[Token] = []
        # For each number of tokens: what the word at the end of the text gains.
        self._word: list[float] = [0.0]
        self._text = ""
        # For each number of tokens: the length of their text, or None inside a character.
        self._lengths: list[int | None] = [0]
        # For each number of tokens: the position, or None where the end of the text is open.
        self._positions: list[Settled | None] = [Settled()]
        self._parts: list[Part] = []
        self._shown = ""

    def after(self, tokens: Sequence[bytes], gains: Sequence[float] = ()) -> Sequence[Part] | None:
        """Return the view of a text.

        Args:
            tokens: The bytes of its tokens. A character may be split over several tokens.
            gains: What the private context adds to the log-probability of each token, in nats. They
                depend on the text up to the token alone. Empty if they are not measured.

        Returns:
            The view of the whole text; None if its end may still become a private value.
        """
        self._follow(tokens, gains)
        position = self._positions[len(tokens)]
        return None if position is None else self._parts[: position.parts]

    def last(
        self, tokens: Sequence[bytes], since: int, gains: Sequence[float] = ()
    ) -> tuple[Sequence[Part], int] | None:
        """Return the view of the longest beginning of a text that has one.

        Args:
            tokens: The bytes of the text's tokens.
            since: Number of tokens that the beginning has to have at least.
            gains: See `after`.

        Returns:
            The view and the number of its tokens; None if no such beginning has one.
        """
        self._follow(tokens, gains)
        positions = self._positions[since : len(tokens) + 1]
        known = (position for position in reversed(positions) if position is not None)
        position = next(known, None)
        return None if position is None else (self._parts[: position.parts], position.tokens)

    def provisional(
        self, tokens: Sequence[bytes], gains: Sequence[float] = ()
    ) -> tuple[Sequence[Part], int]:
        """Return the view that a text would have if it went on with something else.

        The open end of the text is shown but for the private values in it. This view is never sent.

        Args:
            tokens: See `after`.
            gains: See `after`.

        Returns:
            The view and the number of its tokens: all but those of an incomplete character.
        """
        self._follow(tokens, gains)
        count = len(tokens)
        if count < len(self._tokens):  # drafts that were rejected are no part of the text
            self._take_back(count)
        while self._lengths[count] is None:
            count -= 1
        settled = self._settled()
        if settled.tokens >= count:
            return self._parts, settled.tokens
        hits, _ = self._all_hits(settled)
        parts = [*self._parts, *self._masked(settled, hits)]
        del self._tags[settled.tags :]
        return parts, count

    def _follow(self, written: Sequence[bytes], gains: Sequence[float]) -> None:
        """Make the positions of a text known."""
        tokens = list(map(Token, written, gains or [0.0] * len(written)))
        common = common_beginning(self._tokens, tokens)
        if common < min(len(self._tokens), len(tokens)):
            self._take_back(common)
        for token in tokens[len(self._tokens) :]:
            self._append(token)

    def _take_back(self, count: int) -> None:
        """Forget all tokens but the first ones."""
        del self._tokens[count:], self._word[count + 1 :]
        del self._lengths[count + 1 :], self._positions[count + 1 :]
        settled = self._settled()
        del self._parts[settled.parts :], self._tags[settled.tags :]
        self._shown = self._shown[: settled.shown]
        self._text = self._text[
            : next(size for size in reversed(self._lengths) if size is not None)
        ]

    def _settled(self) -> Settled:
        """The last position whose view is known."""
        return next(position for position in reversed(self._positions) if position is not None)

    def _append(self, token: Token) -> None:
        self._tokens.append(token)
        whole = len(self._tokens) - 1
        while self._lengths[whole] is None:
            whole -= 1
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(b"".join(one.written for one in self._tokens[whole:]))
        gain = sum(one.told for one in self._tokens[whole:])
        self._word.append(gain if begins_word(text) else self._word[whole] + gain)
        if decoder.getstate()[0]:
            self._lengths.append(None)
            self._positions.append(None)
            return
        self._text += text
        self._lengths.append(len(self._text))
        settled = self._settled()
        is_open = self._may_be_masked() or self._end.is_open(self._text, settled.characters)
        self._positions.append(None if is_open else self._settle(settled))

    def _may_be_masked(self) -> bool:
        """Whether the word at the end may still gain too much."""
        return self._most is not None and OPEN_SHARE * self._most < self._word[-1] <= self._most

    def _settle(self, before: Settled) -> Settled:
        """Show the text since a position."""
        start = before.characters
        hits, in_run = self._all_hits(before)
        parts = list(self._masked(before, hits))
        shown = _with_marks(self._text[start:], start, hits)
        if self._reveals(shown) or self._ends_in_coded_value(start):
            space = self._text[start : self._after_space(start)]
            del self._tags[before.tags :]
            parts, shown = [space + self._tag("TEXT", self._text[start:])], space + _MARK
        self._parts += parts
        self._shown += shown
        return Settled(
            tokens=len(self._tokens),
            characters=len(self._text),
            parts=len(self._parts),
            tags=len(self._tags),
            shown=len(self._shown),
            in_run=in_run,
        )

    def _all_hits(self, before: Settled) -> tuple[list[Hit], bool]:
        """Values and words since a position, and whether the text ends with such a word."""
        hits = self._hits(before.characters)
        marked, in_run = self._marked(before, hits)
        return sorted([*hits, *marked], key=lambda hit: hit.start), in_run

    def _hits(self, start: int) -> list[Hit]:
        """The private values in the text since a position, without what came before it."""
        space = _SPACE.search(self._text, max(0, start - _REACH), start)
        first = space.start() if space and start > _REACH else max(0, start - _REACH)
        unseen = self._after_space(start)
        return [
            Hit(max(unseen, first + hit.start), first + hit.end, hit.value)
            for hit in self._values.find(self._text[first:])
            if first + hit.end > unseen
        ]

    def _after_space(self, start: int) -> int:
        """The position after the space, if any, at a position: it stays beside a placeholder."""
        return len(self._text) - len(self._text[start:].lstrip())

    def _marked(self, before: Settled, hits: Sequence[Hit]) -> tuple[list[Hit], bool]:
        """The words since a position that gain too much, and whether the text ends with one."""
        if self._most is None:
            return [], False
        first, units = before.tokens, list[Unit]()
        for stop, start, end in self._units(before):
            units.append(Unit(start, end, sum(one.told for one in self._tokens[first:stop])))
            first = stop
        carried = self._word[before.tokens]
        runs, in_run = masked_runs(
            self._text, units, self._most, carried=carried, in_run=before.in_run
        )
        found = [
            Hit(run.start, run.end, _NOTHING if run.continues else _MARKED)
            for run in without(runs, [(hit.start, hit.end) for hit in hits])
        ]
        return found, in_run

    def _masked(self, before: Settled, hits: Sequence[Hit]) -> Iterator[Part]:
        """The parts that show the text since a position."""
        text = ""
        first = before.tokens
        for stop, start, end in self._units(before):
            inside = [hit for hit in hits if hit.start < end and hit.end > start]
            if not inside:
                if text:
                    yield text
                    text = ""
                yield range(first, stop)
            place = start
            for hit in inside:
                text += self._shown_beside(place, hit.start)
                if hit.start >= start and hit.value is not _NOTHING:
                    # A run has a placeholder of its own: equal ones would tell of equal words.
                    since = 0 if hit.value is _MARKED else hit.start
                    text += self._tag(hit.value.kind, self._text[since : hit.end])
                place = hit.end
            if inside:
                text += self._shown_beside(place, end)
            first = stop
        if text:
            yield text

    def _shown_beside(self, start: int, end: int) -> str:
        """A part of a token beside a value in it; where gains are counted, space alone is shown."""
        part = self._text[start:end]
        return part if self._most is None or part.isspace() else ""

    def _units(self, before: Settled) -> Iterator[tuple[int, int, int]]:
        """The shortest runs of whole characters since a position: last token, start and end."""
        start = before.characters
        for count in range(before.tokens + 1, len(self._tokens) + 1):
            if (end := self._lengths[count]) is not None:
                yield count, start, end
                start = end

    def _tag(self, kind: ValueKind, original: str) -> str:
        placeholders = Placeholders()
        placeholders.extend([*self._known, *self._tags])
        self._tags.append((kind, original))
        return placeholders.tag(kind, original)

    def _reveals(self, shown: str) -> bool:
        """Whether a value is spelled out or encoded in the view, with this text at its end."""
        window = self._shown[-_REACH:] + shown
        collapsed = collapse_spacing(window)  # "Q u i s t" becomes "Quist"
        if collapsed != window and self._values.find(collapsed):
            return True
        codes = codes_in(self._shown + shown, len(self._shown))
        searched = dict.fromkeys((window, collapsed, *codes)) if codes else ()
        return any(self._values.find_in_payload(text.encode()) for text in searched)

    def _ends_in_coded_value(self, start: int) -> bool:
        """Whether a run of codes that holds a value reaches beyond a position."""
        first = max(0, start - _REACH)
        coded = self._values.find_encoded(self._text[first:])
        return any(first + hit.end > start for hit in coded)


def _with_marks(chunk: str, start: int, hits: Sequence[Hit]) -> str:
    """Replace the hits in the text since a position by marks."""
    for hit in reversed(hits):
        mark = "" if hit.value is _NOTHING else _MARK
        chunk = chunk[: hit.start - start] + mark + chunk[hit.end - start :]
    return chunk
