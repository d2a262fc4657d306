"""Check that records make sense before anything is measured on them.

A private string that the context does not hold, or a required fact that even the reference does not
state, would make every figure computed from it meaningless without anyone noticing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from experiments.errors import DatasetError
from experiments.records.occurrence import occurs
from experiments.records.record import Record

_SHOWN_FAULTS: Final = 10


@dataclass(frozen=True)
class Span:
    """An inclusive range of counts."""

    least: int
    most: int

    def __contains__(self, count: int) -> bool:
        return self.least <= count <= self.most

    def __str__(self) -> str:
        return f"{self.least} to {self.most}"


@dataclass(frozen=True)
class Lengths:
    """How long the parts of a record may be; the defaults are those of the project's own records.

    Attributes:
        context: Words of profile, activity log, earlier writings and personal instruction.
        general: Words of the general instruction; the border refuses long ones.
        reference: Words of the reference.
        earlier_writings: Number of earlier writings.
        required_facts: Number of required facts.
        private_strings: Number of private strings.
    """

    context: Span = Span(350, 600)
    general: Span = Span(8, 40)
    reference: Span = Span(120, 200)
    earlier_writings: Span = Span(2, 3)
    required_facts: Span = Span(3, 6)
    private_strings: Span = Span(8, 15)


@dataclass(frozen=True)
class Fault:
    """Something wrong with a record, told without its content.

    Attributes:
        record_id: The record.
        what: The field and what is wrong with it.
    """

    record_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.record_id}: {self.what}"


def find_faults(records: Sequence[Record], lengths: Lengths | None = None) -> tuple[Fault, ...]:
    """List everything wrong with a set of records.

    Args:
        records: One set; ids are unique within it.
        lengths: Bounds to hold; none are held when omitted, as for sets of other origin.

    Returns:
        The faults in the order of the records; empty when all is well.
    """
    faults = list(_duplicates(records))
    for record in records:
        problems = [*_unfounded_strings(record), *_unfounded_facts(record)]
        if lengths is not None:
            problems += _wrong_lengths(record, lengths)
        faults += [Fault(record.id, problem) for problem in problems]
    return tuple(faults)


def check(records: Sequence[Record], lengths: Lengths | None = None) -> None:
    """Raise if a set of records has faults, or no records at all.

    Args:
        records: One set.
        lengths: As for `find_faults`.

    Raises:
        DatasetError: The set is empty or has faults; the message lists the first ones.
    """
    if not records:
        raise DatasetError("the set holds no records", remedy="give at least one record")
    faults = find_faults(records, lengths)
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:_SHOWN_FAULTS])
        raise DatasetError(
            f"{len(faults)} faults in {len(records)} records, the first of them:\n{shown}",
            remedy="correct the records; find_faults lists all faults",
        )


def _duplicates(records: Sequence[Record]) -> Iterator[Fault]:
    counts = Counter(record.id for record in records)
    for record_id, count in counts.items():
        if count > 1:
            yield Fault(record_id, f"id: used by {count} records")


def _unfounded_strings(record: Record) -> Iterator[str]:
    private_text = record.private_text
    for index, string in enumerate(record.private_strings):
        if not occurs(string, private_text):
            yield f"private_strings[{index}]: not in the private context"
        if occurs(string, record.instruction.general):
            yield f"private_strings[{index}]: in the general instruction"
    for index in _repeated(record.private_strings):
        yield f"private_strings[{index}]: listed before"


def _unfounded_facts(record: Record) -> Iterator[str]:
    private_text = record.private_text
    for index, fact in enumerate(record.required_facts):
        if not any(occurs(form, record.reference) for form in fact.forms):
            yield f"required_facts[{index}]: no form in the reference"
        if not any(occurs(form, private_text) for form in fact.forms):
            yield f"required_facts[{index}]: no form in the private context"
        if any(occurs(form, record.instruction.general) for form in fact.forms):
            yield f"required_facts[{index}]: given away by the general instruction"
    for index in _repeated([fact.name for fact in record.required_facts]):
        yield f"required_facts[{index}]: its name is used before"


def _repeated(strings: Sequence[str]) -> Iterator[int]:
    seen: set[str] = set()
    for index, string in enumerate(strings):
        if string.casefold() in seen:
            yield index
        seen.add(string.casefold())


def _wrong_lengths(record: Record, lengths: Lengths) -> Iterator[str]:
    counts = {
        "context": (len(record.private_text.split()), lengths.context, "words"),
        "instruction.general": (
            len(record.instruction.general.split()),
            lengths.general,
            "words",
        ),
        "reference": (len(record.reference.split()), lengths.reference, "words"),
        "earlier_writings": (len(record.earlier_writings), lengths.earlier_writings, "texts"),
        "required_facts": (len(record.required_facts), lengths.required_facts, "facts"),
        "private_strings": (len(record.private_strings), lengths.private_strings, "strings"),
    }
    for field, (count, span, unit) in counts.items():
        if count not in span:
            yield f"{field}: {count} {unit}, not {span}"
