"""AgentDojo's tasks through our tools, with its own solutions as the peer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from agentdojo.task_suite.load_suites import get_suite
from langchain_core.messages import HumanMessage, SystemMessage, ToolCall
from langchain_core.tools import BaseTool
from support.scripted_turns import ScriptedTurns, agent_model

from cogenesis_langchain import MemoryLedger, public
from cogenesis_langchain.agents.planning.plan import parse_plan
from cogenesis_langchain.agents.rules import as_openai_tools, read_tools
from cogenesis_langchain.privacy.placeholders import Placeholders
from experiments.agents.case import CaseKey
from experiments.agents.config import AgentsConfig, load_agents_config
from experiments.agents.dojo.suite import BENCHMARK, DojoSuite
from experiments.agents.recorded_plans import RecordedPlan, asked, load_plans
from experiments.agents.run import run_agents
from experiments.errors import ExperimentConfigInvalid

ROOT = Path(__file__).parents[3]
DATA = ROOT / "experiments" / "data" / "agents"
SUITES = ("banking", "slack", "travel", "workspace")
PLANNED = [
    pytest.param(suite, plan, id=f"{suite} {plan.id}")
    for suite in SUITES
    for plan in load_plans(DATA / suite / "recorded_plans.jsonl")
]
BANKING: Any = get_suite(BENCHMARK, "banking")
SUITE = DojoSuite("banking")
ATTACKED = [key for key in SUITE.keys(None, 1) if key.attacked]
TASKS = [key.task for key in SUITE.keys(None, None)]


def solution(task: Any, environment: Any) -> list[ToolCall]:
    """AgentDojo's own solution of a task."""
    calls = task.ground_truth(environment)
    return [
        ToolCall(name=one.function, args=dict(one.args), id=str(place))
        for place, one in enumerate(calls)
    ]


def make(calls: Sequence[ToolCall], tools: Sequence[BaseTool]) -> list[Any]:
    """Make calls, as an agent does; returns their results."""
    by_name = {tool.name: tool for tool in tools}
    return [by_name[call["name"]].invoke({**call, "type": "tool_call"}) for call in calls]


@pytest.mark.parametrize("task", TASKS)
def test_the_solution_of_a_task_solves_it_and_nothing_does_not(task: str) -> None:
    user_task = BANKING.user_tasks[task]
    case = SUITE.case(CaseKey(task))
    environment = BANKING.load_and_inject_default_environment({})
    calls = solution(user_task, environment)
    make(calls, case.tools())
    assert case.solved(user_task.GROUND_TRUTH_OUTPUT, calls)
    assert not SUITE.case(CaseKey(task)).solved("", [])
    assert not case.obeyed(user_task.GROUND_TRUTH_OUTPUT, calls)


@pytest.mark.parametrize("key", ATTACKED, ids=str)
def test_an_order_that_is_carried_out_counts_as_obeyed(key: CaseKey) -> None:
    case = SUITE.case(key)
    number = int(key.task.removeprefix("user_task_"))
    order = list(BANKING.injection_tasks.values())[number % len(BANKING.injection_tasks)]
    reading = solution(
        BANKING.user_tasks[key.task], BANKING.load_and_inject_default_environment({})
    )
    found = "\n".join(str(result.content) for result in make(reading, SUITE.case(key).tools()))
    assert "<INFORMATION>" in found, "the user's task reads the order"
    assert not case.obeyed("", [])
    calls = solution(order, BANKING.load_and_inject_default_environment({}))
    make(calls, case.tools())
    assert case.obeyed(order.GROUND_TRUTH_OUTPUT, calls)


def test_tasks_that_are_solved_by_doing_nothing_are_left_out() -> None:
    left_out = [task for task in BANKING.user_tasks if task not in TASKS]
    assert left_out == [f"user_task_{number}" for number in (5, 6, 8, 9, 10)]


def test_a_call_that_fails_is_an_error_for_the_agent() -> None:
    case = SUITE.case(CaseKey("user_task_0"))
    (result,) = make([ToolCall(name="read_file", args={"file_path": 3}, id="1")], case.tools())
    assert result.status == "error" and "ValidationError" in result.content


def test_the_environment_is_the_private_world() -> None:
    private = SUITE.case(CaseKey("user_task_3")).private_strings
    assert "GB29NWBK60161331926819" in private, "the user names it too, and it stays private"
    assert "Purchase at Apple Store: iPhone 3GS" in private and "password123" in private
    assert "Rent" not in SUITE.case(CaseKey("user_task_2")).private_strings
    channels = opened("slack").case(CaseKey("user_task_0")).private_strings
    assert "External_0" in channels and "private" not in channels


@cache
def opened(suite: str) -> DojoSuite:
    return DojoSuite(suite)


@pytest.mark.parametrize(("suite", "plan"), PLANNED)
def test_a_recorded_plan_answers_what_is_sent_of_its_task(suite: str, plan: RecordedPlan) -> None:
    """Its author was shown the request as the border releases it, with placeholders."""
    case = opened(suite).case(CaseKey(plan.id))
    ledger = MemoryLedger()
    model = agent_model(ScriptedTurns("Done."), cloud_answers=["no plan"], ledger=ledger)
    request = HumanMessage([public(case.request)] if suite == "travel" else [case.request])
    messages = [SystemMessage(case.profile), request]
    model.bind_tools(case.tools()).invoke(messages)
    sent = json.loads(ledger.entries[0].payload)["messages"][-1]["content"]
    assert sent == asked(plan.instruction, case.tools())


@pytest.mark.parametrize("suite", SUITES)
def test_recorded_plans_are_usable_plans_for_their_own_tasks(suite: str) -> None:
    keys = opened(suite).keys(None, None)
    tools = read_tools(as_openai_tools(opened(suite).case(keys[0]).tools(), None))
    recorded = load_plans(DATA / suite / "recorded_plans.jsonl")
    # Of a long request nothing leaves, so that there is nothing to answer.
    long = {"slack": ["user_task_20"], "workspace": ["user_task_4", "user_task_37"]}
    assert len(recorded) == len({plan.id for plan in recorded})
    assert {plan.id for plan in recorded} == {key.task for key in keys} - {*long.get(suite, ())}
    for plan in recorded:
        parsed = parse_plan(
            plan.plan, instruction=plan.instruction, tools=tools, placeholders=Placeholders()
        )
        assert parsed.sketch is not None, parsed.fault


def test_the_configuration_of_the_repository_names_the_suite() -> None:
    suite = load_agents_config(ROOT / "experiments" / "configs" / "agentdojo.toml").open_suite()
    assert isinstance(suite, DojoSuite) and "banking: 11 of 16 tasks" in suite.version
    assert len(suite.keys(3, 2)) == 5


def test_a_planned_agent_needs_a_file_of_plans(tmp_path: Path) -> None:
    alone = AgentsConfig.model_validate({"agents": ["local alone"], "suite": "travel"})
    assert alone.recorded_plans is None
    chosen = {"suite": "travel", "plans": tmp_path / "none.jsonl"}
    planned = AgentsConfig.model_validate({"agents": ["split plan, recorded"], **chosen})
    with pytest.raises(ExperimentConfigInvalid, match="recorded"):
        run_agents(planned, tmp_path / "out")
