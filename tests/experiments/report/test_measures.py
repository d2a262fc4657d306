from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from support import finished_run
from support.finished_run import results, sample, text

from experiments.config import PriceConfig
from experiments.judge import ASPECTS
from experiments.report.findings import Findings
from experiments.report.measures import best_fixed_weight, gap_closed, gather, measures
from experiments.report.tables import comparison

RECORDS = finished_run.records(3)
R0, R1, R2 = RECORDS
SAID = "It is 800 euros."


def values(measured: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Settings to values by record, without those that are missing."""
    return {str(s): {str(r): float(v) for r, v in measured[s].dropna().items()} for s in measured}


def test_texts_of_one_record_are_averaged_before_records_are() -> None:
    texts = [text("a", R0, epoch, text=SAID, seconds=s) for epoch, s in ((1, 1.0), (2, 3.0))]
    texts.append(text("a", R1, text=SAID, seconds=6.0))
    measured = measures(results(texts), None)["seconds"]
    estimate = measured.estimate("a")
    assert values(measured.values) == {"a": {"r00": 2.0, "r01": 6.0}}
    assert estimate is not None
    assert estimate.mean == 4.0
    assert estimate.count == 2


def test_shares_are_given_in_percent() -> None:
    texts = [text("a", R0, text=SAID), text("a", R1, text=SAID)]
    measured = measures(results(texts), None)["required facts"]
    assert measured.title == "required facts (%)"
    assert values(measured.values) == {"a": {"r00": 100.0, "r01": 0.0}}


def test_a_failed_attempt_says_no_facts_but_took_its_time() -> None:
    failed = text("a", R0, failure="CloudTimeout: no answer in time", seconds=9.0)
    found = measures(results([failed]), None)
    assert found["required facts"].estimate("a") is None
    assert values(found["seconds"].values) == {"a": {"r00": 9.0}}
    assert values(found["failed"].values) == {"a": {"r00": 100.0}}


def test_cost_is_tokens_each_way_at_their_prices_for_a_million() -> None:
    traffic = {"input_tokens": 400_000, "output_tokens": 50_000}
    texts = [text("a", R0, text=SAID, traffic=traffic), text("b", R0, text=SAID)]
    found = measures(results(texts), PriceConfig(input=0.5, output=8.0))["cost"]
    assert found.of("a").tolist() == pytest.approx([0.2 + 0.4])
    assert found.of("b").tolist() == [0.0]
    assert "cost" not in measures(results(texts), None)


def test_differences_are_paired_over_the_records_that_both_have() -> None:
    points = [("a", "r0", 1.0), ("a", "r1", 5.0), ("b", "r1", 4.0)]
    measured = gather("m", "", True, points, ["r0", "r1"])
    difference = measured.difference("a", "b")
    assert difference is not None
    assert (difference.mean, difference.count) == (1.0, 1)
    assert measured.difference("a", "a") is None
    assert measured.difference("a", "absent") is None


def test_the_gap_is_nothing_for_the_local_model_and_all_for_the_upper_bound() -> None:
    likelihoods = [
        sample(record, store={"nats": dict(zip(NAMES, nats, strict=True)), "tokens": 10,
                              "fixed_weights": []})
        for record, nats in ((R0, (30.0, 25.0, 20.0)), (R1, (50.0, 45.0, 40.0)))
    ]  # fmt: skip
    found = measures(results([text("a", r) for r in RECORDS], likelihoods), None)
    likelihood, gap = found["reference likelihood"], found["gap closed"]
    assert likelihood.of("local alone").to_dict() == {"r00": 3.0, "r01": 5.0}
    means = {name: gap.of(name).mean() for name in NAMES}
    assert means == pytest.approx(dict(zip(NAMES, (0.0, 50.0, 100.0), strict=True)))
    turned = likelihood.values.rename(columns={NAMES[0]: NAMES[2], NAMES[2]: NAMES[0]})
    assert gap_closed(gather("m", "", False, [], []).__class__("m", "", False, turned)) is None
    alone = likelihood.values[["local alone"]]
    assert gap_closed(likelihood.__class__("m", "", False, alone)) is None


NAMES = ("local alone", "sketch-fill", "cloud with context")


def test_the_best_fixed_weight_is_one_for_all_records() -> None:
    def read(record: object, local: float, cloud: float) -> object:
        weights = np.linspace(0, 1, 21)
        grid = (-4 * np.log(weights * local + (1 - weights) * cloud)).tolist()
        store = {"nats": {"local alone": 1.0}, "tokens": 4, "fixed_weights": grid}
        return sample(record, store=store)  # type: ignore[arg-type]

    texts = [text("a", record) for record in RECORDS]
    one = results(texts, [read(R0, 0.8, 0.2)])  # type: ignore[list-item]
    assert best_fixed_weight(one) == 1.0, "alone it would have the local model decide"
    both = results(texts, [read(R0, 0.8, 0.2), read(R1, 0.2, 0.8)])  # type: ignore[list-item]
    assert best_fixed_weight(both) == 0.5
    found = measures(both, None)["reference likelihood"].of("best fixed w")
    assert found.tolist() == pytest.approx([-np.log(0.5)] * 2)


def test_without_fusion_there_is_no_best_weight() -> None:
    read = sample(R0, store={"nats": {"local alone": 9.0}, "tokens": 3, "fixed_weights": []})
    run = results([text("a", R0)], [read])
    assert best_fixed_weight(run) is None
    assert "best fixed w" not in measures(run, None)["reference likelihood"].values


def test_unreadable_ratings_are_in_no_mean() -> None:
    texts = list(finished_run.texts(RECORDS, ["local alone"]))
    rated = list(finished_run.ratings(RECORDS * 5, ["local alone"]))
    found = measures(results(texts, (), rated), None)
    count = sum(
        rating["value"] is None
        for one in rated
        for score in (one.scores or {}).values()
        for rating in (score.metadata or {})["ratings"]
    )
    assert count == 3
    assert all(found[name].of("local alone").notna().all() for name in ASPECTS)


def test_the_order_of_the_texts_does_not_matter() -> None:
    texts = list(finished_run.texts(RECORDS, seeds=3))
    shuffled = texts.copy()
    random.Random(0).shuffle(shuffled)
    assert shuffled != texts
    one, other = (measures(results(many), None) for many in (texts, shuffled))
    for name, measured in one.items():
        pd.testing.assert_frame_equal(
            measured.values, other[name].values, check_like=True, check_names=False
        )


def test_parts_find_their_settings() -> None:
    found = Findings.of(results(list(finished_run.texts(RECORDS))), None)
    assert found.baseline == "local alone"
    assert found.having("upper") == ["cloud with context"]
    assert found.sketch == "sketch-fill"
    assert found.having("full content") == ["full content"]
    assert found.having("other sketches") == ["sketch by 0.5B"]
    assert found.having("fused") == ["fused mean", "fused product"]
    empty = Findings.of(results(settings=()), None)
    assert (empty.baseline, empty.sketch, empty.having("fused")) == ("", "", [])


def test_a_table_says_over_how_many_records_its_means_are() -> None:
    points = [("a", "r0", 1.0), ("a", "r1", 5.0), ("b", "r1", 4.0)]
    measured = gather("m", "", True, points, ["r0", "r1"])
    table = comparison(["a", "b", "absent"], [measured], "a").splitlines()
    assert [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]] == [
        ["a", "2", "3 (1 to 5)"],
        ["b", "1", "4"],
    ]
