"""Finding private values in a text, however they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Literal

from cogenesis_langchain.privacy.detectors.combined import (
    find_spans_in_instruction,
    read_for_probing,
)
from cogenesis_langchain.privacy.matching.encodings import decodings
from cogenesis_langchain.privacy.matching.match_filters import MatchFilter, rule_holds
from cogenesis_langchain.privacy.matching.normalisation import cleanings, normalisations
from cogenesis_langchain.privacy.matching.phrases import find_phrases, phrase_digests
from cogenesis_langchain.privacy.matching.surface_forms import (
    SurfaceForm,
    declared_surface_forms,
    parsed_forms_of,
    surface_forms,
)
from cogenesis_langchain.privacy.values import Detector, PrivateValue, ValueKind, detect

ValueRow = tuple[Literal["detected", "declared", "phrase"], ValueKind, str]
"""One row of a stored `ValueSet`: where a value comes from, its kind, its text. The text of a
phrase is its digest in hexadecimal."""

DEFAULT_PHRASE_WORDS: Final = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """A private value found in a text.

    Args:
        start: Index of its first character in the text as given.
        end: One past its last character.
        value: The private value.
    """

    start: int
    end: int
    value: PrivateValue


class _Segment:
    """Values that share one automaton, built at first use. Building it twice does no harm."""

    def __init__(
        self,
        detected: frozenset[PrivateValue],
        declared: frozenset[PrivateValue],
        phrases: frozenset[int],
    ) -> None:
        self.detected = detected
        self.declared = declared
        self.phrases = phrases

    def __len__(self) -> int:
        return len(self.detected) + len(self.declared) + len(self.phrases)

    def merged(self, other: _Segment) -> _Segment:
        return _Segment(
            self.detected | other.detected,
            self.declared | other.declared,
            self.phrases | other.phrases,
        )

    @cached_property
    def automaton(self) -> Any:
        from ahocorasick import Automaton  # type: ignore[import-not-found]

        forms: dict[str, list[SurfaceForm]] = {}
        for value in _in_order(self.detected):
            for form in surface_forms(value):
                forms.setdefault(form.normalised, []).append(form)
        for value in _in_order(self.declared):
            for form in declared_surface_forms(value):
                forms.setdefault(form.normalised, []).append(form)
        automaton = Automaton()
        for normalised, sharing in forms.items():
            automaton.add_word(normalised, tuple(sharing))
        automaton.make_automaton()
        return automaton

    @cached_property
    def canonical(self) -> dict[str, PrivateValue]:
        """Values that are recognised by what they are worth."""
        values = _in_order(self.detected | self.declared)
        return {mark: value for value in values for mark in parsed_forms_of(value)}


def _in_order(values: Iterable[PrivateValue]) -> list[PrivateValue]:
    """Values in an order of their own, so that one text always gives the same hits."""
    return sorted(values, key=attrgetter("kind", "text"))


class ValueSet:
    """An immutable set of private values, to be looked for in texts. Safe to share by threads.

    Made with `from_texts`, `from_rows` or `union`.
    """

    def __init__(
        self, segments: tuple[_Segment, ...] = (), *, phrase_words: int = DEFAULT_PHRASE_WORDS
    ) -> None:
        self._segments = segments
        self._phrase_words = phrase_words

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        *,
        declared: Iterable[PrivateValue] = (),
        detectors: Sequence[Detector] | None = None,
        phrase_words: int = DEFAULT_PHRASE_WORDS,
    ) -> ValueSet:
        """Collect the private values of some texts.

        Args:
            texts: Private texts.
            declared: Values that the user declares private, everyday words included.
            detectors: See `detect`.
            phrase_words: A run of this many consecutive words copied from a text is private.

        Returns:
            Their values.
        """
        kept = tuple(texts)
        detected = frozenset(value for text in kept for value in detect(text, detectors))
        segment = _Segment(detected, frozenset(declared), phrase_digests(kept, phrase_words))
        return cls((segment,) if len(segment) else (), phrase_words=phrase_words)

    def union(self, other: ValueSet) -> ValueSet:
        """Both sets together. Cheap: large parts keep their automata, small ones are merged.

        Raises:
            ValueError: The two were made with different `phrase_words`.
        """
        if self._phrase_words != other._phrase_words:
            raise ValueError("the two sets hold runs of different numbers of words")
        segments = list(self._segments)
        for segment in other._segments:
            while segments and len(segments[-1]) <= 2 * len(segment):
                segment = segments.pop().merged(segment)
            segments.append(segment)
        return ValueSet(tuple(segments), phrase_words=self._phrase_words)

    def __len__(self) -> int:
        """The number of distinct values, copied runs of words not counted."""
        return len({value for part in self._segments for value in part.detected | part.declared})

    def find(self, text: str) -> tuple[Hit, ...]:
        """Find every private value in a text.

        Args:
            text: Any text.

        Returns:
            Hits in order, not overlapping, the longest first to choose. Together they cover every
            character that belongs to a value.
        """
        hits = [*self._literal_hits(text), *self._valued_hits(text), *self._phrase_hits(text)]
        return without_overlaps(text, hits)

    def find_in_payload(self, payload: bytes) -> tuple[ValueKind, ...]:
        """Find private values in exact bytes, also escaped, encoded or split across lines.

        Args:
            payload: What is about to leave: a URL, a header, a body.

        Returns:
            The kinds of what was found, each once, sorted. Empty: nothing private.
        """
        kinds = {hit.value.kind for text in decodings(payload) for hit in self.find(text)}
        return tuple(sorted(kinds))

    def _literal_hits(self, text: str) -> Iterator[Hit]:
        for number, normalised in enumerate(normalisations(text)):
            match_filter: MatchFilter | None = None
            for segment in self._segments:
                if not len(segment.automaton):
                    continue
                for last, forms in segment.automaton.iter(normalised):
                    match_filter = match_filter or MatchFilter(text, by_look=number > 0)
                    start = last + 1 - len(forms[0].normalised)
                    if not match_filter.may_start(start):
                        continue
                    for form in forms:
                        span = match_filter.place(start, last + 1, form.shown)
                        if span and rule_holds(form.rule, text, *span):
                            yield Hit(*span, form.value)

    def _valued_hits(self, text: str) -> Iterator[Hit]:
        if not any(segment.canonical for segment in self._segments):
            return
        for cleaned, origin in cleanings(text):
            for reading in read_for_probing(cleaned):
                start, end = origin[reading.start], origin[reading.end - 1] + 1
                for segment in self._segments:
                    for probe in reading.probes & segment.canonical.keys():
                        yield Hit(start, end, segment.canonical[probe])

    def _phrase_hits(self, text: str) -> Iterator[Hit]:
        known = [segment.phrases for segment in self._segments if segment.phrases]
        if known:
            for start, end in find_phrases(text, known, self._phrase_words):
                yield Hit(start, end, PrivateValue("PHRASE", text[start:end]))

    def to_rows(self) -> Iterator[ValueRow]:
        """Rows to store; `from_rows` reads them, also from several sets one after another."""
        for segment in self._segments:
            yield from (("detected", value.kind, value.text) for value in segment.detected)
            yield from (("declared", value.kind, value.text) for value in segment.declared)
            yield from (("phrase", "PHRASE", f"{digest:016x}") for digest in segment.phrases)

    @classmethod
    def from_rows(
        cls, records: Iterable[ValueRow], *, phrase_words: int = DEFAULT_PHRASE_WORDS
    ) -> ValueSet:
        """The set that the rows of `to_rows` describe.

        Args:
            records: Rows of one set, or of several.
            phrase_words: As the sets were made with.
        """
        detected: set[PrivateValue] = set()
        declared: set[PrivateValue] = set()
        phrases: set[int] = set()
        for origin, kind, text in records:
            if origin == "phrase":
                phrases.add(int(text, 16))
            else:
                chosen = detected if origin == "detected" else declared
                chosen.add(PrivateValue(kind, text))
        segment = _Segment(frozenset(detected), frozenset(declared), frozenset(phrases))
        return cls((segment,) if len(segment) else (), phrase_words=phrase_words)


def without_overlaps(text: str, hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Make hits disjoint, the longest first to choose.

    Args:
        text: The text they were found in.
        hits: Hits that may overlap.

    Returns:
        Hits in order. What a shorter hit covers beyond a longer one stays covered, blanks aside.
    """
    chosen: list[Hit] = []
    taken: set[int] = set()
    for hit in sorted(hits, key=lambda hit: (hit.start - hit.end, hit.start)):
        free = [place for place in range(hit.start, hit.end) if place not in taken]
        taken.update(free)
        for start, end in _stretches(free):
            bare = text[start:end].strip()
            if bare:
                start += text[start:end].index(bare)
                chosen.append(Hit(start, start + len(bare), hit.value))
    return tuple(sorted(chosen, key=lambda hit: hit.start))


def _stretches(places: list[int]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of consecutive numbers."""
    for _, run in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        numbers = [place for _, place in run]
        yield numbers[0], numbers[-1] + 1


def detect_in_instruction(text: str) -> tuple[Hit, ...]:
    """Find what is private in an instruction whatever the context: structured kinds only.

    Args:
        text: An instruction.

    Returns:
        Hits in order, not overlapping.
    """
    return without_overlaps(
        text,
        (
            Hit(span.start, span.end, PrivateValue(span.kind, text[span.start : span.end]))
            for span in find_spans_in_instruction(text)
        ),
    )
