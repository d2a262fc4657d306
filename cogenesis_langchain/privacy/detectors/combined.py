"""Runs all detectors of the library over a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.addresses import find_addresses
from cogenesis_langchain.privacy.detectors.cjk import find_cjk
from cogenesis_langchain.privacy.detectors.identifying_numbers import find_identifying_numbers
from cogenesis_langchain.privacy.detectors.labelled import find_form_values, find_labelled
from cogenesis_langchain.privacy.detectors.names import find_introduced_names, find_names
from cogenesis_langchain.privacy.detectors.opaque import find_opaque
from cogenesis_langchain.privacy.detectors.patterns import (
    find_labelled_codes,
    find_network_addresses,
    find_patterns,
)
from cogenesis_langchain.privacy.detectors.quantities.amounts import find_amounts, parse_all_amounts
from cogenesis_langchain.privacy.detectors.quantities.counts import find_counts, parse_all_counts
from cogenesis_langchain.privacy.detectors.quantities.dates import find_dates, find_times
from cogenesis_langchain.privacy.detectors.quantities.numbers import find_numbers
from cogenesis_langchain.privacy.detectors.quantities.parsed_value import (
    ParsedValue,
    ParsedValueFinder,
)
from cogenesis_langchain.privacy.detectors.secrets import find_secrets
from cogenesis_langchain.privacy.detectors.spans import Span, SpanFinder, ValueKind
from cogenesis_langchain.privacy.detectors.strict import find_in_any_instruction
from cogenesis_langchain.privacy.detectors.terms import find_terms
from cogenesis_langchain.privacy.detectors.windows import windows

_FINDERS: Final[tuple[SpanFinder, ...]] = (
    find_patterns,
    find_secrets,
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
    find_secrets,
    find_identifying_numbers,
    find_addresses,
    find_introduced_names,
    find_opaque,
)
# Kinds whose digits are no counts.
_STRUCTURED: Final[frozenset[ValueKind]] = frozenset(
    {"EMAIL", "PHONE", "CARD", "ACCOUNT", "URL", "IP", "DATE", "TIME", "AMOUNT", "QUANTITY"}
)
_EXACT_SUM: Final = re.compile(r"number (?=.*\d.*\d.*\d)")  # at least three digits
# "in the year 2150" is neither a sum nor a count.
_THE_YEAR: Final = re.compile(r"\b(?:year|jahr|année|año|anno|ano)\s\Z", re.IGNORECASE)
_YEAR_REACH: Final = 10
_PARSERS: Final[tuple[ParsedValueFinder, ...]] = (find_dates, find_times, find_amounts)


def find_spans(text: str) -> list[Span]:
    """Return all private values of a private text as ordered spans, which may overlap."""
    return _over_windows(text, _find_spans)


def _over_windows(text: str, find: Callable[[str], Iterable[Span]]) -> list[Span]:
    """Return the spans found in any window of a text, in order."""
    return sorted(
        {
            Span(start + span.start, start + span.end, span.kind)
            for start, piece in windows(text)
            for span in find(piece)
        }
    )


def _find_spans(text: str) -> Iterable[Span]:
    spans = {span for finder in _FINDERS for span in finder(text)}
    spans.update(
        Span(parsed.start, parsed.end, parsed.kind)
        for parser in _PARSERS
        for parsed in parser(text)
    )
    spans.update(_counts_outside(spans, find_counts(text)))
    return spans


def _counts_outside(spans: Iterable[Span], counts: Iterable[ParsedValue]) -> Iterator[Span]:
    """Yield the counts that are not a part of a structured value, such as a date."""
    taken = {
        place for span in spans if span.kind in _STRUCTURED for place in range(span.start, span.end)
    }
    for count in counts:
        if taken.isdisjoint(range(count.start, count.end)):
            yield Span(count.start, count.end, count.kind)


def parse_all_values(text: str) -> Iterator[ParsedValue]:
    """Parse every date, time and number of a text that is searched for private values."""
    for start, piece in windows(text):
        numbers = [
            number
            for number in find_numbers(piece)
            if not _THE_YEAR.search(piece, max(0, number.start - _YEAR_REACH), number.start)
        ]
        for parsed in (
            *find_dates(piece),
            *find_times(piece),
            *parse_all_amounts(piece, numbers),
            *parse_all_counts(piece, numbers),
        ):
            yield parsed._replace(start=start + parsed.start, end=start + parsed.end)


def find_spans_in_instruction(text: str, *, strict: bool = False) -> list[Span]:
    """Return the values that are private in any instruction as ordered spans, which may overlap.

    These are kinds that a general instruction hardly ever contains: addresses, identifying
    numbers, full dates, exact sums, names after a title or a relation ("my wife Anna"), and
    opaque strings.

    Args:
        text: An instruction.
        strict: Also find names, places, organisations, conditions and special categories.
    """
    spans = _over_windows(text, _find_spans_in_instruction)
    return sorted({*spans, *_over_windows(text, find_in_any_instruction)}) if strict else spans


def _find_spans_in_instruction(text: str) -> Iterable[Span]:
    spans = {span for finder in _INSTRUCTION_FINDERS for span in finder(text)}
    spans.update(
        Span(parsed.start, parsed.end, parsed.kind)
        for parsed in (*find_dates(text), *find_amounts(text))
        if _is_exact(parsed)
    )
    return spans


def _is_exact(parsed: ParsedValue) -> bool:
    """Return whether a value is a date with its year, or a sum of money that is not round."""
    if parsed.kind == "DATE":
        return any(form.startswith("date *") for form in parsed.canonical_forms)
    return parsed.kind == "AMOUNT" and any(
        _EXACT_SUM.match(form) is not None for form in parsed.canonical_forms
    )
