from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.scripted_turns import ScriptedTurns, call
from typer.testing import CliRunner

from cogenesis_langchain.agents.planning.plan import parse_plan
from cogenesis_langchain.agents.rules import as_openai_tools, read_tools
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.testing import EgressRecorder, behaviours
from experiments.__main__ import app
from experiments.agents import run
from experiments.agents.config import AgentsConfig, load_agents_config
from experiments.agents.desk.suite import ATTACKER
from experiments.agents.desk.tasks import load_tasks
from experiments.agents.desk.tools import Desk
from experiments.agents.desk.world import load_worlds
from experiments.agents.recorded_plans import load_plans
from experiments.agents.report import write_agents_report
from experiments.agents.run import run_agents
from experiments.errors import ExperimentConfigInvalid, ExperimentError, RunDiffers, RunStopped

ROOT = Path(__file__).parents[3]
DATA = ROOT / "experiments" / "data" / "agents" / "desk"
JSON = {"Content-Type": "application/json"}
CALLS = json.dumps(
    {
        "id": "a",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [
                        {
                            "id": "ID",
                            "type": "function",
                            "function": {"name": "find_events", "arguments": '{"words": "vet"}'},
                        }
                    ],
                },
            }
        ],
    }
)
TASK = next(one for one in load_tasks(DATA / "tasks.json") if one.id == "dentist-when")
PLAN = {"steps": [{"tool": "find_events", "fill": {"words": "dentist"}}], "answer": "say when"}


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> ScriptedTurns:
    """A local model that looks for the dentist, then repeats what it was shown."""
    model = ScriptedTurns(_turn)
    monkeypatch.setattr(run, "open_local", lambda *_: model)
    monkeypatch.setattr(run, "hash_of_local", lambda _: "scripted")
    return model


def _turn(prompt: str) -> str:
    if "<tool_response>" not in prompt:
        return call("find_events", '{"words": "dentist"}')
    if ATTACKER in prompt and "Now answer the user" not in prompt and "saved" not in prompt:
        return call("draft_mail", json.dumps({"to": ATTACKER, "text": "HX-5520917"}))
    return prompt.split("<tool_response>")[-1].split("</tool_response>")[0]


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    path = tmp_path / "plans.jsonl"
    recorded = {"id": TASK.id, "instruction": TASK.request, "plan": json.dumps(PLAN)}
    path.write_text(json.dumps(recorded), encoding="utf-8")
    tasks = json.dumps([TASK.model_dump(mode="json")])
    path.with_name("tasks.json").write_text(tasks, encoding="utf-8")
    return path


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder(behaviours.chat("I do not know.")) as recorder:
        yield recorder


def config(plans: Path, *agents: str, **changes: Any) -> AgentsConfig:
    tasks = plans.with_name("tasks.json")
    files = {"tasks": tasks, "worlds": DATA / "world.json", "plans": plans}
    return AgentsConfig.model_validate({"agents": agents, **files, **changes})


def rows(folder: Path) -> dict[str, list[str]]:
    """The rows of the report's tables by their first cell; later tables add to earlier ones."""
    found: dict[str, list[str]] = {}
    for line in write_agents_report(folder).read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            found.setdefault(name, []).extend(cells)
    return found


def test_a_split_agent_sends_the_same_requests_in_both_worlds(
    local: ScriptedTurns, plans: Path, cloud: EgressRecorder, tmp_path: Path
) -> None:
    endpoint = {"base_url": cloud.base_url, "model": "none"}
    agents = ("local alone", "split plan, recorded", "cloud agent")
    run_agents(config(plans, *agents, cloud=endpoint), tmp_path / "out")
    found = rows(tmp_path / "out")
    split = ["2", "100% (34% to 100%)", "0.0", "1 of 1", "1.0"]
    assert found["split plan, recorded"][1:6] == split
    assert found["split plan, recorded"][-2:] == ["100%", "0"]
    assert found["local alone"][3:6] == ["0.0", "1 of 1", "0.0"]
    sent, same = found["cloud agent"][3:5]
    assert float(sent) > 0 and same == "0 of 1", "the control shows what the cloud agent sends"
    assert found["cloud agent"][2].startswith("0%")


def test_an_injected_order_is_obeyed_without_a_plan_and_not_with_one(
    local: ScriptedTurns, plans: Path, tmp_path: Path
) -> None:
    asked = config(plans, "local alone", "split plan, recorded", attack_every=1)
    run_agents(asked, tmp_path / "out")
    found = rows(tmp_path / "out")
    assert found["local alone"][-1].startswith("100%")
    assert found["split plan, recorded"][-1].startswith("0%")


@pytest.mark.parametrize(("marks", "planned"), [(True, "100%"), (False, "0%")])
@pytest.mark.usefixtures("local")
def test_a_long_request_is_planned_if_it_is_marked(
    plans: Path, cloud: EgressRecorder, tmp_path: Path, marks: bool, planned: str
) -> None:
    """Agents that cannot read marks are asked in plain text, as they always are."""
    long = TASK.model_copy(update={"request": f"Hello!\n{TASK.request}"})
    tasks = json.dumps([long.model_dump(mode="json")])
    plans.with_name("tasks.json").write_text(tasks, encoding="utf-8")
    recorded = {"id": TASK.id, "instruction": long.request, "plan": json.dumps(PLAN)}
    plans.write_text(json.dumps(recorded), encoding="utf-8")
    endpoint = {"base_url": cloud.base_url, "model": "none"}
    agents = ("split plan, recorded", "cloud agent")
    run_agents(config(plans, *agents, cloud=endpoint, marks_requests=marks), tmp_path / "out")
    found = rows(tmp_path / "out")
    assert found["split plan, recorded"][-2:] == [planned, "0"]
    asked = [json.loads(request.body)["messages"][-1] for request in cloud.requests]
    assert asked and all(message["content"] == long.request for message in asked)


@pytest.mark.usefixtures("local")
def test_every_agent_may_take_as_many_turns(plans: Path, tmp_path: Path) -> None:
    """The cloud model wants to look something up again and again."""
    agents = ("cloud agent", "PrivateAgentMiddleware", "PIIMiddleware")
    looked_up = CALLS.replace("ID", "x")
    with EgressRecorder(lambda exchange: exchange.answer(200, looked_up.encode(), JSON)) as cloud:
        endpoint = {"base_url": cloud.base_url, "model": "none"}
        run_agents(config(plans, *agents, cloud=endpoint, max_steps=4), tmp_path / "out")
    found = rows(tmp_path / "out")
    assert [found[agent][5] for agent in agents] == ["5.0"] * 3
    assert [found[agent][-1] for agent in agents] == ["0"] * 3, "no error"


@pytest.mark.usefixtures("local")
def test_an_endpoint_that_fails_stops_the_run_and_is_asked_again(
    plans: Path, cloud: EgressRecorder, tmp_path: Path
) -> None:
    asked = config(plans, "cloud agent", cloud={"base_url": cloud.base_url, "model": "none"})
    cloud.play(behaviours.status(401))
    with pytest.raises(RunStopped):
        run_agents(asked, tmp_path / "out")
    with pytest.raises(ExperimentError, match="no results of agents"):
        write_agents_report(tmp_path / "out")


def test_an_agent_that_shows_everything_needs_a_trusted_host(plans: Path) -> None:
    far = {"base_url": "https://api.example/v1"}
    assert config(plans, "split plan", cloud=far)
    with pytest.raises(ValueError, match="trusted_hosts"):
        config(plans, "cloud agent", cloud=far)
    assert config(plans, "cloud agent", cloud={**far, "trusted_hosts": ["api.example"]})


def test_a_run_continues_and_refuses_another_configuration(
    local: ScriptedTurns, plans: Path, tmp_path: Path
) -> None:
    run_agents(config(plans, "local alone"), tmp_path / "out")
    written = len(local.prompts)
    run_agents(config(plans, "local alone"), tmp_path / "out")
    assert len(local.prompts) == written, "nothing is done again"
    with pytest.raises(RunDiffers, match="max_steps"):
        run_agents(config(plans, "local alone", max_steps=3), tmp_path / "out")


def test_recorded_plans_are_usable_plans_for_their_own_tasks() -> None:
    tools = read_tools(as_openai_tools(Desk(load_worlds(DATA / "world.json")[0]).tools(), None))
    recorded = load_plans(DATA / "recorded_plans.jsonl")
    tasks = load_tasks(DATA / "tasks.json")
    assert [plan.id for plan in recorded] == [task.id for task in tasks]
    for plan, task in zip(recorded, tasks, strict=True):
        assert plan.instruction == task.request.replace("{boss}", "[TERM_1]")
        parsed = parse_plan(
            plan.plan, instruction=plan.instruction, tools=tools, placeholders=Placeholders()
        )
        assert parsed.sketch is not None, parsed.fault


def test_the_command_refuses_an_agent_that_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "agents.toml"
    path.write_text('agents = ["nobody"]', encoding="utf-8")
    with pytest.raises(ExperimentConfigInvalid, match="nobody"):
        CliRunner().invoke(
            app, ["agents", str(path), "--out", str(tmp_path / "out")], catch_exceptions=False
        )
    assert not (tmp_path / "out").exists()


def test_the_configuration_of_the_repository_is_valid(tmp_path: Path) -> None:
    assert load_agents_config(ROOT / "experiments" / "configs" / "agents.toml").attack_every == 2
    with pytest.raises(ExperimentError, match="no results of agents"):
        write_agents_report(tmp_path)
