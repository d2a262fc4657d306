"""How often and how long the cloud model is asked."""

from __future__ import annotations

import time

import pytest
from langchain_core.rate_limiters import InMemoryRateLimiter
from support.asking import ask, openai_model
from support.releases import permit

from cogenesis_langchain.errors import (
    CloudRateLimited,
    CloudRefused,
    CloudTimeout,
    CloudUnavailable,
)
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.testing import EgressRecorder, behaviours


def test_attempts_are_counted_once(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(500))
    with pytest.raises(CloudUnavailable):
        ask(openai_model(egress, max_retries=7), max_retries=1)
    assert len(egress.requests) == 2
    assert egress.requests[0].body == egress.requests[1].body


def test_a_refusal_is_not_tried_again(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(401))
    with pytest.raises(CloudRefused):
        ask(openai_model(egress), max_retries=3)
    assert len(egress.requests) == 1


def test_a_failure_followed_by_an_answer_is_an_answer(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(503), behaviours.chat("here"))
    assert ask(openai_model(egress), max_retries=1) == "here"


def test_the_pause_asked_for_is_kept(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(429, retry_after="1"), behaviours.chat("here"))
    started = time.monotonic()
    assert ask(openai_model(egress), max_retries=1) == "here"
    assert time.monotonic() - started >= 1.0


def test_a_pause_beyond_the_deadline_ends_the_attempts(egress: EgressRecorder) -> None:
    egress.play(behaviours.status(429, retry_after="30"))
    started = time.monotonic()
    with pytest.raises(CloudRateLimited):
        ask(openai_model(egress), max_retries=5, timeout=2.0)
    assert time.monotonic() - started < 10.0
    assert len(egress.requests) == 1


@pytest.mark.slow
def test_nothing_leaves_after_the_deadline(egress: EgressRecorder) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=1.5, check_every_n_seconds=0.02)
    cloud = CloudModel(openai_model(egress, rate_limiter=limiter), timeout=0.2)
    prompt, permission = permit()
    limiter.acquire()
    with pytest.raises(CloudTimeout):
        cloud.generate(prompt, permission)
    time.sleep(1.0)  # by now the limiter has let the late thread go
    assert egress.requests == ()
