"""Generated private contexts, and instructions that hide their values in awkward forms.

``pytest tests/wire/test_generated.py --hypothesis-profile=border --hypothesis-seed=SEED`` runs ten
thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from wire.awkward import Case, cases, encoded_cases, squeeze
from wire.thorough import CASES

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.testing import EgressRecorder, FakeLocal


@pytest.fixture(scope="module")
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder


@pytest.fixture(scope="module")
def model(cloud: EgressRecorder) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")),
        local=FakeLocal(),
        ledger=MemoryLedger(),
    )


def told(cloud: EgressRecorder) -> str:
    """What the cloud model was told, without the fixed parts around it."""
    bodies = [json.loads(request.body) for request in cloud.requests]
    return squeeze("\n".join(body["messages"][-1]["content"] for body in bodies))


SETTINGS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(SETTINGS, max_examples=CASES)
@given(case=cases())
def test_no_awkward_form_gives_a_value_away(
    cloud: EgressRecorder, model: ChatCoGenesis, generated: list[int], case: Case
) -> None:
    assume(case.tells)
    check(cloud, model, case)
    generated.append(len(cloud.requests))


@settings(SETTINGS, max_examples=CASES // 5)
@given(case=encoded_cases())
def test_no_encoding_gives_a_value_away(
    cloud: EgressRecorder, model: ChatCoGenesis, generated: list[int], case: Case
) -> None:
    check(cloud, model, case)
    generated.append(len(cloud.requests))


def check(cloud: EgressRecorder, model: ChatCoGenesis, case: Case) -> None:
    assert all(tell in squeeze(case.instruction) for tell in case.tells)  # the control leaks
    cloud.clear()
    model.invoke([SystemMessage(case.context), HumanMessage(case.instruction)])
    leaked = [tell for tell in case.tells if tell in told(cloud)]
    assert not leaked, case
