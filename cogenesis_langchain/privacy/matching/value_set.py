"""`ValueSet`: a set of private values that can be found in a text in any spelling.

Three searches run over a text: surface forms with an Aho-Corasick automaton, dates and numbers by
their canonical forms, and copied phrases by their digests.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cogenesis_langchain.privacy.detectors.combined import (
    find_spans_in_instruction,
    parse_all_values,
)
from cogenesis_langchain.privacy.matching.encodings import code_runs, decodings
from cogenesis_langchain.privacy.matching.match_filters import MatchFilter, rule_holds
from cogenesis_langchain.privacy.matching.normalisation import cleaned_texts, normalisations
from cogenesis_langchain.privacy.matching.phrases import find_phrases, phrase_digests
from cogenesis_langchain.privacy.matching.segment import Segment
from cogenesis_langchain.privacy.values import Detector, PrivateValue, ValueKind, detect

ValueRow = tuple[Literal["detected", "declared", "phrase"], ValueKind, str]
"""One row of a stored `ValueSet`: origin, kind and text of a value. For a phrase, the text is its
digest in hexadecimal."""

DEFAULT_PHRASE_WORDS: Final = 5
"""Number of consecutive copied words that count as a private phrase."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A private value found in a text.

    Args:
        start: Index of its first character in the text.
        end: One past its last character.
        value: The private value.
    """

    start: int
    end: int
    value: PrivateValue


class ValueSet:
    """An immutable set of private values. Thread-safe.

    Made by `from_texts`, `from_rows` or `union`.
    """

    def __init__(
        self, segments: tuple[Segment, ...] = (), *, phrase_words: int = DEFAULT_PHRASE_WORDS
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
            declared: Values that the user declares private. They match even if they are everyday
                words.
            detectors: See `detect`.
            phrase_words: Number of consecutive words copied from a text that count as private.

        Returns:
            The set of values.
        """
        kept = tuple(texts)
        detected = frozenset(value for text in kept for value in detect(text, detectors))
        segment = Segment(detected, frozenset(declared), phrase_digests(kept, phrase_words))
        return cls((segment,) if len(segment) else (), phrase_words=phrase_words)

    def union(self, other: ValueSet) -> ValueSet:
        """Return the union of two sets.

        Raises:
            ValueError: The sets were made with different `phrase_words`.
        """
        # Large segments keep their automata and small ones are merged, as in a log-structured merge
        # tree: adding many small sets costs O(n log n), and few segments are searched.
        if self._phrase_words != other._phrase_words:
            raise ValueError("the two sets have different phrase_words")
        segments: list[Segment] = []
        for segment in sorted([*self._segments, *other._segments], key=len, reverse=True):
            while segments and len(segments[-1]) <= 2 * len(segment):
                segment = segments.pop().merged(segment)
            segments.append(segment)
        return ValueSet(tuple(segments), phrase_words=self._phrase_words)

    def __len__(self) -> int:
        """Return the number of distinct values, without phrases."""
        return len({value for part in self._segments for value in part.detected | part.declared})

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The values in groups that share an automaton."""
        return self._segments

    @property
    def phrase_words(self) -> int:
        """Number of consecutive copied words that count as private."""
        return self._phrase_words

    def find(self, text: str) -> tuple[Hit, ...]:
        """Find every private value in a text.

        Args:
            text: Any text.

        Returns:
            Ordered, disjoint hits; of overlapping ones the longest is kept whole. Together they
            cover every character that belongs to a value.
        """
        hits = [
            *self._literal_hits(text),
            *self._sign_hits(text),
            *self._parsed_hits(text),
            *self._phrase_hits(text),
        ]
        return without_overlaps(text, hits)

    def find_in_payload(self, payload: bytes) -> tuple[ValueKind, ...]:
        """Find private values in bytes, also escaped, encoded or split over lines.

        Args:
            payload: The bytes of a URL, a header or a body.

        Returns:
            The sorted kinds of the values found, each once; empty if there are none.
        """
        kinds = {hit.value.kind for text in decodings(payload) for hit in self.find(text)}
        return tuple(sorted(kinds))

    def find_encoded(self, text: str) -> list[Hit]:
        """Find runs of codes that hold a private value beside those that can be read in them.

        They have to be found before anything in the text is replaced: a part of a code can be a
        value by itself, such as an amount, and what is left of the code can still be read.

        Args:
            text: Any text.

        Returns:
            The runs, each as a value of kind ``TEXT``.
        """
        runs = [(text[start:end], start, end) for start, end in code_runs(text)]
        if not self._encodes_more("\n".join(run for run, _, _ in runs)):
            return []  # all at once: a text can hold thousands of codes, and rarely a value in one
        return [
            Hit(start, end, PrivateValue("TEXT", run))
            for run, start, end in runs
            if self._encodes_more(run)
        ]

    def _encodes_more(self, text: str) -> bool:
        """Whether a value occurs more often in something decoded than in the text as it is.

        Some decodings are the text with its codes resolved; others are what was decoded alone. In
        these the legible values are missing, so any value counts.
        """
        legible = Counter(hit.value for hit in self.find(text))
        for decoded in decodings(text.encode()):
            if decoded != text:
                found = Counter(hit.value for hit in self.find(decoded))
                if found and (found - legible or legible.keys() - found.keys()):
                    return True
        return False

    def _literal_hits(self, text: str) -> Iterator[Hit]:
        for number, normalised in enumerate(normalisations(text)):
            match_filter: MatchFilter | None = None
            for segment in self._segments:
                if not len(segment.automaton):
                    continue
                for last, forms in segment.automaton.iter(normalised):
                    match_filter = match_filter or MatchFilter(text, by_shape=number > 0)
                    start = last + 1 - len(forms[0].normalised)
                    if not match_filter.may_start(start):
                        continue
                    for form in forms:
                        span = match_filter.locate(start, last + 1, form.spelling)
                        if span and rule_holds(form.rule, text, *span):
                            yield Hit(*span, form.value)

    def _sign_hits(self, text: str) -> Iterator[Hit]:
        for value in (value for segment in self._segments for value in segment.signs):
            for found in re.finditer(re.escape(value.text), text) if value.text.strip() else ():
                yield Hit(*found.span(), value)

    def _parsed_hits(self, text: str) -> Iterator[Hit]:
        if not any(segment.canonical_forms for segment in self._segments):
            return
        for cleaned, origin in cleaned_texts(text):
            for parsed in parse_all_values(cleaned):
                start, end = origin[parsed.start], origin[parsed.end - 1] + 1
                for segment in self._segments:
                    for form in parsed.lookup_forms & segment.canonical_forms.keys():
                        yield Hit(start, end, segment.canonical_forms[form])

    def _phrase_hits(self, text: str) -> Iterator[Hit]:
        known = [segment.phrases for segment in self._segments if segment.phrases]
        if known:
            for start, end in find_phrases(text, known, self._phrase_words):
                yield Hit(start, end, PrivateValue("PHRASE", text[start:end]))

    def to_rows(self) -> Iterator[ValueRow]:
        """Yield rows from which `from_rows` can make the set again."""
        for segment in self._segments:
            yield from (("detected", value.kind, value.text) for value in segment.detected)
            yield from (("declared", value.kind, value.text) for value in segment.declared)
            yield from (("phrase", "PHRASE", f"{digest:016x}") for digest in segment.phrases)

    @classmethod
    def from_rows(
        cls, rows: Iterable[ValueRow], *, phrase_words: int = DEFAULT_PHRASE_WORDS
    ) -> ValueSet:
        """Make a set from stored rows.

        Args:
            rows: Rows of one or more sets, from `to_rows`.
            phrase_words: The `phrase_words` that the sets were made with.
        """
        detected: set[PrivateValue] = set()
        declared: set[PrivateValue] = set()
        phrases: set[int] = set()
        for origin, kind, text in rows:
            if origin == "phrase":
                phrases.add(int(text, 16))
            else:
                chosen = detected if origin == "detected" else declared
                chosen.add(PrivateValue(kind, text))
        segment = Segment(frozenset(detected), frozenset(declared), frozenset(phrases))
        return cls((segment,) if len(segment) else (), phrase_words=phrase_words)


def without_overlaps(text: str, hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Make hits disjoint.

    Args:
        text: The text in which they were found.
        hits: Hits that may overlap.

    Returns:
        Ordered hits. Longer hits are kept whole. Of a shorter hit, the parts outside longer hits
        are kept, without surrounding white space.
    """
    chosen: list[Hit] = []
    taken: list[tuple[int, int]] = []  # in order, and apart
    for hit in sorted(hits, key=lambda hit: (hit.start - hit.end, hit.start)):
        first = bisect_left(taken, hit.start, key=lambda part: part[1])
        last = bisect_left(taken, hit.end, key=lambda part: part[0])
        ends = [hit.start, *(place for part in taken[first:last] for place in part), hit.end]
        for start, end in zip(ends[::2], ends[1::2], strict=True):
            bare = text[start:end].strip()
            if bare:
                start += text[start:end].index(bare)
                chosen.append(Hit(start, start + len(bare), hit.value))
        taken[first:last] = [(min(ends), max(ends))]
    return tuple(sorted(chosen, key=lambda hit: hit.start))


def detect_in_instruction(text: str, *, strict: bool = False) -> tuple[Hit, ...]:
    """Find values that are private in any instruction, whatever the private context.

    Only structured values and opaque strings count, such as a mail address, a number with a
    checksum, or base64.

    Args:
        text: An instruction.
        strict: Names, places, organisations, conditions and special categories count too.

    Returns:
        Ordered, disjoint hits.
    """
    return without_overlaps(
        text,
        (
            Hit(span.start, span.end, PrivateValue(span.kind, text[span.start : span.end]))
            for span in find_spans_in_instruction(text, strict=strict)
        ),
    )
