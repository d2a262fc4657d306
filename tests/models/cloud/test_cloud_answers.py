"""What the endpoint answers, by kind of error."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from support.asking import ask, openai_model
from support.releases import INSTRUCTION

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudRateLimited,
    CloudRefused,
    CloudTimeout,
    CloudUnavailable,
)
from cogenesis_langchain.testing import EgressRecorder, behaviours


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, CloudRefused),
        (401, CloudRefused),
        (403, CloudRefused),
        (404, CloudRefused),
        (408, CloudUnavailable),
        (409, CloudRefused),
        (422, CloudRefused),
        (429, CloudRateLimited),
        (500, CloudUnavailable),
        (502, CloudUnavailable),
        (503, CloudUnavailable),
        (504, CloudUnavailable),
        (301, CloudRefused),
        (307, CloudRefused),
    ],
)
def test_statuses_become_errors_by_kind(
    egress: EgressRecorder, status: int, kind: type[CloudError]
) -> None:
    egress.play(behaviours.status(status))
    with pytest.raises(kind) as caught:
        ask(openai_model(egress))
    assert type(caught.value) is kind
    assert str(status) in str(caught.value)


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (behaviours.junk(), CloudAnswerInvalid),
        (behaviours.junk(b"{}", "application/json"), CloudAnswerInvalid),
        (behaviours.junk(b'{"choices": []}', "application/json"), CloudAnswerInvalid),
        (behaviours.junk(b"\xff\xfe\x00", "application/json"), CloudAnswerInvalid),
        (behaviours.junk(b"[" * 100_000, "application/json"), CloudAnswerInvalid),
        (behaviours.chat("   "), CloudAnswerInvalid),
        (behaviours.huge(), CloudAnswerInvalid),
        (behaviours.truncated(), CloudUnavailable),
        (behaviours.hang_up(), CloudUnavailable),
        pytest.param(behaviours.stall(), CloudTimeout, marks=pytest.mark.slow),
        pytest.param(behaviours.drip(), CloudTimeout, marks=pytest.mark.slow),
        pytest.param(behaviours.drip(include_headers=True), CloudTimeout, marks=pytest.mark.slow),
    ],
)
def test_bad_answers_become_errors_by_kind_and_in_time(
    egress: EgressRecorder, behaviour: behaviours.Behaviour, kind: type[CloudError]
) -> None:
    egress.play(behaviour)
    started = time.monotonic()
    with pytest.raises(kind):
        ask(openai_model(egress), timeout=2.0)
    # Without a deadline, drip lasts half a minute and stall forever.
    assert time.monotonic() - started < 10.0


def test_a_compressed_bomb_is_not_unpacked(egress: EgressRecorder) -> None:
    bomb = gzip.compress(b"x" * 200_000_000, compresslevel=1)
    headers = {"Content-Encoding": "gzip", "Content-Length": str(len(bomb))}

    def explode(exchange: Any) -> None:
        exchange.begin(200, headers)
        exchange.write(bomb)

    egress.play(explode)
    with pytest.raises(CloudAnswerInvalid, match="larger"):
        ask(openai_model(egress))


def test_a_compressed_answer_is_read(egress: EgressRecorder) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "packed"}}
    packed = gzip.compress(json.dumps({"id": "1", "choices": [choice]}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    egress.play(lambda exchange: exchange.answer(200, packed, headers))
    assert ask(openai_model(egress)) == "packed"


def test_a_redirect_is_not_followed(egress: EgressRecorder) -> None:
    with EgressRecorder() as other:
        egress.play(behaviours.redirect(f"{other.base_url}/chat/completions"))
        with pytest.raises(CloudRefused, match="307"):
            ask(openai_model(egress))
        assert other.requests == ()
        control = openai_model(egress).invoke(INSTRUCTION)
        assert control.text and len(other.requests) == 1
