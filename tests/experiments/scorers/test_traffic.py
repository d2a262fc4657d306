from __future__ import annotations

import pytest
from support.attempts import attempt, record

from experiments.scorers import traffic
from experiments.scorers.metric import Metric

SENT = attempt(
    "Hello.",
    traffic={
        "calls": 2,
        "bytes_sent": 1500,
        "bytes_received": 700,
        "input_tokens": 400_000,
        "output_tokens": 50_000,
        "private_strings": 3,
    },
    local_input_tokens=900,
    local_output_tokens=180,
    seconds=7.5,
)


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        (traffic.PRIVATE_STRINGS, 3),
        (traffic.CLOUD_CALLS, 2),
        (traffic.BYTES_SENT, 1500),
        (traffic.BYTES_RECEIVED, 700),
        (traffic.CLOUD_TOKENS_READ, 400_000),
        (traffic.CLOUD_TOKENS_WRITTEN, 50_000),
        (traffic.LOCAL_TOKENS_READ, 900),
        (traffic.LOCAL_TOKENS_WRITTEN, 180),
        (traffic.SECONDS, 7.5),
        (traffic.FAILED, 0),
    ],
)
def test_each_count_is_that_of_the_attempt_and_zero_where_nothing_was_sent(
    metric: Metric, figure: float
) -> None:
    assert metric.measure(record(), SENT) == figure
    assert metric.measure(record(), attempt("Hello.")) == 0.0
    assert metric.better == "lower"


def test_what_a_failed_attempt_sent_still_counts() -> None:
    failed = SENT.model_copy(update={"failure": "CloudTimeout: no answer", "text": ""})
    assert traffic.FAILED.measure(record(), failed) == 1.0
    assert traffic.PRIVATE_STRINGS.measure(record(), failed) == 3
