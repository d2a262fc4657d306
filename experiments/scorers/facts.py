"""Whether a text says what it must say, and nothing that nobody told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.privacy.detectors.amounts import parse_all_amounts
from cogenesis_langchain.privacy.detectors.combined import find_spans
from cogenesis_langchain.privacy.detectors.dates import find_dates, find_times
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import TITLES
from cogenesis_langchain.privacy.detectors.lexicons.words import (
    is_everyday,
    is_known_name,
    is_surname,
)
from cogenesis_langchain.privacy.detectors.numbers import find_numbers
from cogenesis_langchain.privacy.detectors.spans import Span, ValueKind
from experiments.attempt import Attempt
from experiments.records.occurrence import occurs
from experiments.records.record import Record
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
    present = sum(
        any(occurs(form, attempt.text) for form in fact.forms) for fact in record.required_facts
    )
    return present / len(record.required_facts)


def _leftovers(_: Record, attempt: Attempt) -> float:
    return leftover_placeholders(attempt.text)


def _invented(record: Record, attempt: Attempt) -> float:
    return len(invented_values(record, attempt.text))


def invented_values(record: Record, text: str) -> frozenset[str]:
    """Numbers, dates, times, names and addresses of a text that nobody told its writer.

    Known is what the private text or the general instruction holds: a date, time or number in any
    spelling; a name of which every telling word occurs there; an address or an identifier as it
    is written. A number that is computed from others counts as invented, and so does one
    that is told in words below thirteen and written in figures; a number is known in whatever
    role it occurs. Private: for reports use the count.

    Args:
        record: What the writer was told.
        text: What was written.

    Returns:
        Each invented value once, in lower case.
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
        return all(occurs(word, told) for word in _telling_words(value))
    return occurs(value, told)


def _telling_words(name: str) -> Iterator[str]:
    """The words of a name that tell who or what is meant: after a title all of them."""
    found = _NAME_WORD.findall(name)
    titled = any(word.casefold() in TITLES for word in found)
    for word in found:
        if word.casefold() in TITLES:
            continue
        if titled or is_known_name(word) or is_surname(word) or not is_everyday(word):
            yield word


def _readings(text: str) -> dict[Span, frozenset[str]]:
    """Dates, times and numbers, but not the numbers of a list's items, and what each can mean."""
    marks = [match.span() for match in _LIST_MARK.finditer(text)]
    found: dict[Span, frozenset[str]] = {}
    numbers = parse_all_amounts(text, find_numbers(text))
    for reading in (*find_dates(text), *find_times(text), *numbers):
        if not any(start <= reading.start < end for start, end in marks):
            span = Span(reading.start, reading.end, reading.kind)
            found[span] = found.get(span, frozenset()) | reading.lookup_forms
    return found


def _longest(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans that do not overlap, the longest first to choose."""
    taken: set[int] = set()
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        places = range(span.start, span.end)
        if taken.isdisjoint(places):
            taken.update(places)
            yield span


REQUIRED_FACTS: Final = Metric(
    "required facts",
    "share of the required facts that the text states in an accepted form",
    "share",
    "higher",
    of_text(_required_facts),
)
LEFTOVER_PLACEHOLDERS: Final = Metric(
    "left-over placeholders",
    "blanks such as [date] that were not filled in",
    "placeholders",
    "lower",
    of_text(_leftovers),
)
INVENTED_VALUES: Final = Metric(
    "invented values",
    "numbers, dates, names and addresses that neither the context nor the instruction holds",
    "values",
    "lower",
    of_text(_invented),
)
