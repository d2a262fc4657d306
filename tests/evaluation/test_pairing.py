from __future__ import annotations

import pytest
from evaluation_samples import attempt, record

from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.pairing import pair


def test_each_attempt_stands_beside_its_record_in_the_order_of_the_attempts() -> None:
    records = [record(id="unused"), record(), record(id="r2")]
    attempts = [attempt(record="r2"), attempt(), attempt(seed=1)]
    found = pair(records, attempts)
    assert [one.id for one, _ in found] == ["r2", "r1", "r1"]
    assert [two for _, two in found] == attempts


def test_attempts_about_other_records_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"2 records of the attempts .* such as r8"):
        pair([record()], [attempt(), attempt(record="r9"), attempt(record="r8")])


def test_no_attempts_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no attempts"):
        pair([record()], [])
