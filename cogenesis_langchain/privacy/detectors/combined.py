"""All detectors of the library over one text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.addresses import find_addresses
from cogenesis_langchain.privacy.detectors.amounts import find_amounts, find_numbers
from cogenesis_langchain.privacy.detectors.cjk import find_cjk
from cogenesis_langchain.privacy.detectors.counts import find_counted, find_counts
from cogenesis_langchain.privacy.detectors.dates import find_dates, find_times
from cogenesis_langchain.privacy.detectors.figures import find_figures
from cogenesis_langchain.privacy.detectors.labelled import find_labelled, find_lines_of_forms
from cogenesis_langchain.privacy.detectors.names import find_introduced_names, find_names
from cogenesis_langchain.privacy.detectors.numbered import find_numbered
from cogenesis_langchain.privacy.detectors.parsed_value import ParsedValue, ParsedValueFinder
from cogenesis_langchain.privacy.detectors.patterns import (
    find_addresses_of_machines,
    find_announced_codes,
    find_patterns,
)
from cogenesis_langchain.privacy.detectors.spans import Span, SpanFinder, ValueKind
from cogenesis_langchain.privacy.detectors.terms import find_terms

_FINDERS: Final[tuple[SpanFinder, ...]] = (
    find_patterns,
    find_numbered,
    find_addresses,
    find_labelled,
    find_lines_of_forms,
    find_names,
    find_cjk,
    find_terms,
)
_INSTRUCTION_FINDERS: Final[tuple[SpanFinder, ...]] = (
    find_addresses_of_machines,
    find_announced_codes,
    find_numbered,
    find_addresses,
    find_introduced_names,
)
_SHAPED: Final[frozenset[ValueKind]] = frozenset(
    {"EMAIL", "PHONE", "CARD", "ACCOUNT", "URL", "IP", "DATE", "TIME", "AMOUNT", "QUANTITY"}
)
_EXACT_SUM: Final = re.compile(r"number (?=.*\d.*\d.*\d)")
_READERS: Final[tuple[ParsedValueFinder, ...]] = (find_dates, find_times, find_amounts)


def find_spans(text: str) -> list[Span]:
    """Everything private in a private text, in order; spans may overlap."""
    spans = {span for finder in _FINDERS for span in finder(text)}
    spans.update(
        Span(reading.start, reading.end, reading.kind)
        for reader in _READERS
        for reading in reader(text)
    )
    spans.update(_outside(spans, find_counts(text)))
    return sorted(spans)


def _outside(spans: Iterable[Span], counts: Iterable[ParsedValue]) -> Iterator[Span]:
    """Numbers that are not part of something with a shape of its own, like a date or a code."""
    taken = {
        place for span in spans if span.kind in _SHAPED for place in range(span.start, span.end)
    }
    for count in counts:
        if taken.isdisjoint(range(count.start, count.end)):
            yield Span(count.start, count.end, count.kind)


def read_for_probing(text: str) -> Iterator[ParsedValue]:
    """Every date, time and number in a text that is searched for private values."""
    figures = list(find_figures(text))
    yield from find_dates(text)
    yield from find_times(text)
    yield from find_numbers(text, figures)
    yield from find_counted(text, figures)


def find_spans_in_instruction(text: str) -> list[Span]:
    """What is private in an instruction whatever the context, in order; spans may overlap.

    Only what hardly ever stands in a general instruction: addresses, numbers with a meaning of
    their own, full dates, exact sums, names that are introduced as somebody's.
    """
    spans = {span for finder in _INSTRUCTION_FINDERS for span in finder(text)}
    spans.update(
        Span(reading.start, reading.end, reading.kind)
        for reading in (*find_dates(text), *find_amounts(text))
        if _is_exact(reading)
    )
    return sorted(spans)


def _is_exact(reading: ParsedValue) -> bool:
    """A day of a year, or a sum of money that is not round."""
    if reading.kind == "DATE":
        return any(mark.startswith("date *") for mark in reading.canonical)
    return reading.kind == "AMOUNT" and any(
        _EXACT_SUM.match(mark) is not None for mark in reading.canonical
    )
