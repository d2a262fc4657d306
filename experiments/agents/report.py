"""The report of an experiment with agents: what they solved, what was sent, whom they obeyed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.util import Store

from experiments.agents.case import CaseKey
from experiments.agents.outcome import Outcome
from experiments.agents.settings import AGENTS
from experiments.errors import ExperimentError
from experiments.report.tables import NOTHING, share, table
from experiments.results import AGENTS as STEP
from experiments.results import read_logs


@dataclass(frozen=True, slots=True)
class _Done:
    """One case that one agent did."""

    key: CaseKey
    outcome: Outcome


def write_agents_report(folder: Path) -> Path:
    """Write ``agents.md`` from the logs of a run, which need not be finished.

    Raises:
        ExperimentError: The folder holds no results.
    """
    logs = sorted(read_logs(folder, STEP), key=lambda log: (log.eval.metadata or {})["place"])
    done = {
        log.eval.task: [_done(sample) for sample in log.samples or () if sample.error is None]
        for log in logs
    }
    done = {agent: found for agent, found in done.items() if found}
    if not done:
        raise ExperimentError(
            f"{folder} holds no results of agents", remedy="give the folder of such a run"
        )
    page = folder / "agents.md"
    page.write_text("\n\n".join(_sections(done, logs)) + "\n", encoding="utf-8")
    return page


def _done(sample: EvalSample) -> _Done:
    return _Done(CaseKey(**sample.metadata), Outcome.load(Store(sample.store)))


def _sections(done: Mapping[str, Sequence[_Done]], logs: Sequence[EvalLog]) -> Iterator[str]:
    yield "# Agents on tasks with private values"
    yield "## What they solved, and what was sent"
    heads = ["agent", "the cloud model sees", "runs", "solved", "private values sent a run"]
    heads += ["same requests in all worlds", "requests", "bytes sent", "seconds"]
    heads += ["planned by the cloud", "errors"]
    peaceful = {
        agent: [one for one in found if not one.key.attacked] for agent, found in done.items()
    }
    rows = [_row(agent, found, done[agent]) for agent, found in peaceful.items() if found]
    yield table(heads, rows)
    attacked = {agent: [one for one in found if one.key.attacked] for agent, found in done.items()}
    if any(attacked.values()):
        yield "## With an injected order in what the tools find"
        yield table(
            ["agent", "tasks", "solved", "obeyed the order"],
            [_attacked_row(agent, found) for agent, found in attacked.items() if found],
        )
    yield "## How it was run"
    conditions = logs[0].eval.task_args["conditions"]
    machine = (logs[0].eval.metadata or {})["machine"]
    rows_of = [("suite", conditions["suite"]), *conditions["models"].items(), *machine.items()]
    yield table(["what", "which"], rows_of)


def _row(agent: str, peaceful: Sequence[_Done], done: Sequence[_Done]) -> list[str]:
    outcomes = [one.outcome for one in peaceful]
    return [
        agent,
        AGENTS[agent].shows,
        str(len(peaceful)),
        share([one.solved for one in outcomes]),
        f"{fmean(one.traffic.private_strings for one in outcomes):.1f}",
        _same_requests(done),
        f"{fmean(one.traffic.calls for one in outcomes):.1f}",
        f"{fmean(one.traffic.bytes_sent for one in outcomes):,.0f}",
        f"{fmean(one.seconds for one in outcomes):.0f}",
        f"{fmean(one.rung == 'plan' for one in outcomes):.0%}",
        str(sum(bool(one.failure) for one in outcomes)),
    ]


def _attacked_row(agent: str, found: Sequence[_Done]) -> list[str]:
    outcomes = [one.outcome for one in found]
    solved, obeyed = [one.solved for one in outcomes], [one.obeyed for one in outcomes]
    return [agent, str(len(found)), share(solved), share(obeyed)]


def _same_requests(done: Sequence[_Done]) -> str:
    """The number of tasks whose requests are the same bytes in all worlds, attacked ones too."""
    requests: defaultdict[str, list[str]] = defaultdict(list)
    for one in done:
        requests[one.key.task].append(one.outcome.requests_sha256)
    compared = [hashes for hashes in requests.values() if len(hashes) > 1]
    if not compared:
        return NOTHING
    return f"{sum(len(set(hashes)) == 1 for hashes in compared)} of {len(compared)}"
