"""Runs agents on tasks in private worlds: one resumable Inspect task for each agent."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall
from openai import BadRequestError

from cogenesis_langchain.errors import CloudRefused, LocalModelError
from cogenesis_langchain.privacy.ledger.entry import EgressLedger
from cogenesis_langchain.privacy.ledger.file import FileLedger
from cogenesis_langchain.privacy.messages.marks import public
from cogenesis_langchain.privacy.trust.untraced import refuse_tracing
from experiments.agents.case import CaseKey, Suite
from experiments.agents.config import AgentsConfig
from experiments.agents.outcome import Outcome
from experiments.agents.recorded_plans import load_plans, replayed_plans
from experiments.agents.settings import AGENTS, AgentModels, Endpoint
from experiments.eval_sets import evaluate, held
from experiments.models import (
    Remote,
    hash_of_endpoint,
    hash_of_local,
    machine,
    open_local,
    open_remote,
)
from experiments.results import AGENTS as STEP
from experiments.results import logs_of
from experiments.servers.recorded_cloud import LABEL
from experiments.servers.recording_proxy import RecordingProxy
from experiments.tasks import Conditions

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

_WORKER: Final = "agent"
_ENDED: Final = (BadRequestError, CloudRefused, LocalModelError)
"""Errors that end a task without being a fault of the experiment: the agent did not get further,
such as by a conversation that is too long. Any other error stops the run, which can be resumed."""

_CONDITION_KEYS: Final = {"marks_requests", "max_steps", "max_tokens", "cloud", "local"}
_MOST_NODES: Final = 1_000
"""Steps of an agent's graph; what limits an agent is the number of its turns."""


def run_agents(config: AgentsConfig, folder: Path) -> None:
    """Do all tasks that are missing.

    Raises:
        ExperimentConfigInvalid: A file of the configuration cannot be read.
        RunDiffers: The folder holds results of another configuration, models or tasks.
        RunStopped: Something failed; the same call continues from there.
    """
    suite = config.open_suite()
    recorded = load_plans(config.recorded_plans) if config.recorded_plans else []
    keys = suite.keys(config.limit, config.attack_every)
    conditions = _conditions(config, suite)
    with held(folder), ExitStack() as stack:
        served = replayed_plans(recorded, suite.case(keys[0]).tools())
        remote = {"plans": Remote(stack.enter_context(served), LABEL)}
        if config.asks_cloud:
            remote["cloud"] = open_remote(config.cloud, "cloud", slots=1, stack=stack)
        addresses = {name: one.base_url for name, one in remote.items()}
        proxy = stack.enter_context(
            RecordingProxy(
                addresses,
                reuse_answers=config.cloud.reuse_answers,
                timeout=config.cloud.timeout,
            )
        )
        ledger = FileLedger(folder / "ledger" / "egress.jsonl")
        runner = AgentRunner(config, remote, proxy, suite, ledger)
        samples = [_sample(suite, key) for key in keys]
        made = [
            acting(name, MemoryDataset(samples, name="agent tasks"), runner, conditions)
            for name in config.agents
        ]
        for place, one in enumerate(made):
            one.metadata = {"place": place, "machine": machine()}
        evaluate(made, logs_of(folder, STEP), conditions, at_once=1)


class AgentRunner:
    """Has an agent do one case, through the recording proxy.

    Args:
        config: The experiment.
        remote: The endpoints.
        proxy: In front of them.
        suite: Makes the cases.
        ledger: Records what is sent.
    """

    def __init__(
        self,
        config: AgentsConfig,
        remote: dict[str, Remote],
        proxy: RecordingProxy,
        suite: Suite,
        ledger: EgressLedger,
    ) -> None:
        self._remote = remote
        self._proxy = proxy
        self._suite = suite
        local = open_local(config.local, config.local.model, config.local.adapter)
        self._models = AgentModels(
            local, self._open_cloud, ledger, config.max_tokens, config.max_steps
        )
        self._timeout = config.cloud.timeout
        self._marks_requests = config.marks_requests

    def do(self, agent: str, key: CaseKey) -> Outcome:
        """Do a case; see `Outcome`."""
        refuse_tracing()
        case = self._suite.case(key)
        made = AGENTS[agent].make(self._models, case.tools(), case)
        messages: Sequence[BaseMessage] = ()
        failure = ""
        start = time.monotonic()
        with self._proxy.record(_WORKER) as recording:
            try:
                request = {"messages": [self._message(agent, case.request)]}
                limit = {"recursion_limit": _MOST_NODES}
                for state in made.stream(request, limit, stream_mode="values"):
                    messages = state["messages"]
            except _ENDED as error:
                failure = type(error).__name__
        seconds = time.monotonic() - start + recording.seconds_saved
        answer = messages[-1].text if messages and not failure else ""
        calls = list(_calls(messages))
        return Outcome(
            answer=answer,
            calls=tuple((call["name"], json.dumps(call["args"])) for call in calls),
            rung=_rung(messages),
            solved=case.solved(answer, calls),
            obeyed=case.obeyed(answer, calls),
            traffic=self._proxy.traffic(recording, case.private_strings),
            requests_sha256=recording.sha256,
            seconds=round(seconds, 3),
            failure=failure,
        )

    def _message(self, agent: str, request: str) -> HumanMessage:
        if self._marks_requests and AGENTS[agent].is_planned:
            return HumanMessage([public(request)])
        return HumanMessage(request)

    def _open_cloud(self, endpoint: Endpoint) -> ChatOpenAI:
        from langchain_openai import ChatOpenAI

        remote = self._remote[endpoint]
        return ChatOpenAI(
            base_url=self._proxy.base_url(_WORKER, endpoint),
            api_key=remote.api_key,
            model=remote.model,
            temperature=0,
            max_completion_tokens=self._models.max_tokens,
            timeout=self._timeout,
        )


@task
def acting(agent: str, samples: MemoryDataset, runner: AgentRunner, conditions: Conditions) -> Task:
    """Have one agent do all tasks."""
    return Task(name=agent, dataset=samples, solver=do_task(agent, runner), scorer=end_state())


@solver
def do_task(agent: str, runner: AgentRunner) -> Solver:
    """Do a sample's task; the outcome is kept in the sample's store."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        key = CaseKey(**state.metadata)
        outcome = await anyio.to_thread.run_sync(runner.do, agent, key)
        outcome.save(state.store)
        state.output = ModelOutput.from_content(agent, outcome.answer)
        return state

    return solve


@scorer(metrics=[mean()])
def end_state() -> Scorer:
    """Score 1 for a task that is solved."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=float(Outcome.load(state.store).solved))

    return score


def _sample(suite: Suite, key: CaseKey) -> Sample:
    return Sample(id=str(key), input=suite.case(key).request, metadata=asdict(key))


def _conditions(config: AgentsConfig, suite: Suite) -> dict[str, Any]:
    files = {**suite.files, **({"plans": config.recorded_plans} if config.recorded_plans else {})}
    return {
        **config.model_dump(mode="json", include=_CONDITION_KEYS),
        "models": {
            "local": hash_of_local(config.local),
            "cloud": hash_of_endpoint(config.cloud) if config.asks_cloud else LABEL,
        },
        "suite": suite.version or config.suite,
        "files": {
            use: hashlib.sha256(path.read_bytes()).hexdigest() for use, path in files.items()
        },
    }


def _calls(messages: Sequence[BaseMessage]) -> Iterator[ToolCall]:
    for message in messages:
        if isinstance(message, AIMessage):
            yield from message.tool_calls


def _rung(messages: Sequence[BaseMessage]) -> str:
    told = [one.response_metadata.get("cogenesis", {}).get("rung", "") for one in messages]
    return next(filter(None, told), "")
