"""The project's own records and instructions are what they claim to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.datasets.occurrence import occurs
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.datasets.validate import OWN_LENGTHS, check

ROOT = Path(__file__).parents[2]
DATA = ROOT / "experiments" / "data"
SETS = {"development": 40, "test": 20}
ENCLOSURE = re.compile(r"\[A/[1-3]\]")
"""How one of the people numbers three enclosures: no blanks."""


def load(name: str) -> tuple[Record, ...]:
    return load_records(DATA / f"{name}.jsonl")


@pytest.mark.parametrize(("name", "size"), SETS.items())
def test_each_set_is_complete_and_sound(name: str, size: int) -> None:
    records = load(name)
    assert len(records) == size
    check(records, OWN_LENGTHS)


def test_training_records_are_sound_and_share_nobody_with_the_other_sets() -> None:
    training = load("training")
    assert len(training) == 320
    check(training)
    judged = [record for name in SETS for record in load(name)]
    assert not {record.id for record in training} & {record.id for record in judged}
    people = {fact for record in judged for fact in record.profile.facts}
    assert not {fact for record in training for fact in record.profile.facts} & people


def test_no_person_and_no_instruction_appears_twice() -> None:
    records = [record for name in SETS for record in load(name)]
    for distinct in (
        {record.id for record in records},
        {record.profile.facts[0] for record in records},
        {record.profile.style for record in records},
        {record.instruction.general for record in records},
    ):
        assert len(distinct) == len(records)


def test_many_facts_have_to_be_looked_up_in_the_stored_context() -> None:
    facts = [
        (fact, record) for name in SETS for record in load(name) for fact in record.required_facts
    ]
    looked_up = sum(
        not any(occurs(form, record.instruction.personal) for form in fact.forms)
        for fact, record in facts
    )
    assert looked_up / len(facts) > 0.4


def test_references_leave_no_placeholders() -> None:
    for name in SETS:
        for record in load(name):
            assert not any(mark in record.reference for mark in ("[NAME", "[DATE", "<", "{", "XXX"))
            told = ENCLOSURE.sub("", record.reference)
            assert leftover_placeholders(told) == 0
            assert leftover_placeholders(f"{told} [Name]") == 1


def test_sketch_instructions_are_thirty_different_ones_of_fitting_length() -> None:
    lines = (ROOT / "tests" / "data" / "sketch_instructions.txt").read_text().splitlines()
    assert len(set(lines)) == len(lines) == 30
    assert all(8 <= len(line.split()) <= 40 for line in lines)
