"""Recall and false alarms of the detectors on each part of the labelled set."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.labelled import (
    HALVES,
    Half,
    contexts,
    false_alarms,
    general_instructions,
    missed_labels,
    spans_of,
)
from support.releases import release

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.privacy.matching.value_set import ValueSet, detect_in_instruction

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[3] / "experiments" / "data"

LEAST_RECALL: dict[Half, float] = {
    "development": 0.99,
    "held_out": 0.99,
    "unseen_1": 0.96,
    "unseen_2": 0.96,
}
MOST_FALSE_ALARMS = 0.02


def guard_of(context: str) -> ValueSet:
    return ValueSet.from_texts([context])


def guard_without_phrases(context: str) -> ValueSet:
    return ValueSet.from_texts([context], phrase_words=1000)


@cache
def one_store(half: Half) -> ValueSet:
    store = ValueSet()
    for context in contexts(half):
        store = store.union(guard_of(context.text))
    return store


def test_the_labelled_set_is_large_enough() -> None:
    every = [context for half in HALVES for context in contexts(half)]
    labels = [label for context in every for label in context.labels]
    assert len(every) >= 60 and len({context.language for context in every}) >= 12
    assert len(labels) >= 250 and len({label.kind for label in labels}) >= 15
    assert all(label.text in context.text for context in every for label in context.labels)
    assert sum(len(general_instructions(half)) for half in HALVES) >= 250


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("make", [guard_of, guard_without_phrases])
def test_private_strings_are_recognised_in_instructions(
    half: Half, make: Callable[[str], ValueSet]
) -> None:
    missed = missed_labels(half, lambda context: spans_of(make(context)))
    labels = sum(len(context.labels) for context in contexts(half))
    assert len(missed) <= (1 - LEAST_RECALL[half]) * labels, missed


@pytest.mark.parametrize("half", HALVES)
def test_general_instructions_stay_as_they_are(half: Half) -> None:
    alarms = false_alarms(half, spans_of(one_store(half)))
    assert len(alarms) <= MOST_FALSE_ALARMS * len(general_instructions(half)), alarms


@pytest.mark.parametrize("half", HALVES)
def test_payloads_of_general_instructions_raise_no_more_alarms(half: Half) -> None:
    store, instructions = one_store(half), general_instructions(half)
    bodies = (json.dumps({"model": "large", "input": text}) for text in instructions)
    alarms = [body for body in bodies if store.find_in_payload(body.encode())]
    assert len(alarms) <= MOST_FALSE_ALARMS * len(instructions), alarms


@pytest.mark.parametrize("half", HALVES)
def test_general_instructions_hold_nothing_private_by_themselves(half: Half) -> None:
    assert not false_alarms(
        half, lambda text: [(hit.start, hit.end) for hit in detect_in_instruction(text)]
    )


def test_an_empty_guard_misses_all() -> None:
    labels = sum(len(context.labels) for context in contexts("held_out"))
    assert len(missed_labels("held_out", lambda _: spans_of(ValueSet()))) == labels


def test_general_instructions_stay_whole_beside_the_notes_of_their_authors() -> None:
    """Everyday words of a task occur in the notes too: "payroll", "grandson", "suitcase"."""
    records = [
        record
        for name in ("development", "test")
        for record in load_records(DATA / f"{name}.jsonl")
    ]
    masked = [
        record.id
        for record in records
        if release(record.instruction.general, [record.context]).masked
    ]
    assert len(records) == 60 and len(masked) <= 4, masked
