from __future__ import annotations

import random

import evaluated_run
import pytest

from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.metrics.facts import REQUIRED_FACTS
from cogenesis_langchain.evaluation.metrics.traffic import FAILED, SECONDS
from cogenesis_langchain.evaluation.report.findings import Roles
from cogenesis_langchain.evaluation.report.measures import (
    Results,
    gap_closed,
    gather,
    of_likelihoods,
    of_ratings,
    of_texts,
)
from cogenesis_langchain.evaluation.report.tables import comparison
from cogenesis_langchain.evaluation.results import Attempt, Likelihood, Rating

RECORDS = evaluated_run.records(3)


def attempt(record: str, setting: str, seed: int = 0, **fields: object) -> Attempt:
    return Attempt.model_validate(
        {"record": record, "setting": setting, "seed": seed, "text": "It is 800 euros."} | fields
    )


def test_texts_of_one_record_are_averaged_before_records_are() -> None:
    attempts = [attempt("r00", "a", seed, seconds=s) for seed, s in enumerate((1.0, 3.0))]
    attempts.append(attempt("r01", "a", seconds=6.0))
    measured = of_texts(Results.sorted(["a"], RECORDS, attempts), SECONDS)
    estimate = measured.estimate("a")
    assert measured.values == {"a": {"r00": 2.0, "r01": 6.0}}
    assert estimate is not None
    assert estimate.mean == 4.0
    assert estimate.count == 2


def test_shares_are_given_in_percent() -> None:
    results = Results.sorted(["a"], RECORDS, [attempt("r00", "a"), attempt("r01", "a")])
    measured = of_texts(results, REQUIRED_FACTS)
    assert measured.title == "required facts (%)"
    assert measured.values == {"a": {"r00": 100.0, "r01": 0.0}}


def test_a_failed_attempt_says_no_facts_but_took_its_time() -> None:
    failed = attempt("r00", "a", text="", failure="CloudTimeout: no answer in time", seconds=9.0)
    results = Results.sorted(["a"], RECORDS, [failed])
    assert of_texts(results, REQUIRED_FACTS).estimate("a") is None
    assert of_texts(results, SECONDS).values == {"a": {"r00": 9.0}}
    assert of_texts(results, FAILED).values == {"a": {"r00": 100.0}}


def test_differences_are_paired_over_the_records_that_both_have() -> None:
    measured = gather("m", "", True, [("a", "r0", 1.0), ("a", "r1", 5.0), ("b", "r1", 4.0)])
    difference = measured.difference("a", "b")
    assert difference is not None
    assert (difference.mean, difference.count) == (1.0, 1)
    assert measured.difference("a", "a") is None
    assert measured.difference("a", "absent") is None


def test_the_gap_is_nothing_for_the_baseline_and_all_for_the_upper_bound() -> None:
    lines = [
        Likelihood(record=record, setting=setting, nats=nats, tokens=10)
        for setting, both in {"low": (30, 50), "mid": (25, 45), "high": (20, 40)}.items()
        for record, nats in zip(("r00", "r01"), both, strict=True)
    ]
    likelihood = of_likelihoods(Results.sorted(["low"], RECORDS, [], lines))
    assert likelihood.values["low"] == {"r00": 3.0, "r01": 5.0}
    gap = gap_closed(likelihood, "low", "high")
    assert gap is not None
    means = {s: e.mean for s in gap.values if (e := gap.estimate(s)) is not None}
    assert means == pytest.approx({"low": 0.0, "mid": 50.0, "high": 100.0})
    assert gap_closed(likelihood, "high", "low") is None
    assert gap_closed(likelihood, "low", "absent") is None


def test_unreadable_ratings_are_in_no_mean() -> None:
    ratings = [
        Rating(
            record="r00",
            setting="a",
            seed=0,
            aspect="personalisation",
            judge_seed=seed,
            value=value,
            asked=1,
        )
        for seed, value in enumerate((7.0, None, 8.0))
    ]
    by_name = {one.name: one for one in of_ratings(Results.sorted(["a"], RECORDS, [], (), ratings))}
    assert by_name["personalisation"].values == {"a": {"r00": 7.5}}
    assert by_name["overall with context"].values == {}


def test_the_order_of_the_lines_does_not_matter() -> None:
    lines = list(evaluated_run.attempts(RECORDS, seeds=3))
    shuffled = lines.copy()
    random.Random(0).shuffle(shuffled)
    assert shuffled != lines
    settings = list(evaluated_run.SETTINGS)
    assert Results.sorted(settings, RECORDS, shuffled) == Results.sorted(settings, RECORDS, lines)


def test_a_line_about_an_unknown_record_is_refused() -> None:
    with pytest.raises(EvaluationError, match="r99"):
        Results.sorted(["a"], RECORDS, [attempt("r99", "a")])


def test_roles_find_their_settings() -> None:
    roles = Roles.of(evaluated_run.ROLES)
    assert roles.baseline == "local alone"
    assert roles.upper == "cloud with context"
    assert roles.sketch == "sketch-fill"
    assert roles.full_content == ["full content"]
    assert roles.other_sketches == ["sketch by 0.5B"]
    assert roles.fused == ["fused mean", "fused product"]
    assert Roles.of({}) == Roles("", "", "", [], [], [])


def test_a_table_says_over_how_many_records_its_means_are() -> None:
    measured = gather("m", "", True, [("a", "r0", 1.0), ("a", "r1", 5.0), ("b", "r1", 4.0)])
    table = comparison(["a", "b", "absent"], [measured], "a")
    assert [[cell.value for cell in row] for row in table.rows] == [
        ["a", "2", "3"],
        ["b", "1", "4"],
    ]
