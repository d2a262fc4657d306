"""Checks that records are consistent before anything is measured on them.

A private string that is not in the context, or a required fact that even the reference does not
state, would silently make every figure meaningless.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cogenesis_langchain.datasets.occurrence import occurs
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import DatasetError

_SHOWN_FAULTS: Final = 10

OWN_LENGTHS: Final = {
    "context": (350, 600),  # words, with the personal part of the instruction
    "instruction.general": (8, 40),  # words; the border refuses long ones
    "reference": (120, 200),  # words
    "earlier_writings": (2, 3),
    "required_facts": (3, 6),
    "private_strings": (8, 15),
}
"""Minimum and maximum size of each part of the project's own records."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a record, without its content."""

    record_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.record_id}: {self.what}"


def find_faults(
    records: Sequence[Record], lengths: Mapping[str, tuple[int, int]] | None = None
) -> tuple[Fault, ...]:
    """List everything that is wrong with a set of records.

    Args:
        records: A set, in which ids are unique.
        lengths: Sizes of parts, such as `OWN_LENGTHS`; None for sets of other origin.
    """
    counts = Counter(record.id for record in records)
    faults = [
        Fault(one, f"id: used by {count} records") for one, count in counts.items() if count > 1
    ]
    for record in records:
        problems = [*_unfounded_strings(record), *_unfounded_facts(record)]
        problems += _wrong_lengths(record, lengths or {})
        faults += [Fault(record.id, problem) for problem in problems]
    return tuple(faults)


def check(records: Sequence[Record], lengths: Mapping[str, tuple[int, int]] | None = None) -> None:
    """Check a set of records; see `find_faults`.

    Raises:
        DatasetError: The set is empty or has faults; the message lists the first ones.
    """
    if not records:
        raise DatasetError("the set holds no records", remedy="give at least one record")
    if faults := find_faults(records, lengths):
        shown = "\n".join(f"  {fault}" for fault in faults[:_SHOWN_FAULTS])
        raise DatasetError(
            f"{len(faults)} faults in {len(records)} records, the first of them:\n{shown}",
            remedy="correct the records; find_faults lists all faults",
        )


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
    folded = [string.casefold() for string in strings]
    yield from (index for index, string in enumerate(folded) if string in folded[:index])


def _wrong_lengths(record: Record, lengths: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    counts = {
        "context": len(record.private_text.split()),
        "instruction.general": len(record.instruction.general.split()),
        "reference": len(record.reference.split()),
        "earlier_writings": len(record.earlier_writings),
        "required_facts": len(record.required_facts),
        "private_strings": len(record.private_strings),
    }
    for part, (least, most) in lengths.items():
        if not least <= counts[part] <= most:
            yield f"{part}: {counts[part]}, not {least} to {most}"
