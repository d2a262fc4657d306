"""Whether a text states the required facts, and whether it invents values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.datasets.occurrence import occurs
from cogenesis_langchain.datasets.record import Record, RequiredFact
from cogenesis_langchain.privacy.detectors.combined import find_spans
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import TITLES
from cogenesis_langchain.privacy.detectors.lexicons.words import (
    is_everyday,
    is_known_name,
    is_surname,
)
from cogenesis_langchain.privacy.detectors.quantities.amounts import parse_all_amounts
from cogenesis_langchain.privacy.detectors.quantities.dates import find_dates, find_times
from cogenesis_langchain.privacy.detectors.quantities.numbers import find_numbers
from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind
from experiments.attempt import Attempt
from experiments.scorers.metric import Metric, of_text

_NAMES: Final[frozenset[ValueKind]] = frozenset({"NAME", "ORGANISATION", "PLACE"})
_IDENTIFIERS: Final[frozenset[ValueKind]] = frozenset(
    {"EMAIL", "PHONE", "CARD", "ACCOUNT", "URL", "IP"}
)
_NAME_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_LIST_MARK: Final = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)


def _required_facts(record: Record, attempt: Attempt) -> float | None:
    if not record.required_facts:
        return None
    present = sum(states(attempt.text, fact) for fact in record.required_facts)
    return present / len(record.required_facts)


def states(text: str, fact: RequiredFact) -> bool:
    """Whether a text states a fact in an accepted form; a date may have any spelling."""
    if any(occurs(form, text) for form in fact.forms):
        return True
    said = [date.lookup_forms for date in find_dates(text)]
    return any(
        date.lookup_forms & forms
        for form in fact.forms
        for date in find_dates(form)
        if (date.start, date.end) == (0, len(form))
        for forms in said
    )


def _leftovers(_: Record, attempt: Attempt) -> float:
    return leftover_placeholders(attempt.text)


def _invented(record: Record, attempt: Attempt) -> float:
    return len(invented_values(record, attempt.text))


def invented_values(record: Record, text: str) -> frozenset[str]:
    """Return the values of a text that are not in the private text or the general instruction.

    Dates, times and numbers may have any spelling. Of a name, every distinctive word must occur.
    Addresses and identifiers must occur verbatim. A number that is computed from others counts as
    invented, and so does one below thirteen that was told in words and written in figures. The
    values are private and in lower case; reports use their count.
    """
    told = f"{record.instruction.general}\n{record.private_text}"
    told_probes = frozenset(probe for found in _readings(told).values() for probe in found)
    readings = _readings(text)
    named = [span for span in find_spans(text) if span.kind in _NAMES | _IDENTIFIERS]
    return frozenset(
        text[span.start : span.end].strip(" .,;").casefold()
        for span in _longest([*named, *readings])
        if readings.get(span, frozenset()).isdisjoint(told_probes)
        and not _is_told(span.kind, text[span.start : span.end], told)
    )


def _is_told(kind: ValueKind, value: str, told: str) -> bool:
    if kind in _NAMES:
        return all(occurs(word, told) for word in _distinctive_words(value))
    return occurs(value, told)


def _distinctive_words(name: str) -> Iterator[str]:
    """The distinctive words of a name; after a title, all of them."""
    found = _NAME_WORD.findall(name)
    titled = any(word.casefold() in TITLES for word in found)
    for word in found:
        if word.casefold() in TITLES:
            continue
        if titled or is_known_name(word) or is_surname(word) or not is_everyday(word):
            yield word


def _readings(text: str) -> dict[Span, frozenset[str]]:
    """Dates, times and numbers with their normal forms; the numbers of list items are left out."""
    marks = [match.span() for match in _LIST_MARK.finditer(text)]
    found: dict[Span, frozenset[str]] = {}
    numbers = parse_all_amounts(text, find_numbers(text))
    for reading in (*find_dates(text), *find_times(text), *numbers):
        if not any(start <= reading.start < end for start, end in marks):
            span = Span(reading.start, reading.end, reading.kind)
            found[span] = found.get(span, frozenset()) | reading.lookup_forms
    return found


def _longest(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans that do not overlap; of those that do, the longest."""
    taken: set[int] = set()
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        places = range(span.start, span.end)
        if taken.isdisjoint(places):
            taken.update(places)
            yield span


REQUIRED_FACTS: Final = Metric("required facts", "share", "higher", of_text(_required_facts))
"""Share of the required facts that the text states in an accepted form."""
LEFTOVER_PLACEHOLDERS: Final = Metric(
    "left-over placeholders", "placeholders", "lower", of_text(_leftovers)
)
"""Number of unfilled blanks such as [date]."""
INVENTED_VALUES: Final = Metric("invented values", "values", "lower", of_text(_invented))
"""Number of values that were not told; see `invented_values`."""
