from __future__ import annotations

from math import isnan

import pytest
from inspect_ai.model import ModelName
from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import TaskState
from support.attempts import attempt, record
from support.word_embeddings import WordEmbeddings

from experiments.attempt import Attempt
from experiments.scorers.likeness import closeness_to_earlier_writing
from experiments.scorers.text_scorers import METRICS, text_scorers


def state(written: Attempt) -> TaskState:
    metadata = {"record": record().model_dump(mode="json")}
    made = TaskState(ModelName("none/none"), "r1", 1, "", [], metadata=metadata)
    written.save(made.store)
    return made


async def scored(scorer: Scorer, written: Attempt) -> dict[str, float]:
    score = await scorer(state(written), Target(""))
    assert isinstance(score, Score)
    assert isinstance(score.value, dict)
    return {str(name): float(value or 0.0) for name, value in score.value.items()}


def test_every_metric_has_a_name_of_its_own_and_a_unit() -> None:
    chosen = [*METRICS, closeness_to_earlier_writing(WordEmbeddings())]
    assert len({metric.name for metric in chosen}) == len(chosen) == 24
    assert all(metric.unit for metric in chosen)


def test_every_metric_measures_a_text_twice_alike() -> None:
    text = attempt("Two words, or a few more.", sketch=("A few words",), template="Two [number].")
    chosen = [*METRICS, closeness_to_earlier_writing(WordEmbeddings())]
    once = [metric.measure(record(), text) for metric in chosen]
    assert None not in once
    assert [metric.measure(record(), text) for metric in chosen] == once


async def test_the_scorers_give_the_value_of_every_metric() -> None:
    written = attempt(
        "Three nights, 38 euros each.",
        sketch=("Three nights are missing",),
        template="Three nights, [price] each.",
    )
    found: dict[str, float] = {}
    for scorer in text_scorers(with_closeness=False):
        found |= await scored(scorer, written)
    assert found == {
        metric.name: pytest.approx(metric.measure(record(), written)) for metric in METRICS
    }


async def test_what_does_not_apply_has_no_value() -> None:
    found: dict[str, float] = {}
    for scorer in text_scorers(with_closeness=False):
        found |= await scored(scorer, attempt(failure="CloudTimeout: no answer"))
    assert {name for name, value in found.items() if not isnan(value)} == {
        metric.name
        for metric in METRICS
        if metric.measure(record(), attempt(failure="x")) is not None
    }
    assert found["failed"] == 1.0
    assert isnan(found["required facts"])
