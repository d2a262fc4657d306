from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.datasets.occurrence import occurs
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.sketch.template import Words
from cogenesis_langchain.training.worked_template import WorkedTemplate, work_out

RECORDS = load_records(Path(__file__).parents[2] / "experiments" / "data" / "training.jsonl")[::16]
SEEDS = range(3)


def worked(record: Record, seed: int) -> WorkedTemplate:
    made = work_out(record, Random(seed))
    assert made is not None
    return made


def filled(one: WorkedTemplate) -> str:
    fillings = iter(one.fillings)
    return "".join(
        part.text if isinstance(part, Words) else next(fillings) for part in one.template.parts
    )


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_filled_template_is_the_text_that_it_was_made_of(seed: int) -> None:
    for record in RECORDS:
        one = worked(record, seed)
        told = squeezed(filled(one))
        if not one.untold:
            assert told == squeezed(record.reference), record.id
        for _, sentence in one.untold:
            assert squeezed(sentence) in squeezed(record.reference)
            assert squeezed(sentence) not in told
        paragraphs = record.reference.strip().count("\n\n")
        assert filled(one).count("\n\n") >= paragraphs - len(one.untold)


def test_required_facts_stand_in_slots() -> None:
    facts = hidden = 0
    for record in RECORDS:
        words = " ".join(
            part.text for part in worked(record, 1).template.parts if isinstance(part, Words)
        )
        facts += len(record.required_facts)
        hidden += sum(
            not any(occurs(form, words) for form in fact.forms) for fact in record.required_facts
        )
    # A fact can be told a second time, and in a heading, which is never taken out.
    assert hidden >= 0.9 * facts


def test_another_seed_gives_another_template() -> None:
    record = RECORDS[0]
    assert len({str(worked(record, seed).template) for seed in range(5)}) > 1


def test_the_same_seed_gives_the_same_template() -> None:
    assert worked(RECORDS[0], 3) == worked(RECORDS[0], 3)


def test_a_text_with_brackets_of_its_own_is_passed_over() -> None:
    record = RECORDS[0].model_copy(update={"reference": "See [annex 1] for the plan of the work."})
    assert work_out(record, Random(1)) is None


def test_slots_for_names_are_the_addressee_and_the_writer() -> None:
    one = worked(RECORDS[0], 1)
    names = {
        filling: slot.description
        for slot, filling in zip(one.template.slots, one.fillings, strict=True)
        if slot.kind == "name"
    }
    assert "name of the addressee" in names.values()
    assert "writer's name" in names.values()
