"""All detectors of the library over one text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.addresses import find_addresses
from cogenesis_langchain.privacy.detectors.amounts import find_amounts, parse_all_amounts
from cogenesis_langchain.privacy.detectors.cjk import find_cjk
from cogenesis_langchain.privacy.detectors.counts import find_counts, parse_all_counts
from cogenesis_langchain.privacy.detectors.dates import find_dates, find_times
from cogenesis_langchain.privacy.detectors.identifying_numbers import find_identifying_numbers
from cogenesis_langchain.privacy.detectors.labelled import find_form_values, find_labelled
from cogenesis_langchain.privacy.detectors.names import find_introduced_names, find_names
from cogenesis_langchain.privacy.detectors.numbers import find_numbers
from cogenesis_langchain.privacy.detectors.parsed_value import ParsedValue, ParsedValueFinder
from cogenesis_langchain.privacy.detectors.patterns import (
    find_labelled_codes,
    find_network_addresses,
    find_patterns,
)
from cogenesis_langchain.privacy.detectors.spans import Span, SpanFinder, ValueKind
from cogenesis_langchain.privacy.detectors.terms import find_terms

_FINDERS: Final[tuple[SpanFinder, ...]] = (
    find_patterns,
    find_identifying_numbers,
    find_addresses,
    find_labelled,
    find_form_values,
    find_names,
    find_cjk,
    find_terms,
)
_INSTRUCTION_FINDERS: Final[tuple[SpanFinder, ...]] = (
    find_network_addresses,
    find_labelled_codes,
    find_identifying_numbers,
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
        Span(parsed.start, parsed.end, parsed.kind)
        for reader in _READERS
        for parsed in reader(text)
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


def parse_all_values(text: str) -> Iterator[ParsedValue]:
    """Every date, time and number in a text that is searched for private values."""
    numbers = list(find_numbers(text))
    yield from find_dates(text)
    yield from find_times(text)
    yield from parse_all_amounts(text, numbers)
    yield from parse_all_counts(text, numbers)


def find_spans_in_instruction(text: str) -> list[Span]:
    """What is private in an instruction whatever the context, in order; spans may overlap.

    Only what hardly ever stands in a general instruction: addresses, numbers with a meaning of
    their own, full dates, exact sums, names that are introduced as somebody's.
    """
    spans = {span for finder in _INSTRUCTION_FINDERS for span in finder(text)}
    spans.update(
        Span(parsed.start, parsed.end, parsed.kind)
        for parsed in (*find_dates(text), *find_amounts(text))
        if _is_exact(parsed)
    )
    return sorted(spans)


def _is_exact(parsed: ParsedValue) -> bool:
    """A day of a year, or a sum of money that is not round."""
    if parsed.kind == "DATE":
        return any(mark.startswith("date *") for mark in parsed.canonical_forms)
    return parsed.kind == "AMOUNT" and any(
        _EXACT_SUM.match(mark) is not None for mark in parsed.canonical_forms
    )
