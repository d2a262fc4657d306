"""Generated private contexts, and instructions with obfuscated spellings of their values.

``pytest tests/wire/test_generated.py --hypothesis-profile=thorough --hypothesis-seed=SEED`` runs
12,000 cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.thorough import CASES
from wire.obfuscation import Case, cases, encoded_cases, letters_and_digits

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.testing import EgressRecorder, FakeLocal

pytestmark = pytest.mark.slow


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


def received_text(cloud: EgressRecorder) -> str:
    """Return the user messages that the cloud model received, as letters and digits."""
    bodies = [json.loads(request.body) for request in cloud.requests]
    return letters_and_digits("\n".join(body["messages"][-1]["content"] for body in bodies))


SETTINGS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(SETTINGS, max_examples=CASES)
@given(case=cases())
def test_no_obfuscated_value_leaves(
    cloud: EgressRecorder, model: ChatCoGenesis, generated: list[int], case: Case
) -> None:
    assume(case.fragments)
    check(cloud, model, case)
    generated.append(len(cloud.requests))


@settings(SETTINGS, max_examples=CASES // 5)
@given(case=encoded_cases())
def test_no_encoded_value_leaves(
    cloud: EgressRecorder, model: ChatCoGenesis, generated: list[int], case: Case
) -> None:
    check(cloud, model, case)
    generated.append(len(cloud.requests))


def check(cloud: EgressRecorder, model: ChatCoGenesis, case: Case) -> None:
    # The control: the instruction itself reveals every fragment.
    assert all(fragment in letters_and_digits(case.instruction) for fragment in case.fragments)
    cloud.clear()
    model.invoke([SystemMessage(case.context), HumanMessage(case.instruction)])
    leaked = [fragment for fragment in case.fragments if fragment in received_text(cloud)]
    assert not leaked, case
