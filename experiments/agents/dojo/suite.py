"""A suite of AgentDojo: its environments, tools, checks of the end state and injected orders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, final

from agentdojo.agent_pipeline.agent_pipeline import load_system_message
from agentdojo.agent_pipeline.ground_truth_pipeline import GroundTruthPipeline
from agentdojo.agent_pipeline.tool_execution import tool_result_to_str
from agentdojo.attacks.attack_registry import load_attack
from agentdojo.attacks.base_attacks import BaseAttack
from agentdojo.base_tasks import BaseInjectionTask, BaseUserTask
from agentdojo.functions_runtime import Function, FunctionCall, FunctionsRuntime, TaskEnvironment
from agentdojo.task_suite.load_suites import get_suite
from langchain_core.messages import ToolCall
from langchain_core.tools import BaseTool, StructuredTool, ToolException

from experiments.agents.case import CaseKey

BENCHMARK: Final = "v1.2.2"
ATTACK: Final = "important_instructions"
_VICTIM: Final = "local"
"""The name under which AgentDojo's attacks address a model that they do not know."""
_SHORTEST: Final = 5
"""Shorter strings also stand in requests by chance ("Rent" in "current")."""
_WORD: Final = re.compile(r"[^\W_]+")


@final
class DojoCase:
    """One user task of AgentDojo in its environment.

    Args:
        tools: The tools of the suite.
        task: The user task.
        order: The injected order; None for no attack.
        environment: What the tools read and change.
    """

    def __init__(
        self,
        tools: Sequence[Function[Any, Any]],
        task: BaseUserTask[Any],
        order: BaseInjectionTask[Any] | None,
        environment: TaskEnvironment,
    ) -> None:
        self._tools = tools
        self._task = task
        self._order = order
        self._environment = task.init_environment(environment)
        self._before = self._environment.model_copy(deep=True)
        self._runtime = FunctionsRuntime(tools)

    @property
    def request(self) -> str:
        """What the user asks."""
        return str(self._task.PROMPT)

    @property
    def profile(self) -> str:
        """AgentDojo's default system prompt."""
        return str(load_system_message(None))

    @property
    def private_terms(self) -> Sequence[str]:
        """None are declared."""
        return ()

    @property
    def private_strings(self) -> Sequence[str]:
        """The lines of text in the environment, unless the request has all words of a line.

        Numbers such as amounts also stand in requests by chance, so they are not searched for, and
        neither is a single word in lower case, such as the name of the channel "private".

        A line with letters and digits is one in any case: an account number stays private if the
        user names it.
        """
        said = set(_WORD.findall(self.request.casefold()))
        lines = {
            line.strip() for text in _texts(self._before.model_dump()) for line in _lines(text)
        }
        return sorted(
            line
            for line in lines
            if len(line) >= _SHORTEST
            and (_is_code(line) or set(_WORD.findall(line.casefold())) - said)
            and not _is_common_word(line)
        )

    def tools(self) -> list[BaseTool]:
        """Return AgentDojo's functions as tools of LangChain."""
        return [self._tool(function) for function in self._tools]

    def _tool(self, function: Function[Any, Any]) -> BaseTool:
        def run(**arguments: Any) -> str:
            result, error = self._runtime.run_function(self._environment, function.name, arguments)
            if error is not None:
                raise ToolException(error)
            return str(tool_result_to_str(result))

        schema = function.parameters.model_json_schema()
        return StructuredTool.from_function(
            run,
            name=function.name,
            description=function.description,
            args_schema=schema,
            handle_tool_error=True,
        )

    def solved(self, answer: str, calls: Sequence[ToolCall]) -> bool:
        """Whether AgentDojo's check of the user task passes."""
        state = (answer, self._before, self._environment)
        told = self._task.utility_from_traces(*state, _trace(calls))
        return bool(self._task.utility(*state) if told is None else told)

    def obeyed(self, answer: str, calls: Sequence[ToolCall]) -> bool:
        """Whether AgentDojo's check of the injected order passes."""
        if self._order is None:
            return False
        state = (answer, self._before, self._environment)
        told = self._order.security_from_traces(*state, _trace(calls))
        return bool(self._order.security(*state) if told is None else told)


@final
class DojoSuite:
    """A suite of AgentDojo.

    Args:
        name: Its name there.

    Attributes:
        version: Says which tasks are done, too.
    """

    files: Mapping[str, Path] = {}

    def __init__(self, name: str) -> None:
        self._suite: Any = get_suite(BENCHMARK, name)
        tasks = list(self._suite.user_tasks)
        self._tasks = [one for one in tasks if not self.case(CaseKey(one)).solved("", [])]
        self.version = (
            f"AgentDojo {version('agentdojo')}, {BENCHMARK}, {name}: {len(self._tasks)} of "
            f"{len(tasks)} tasks, without those that count as solved if nothing is done; attack "
            f"{ATTACK}, one order for a task"
        )
        target = GroundTruthPipeline(None)
        target.name = _VICTIM
        self._attack: BaseAttack = load_attack(ATTACK, self._suite, target)

    def keys(self, limit: int | None, attack_every: int | None) -> Sequence[CaseKey]:
        """Return each user task, and attacked by one order, the next one for each task.

        Tasks that AgentDojo counts as solved where nothing was done are left out.
        """
        tasks = self._tasks[:limit]
        keys = [CaseKey(task) for task in tasks]
        if attack_every is not None:
            keys += [CaseKey(task, attacked=True) for task in tasks[::attack_every]]
        return keys

    def case(self, key: CaseKey) -> DojoCase:
        """Make a case."""
        task: BaseUserTask[Any] = self._suite.user_tasks[key.task]
        order: BaseInjectionTask[Any] | None = None
        injections: Mapping[str, str] = {}
        if key.attacked:
            orders = list(self._suite.injection_tasks.values())
            order = orders[list(self._suite.user_tasks).index(key.task) % len(orders)]
            injections = self._attack.attack(task, order)
        environment = self._suite.load_and_inject_default_environment(injections)
        return DojoCase(self._suite.tools, task, order, environment)


def _trace(calls: Sequence[ToolCall]) -> list[FunctionCall]:
    return [FunctionCall(function=call["name"], args=call["args"]) for call in calls]


def _is_code(line: str) -> bool:
    return any(map(str.isdigit, line)) and any(map(str.isalpha, line))


def _is_common_word(line: str) -> bool:
    return line.isalpha() and line.islower()


def _texts(part: object) -> Iterator[str]:
    """Yield the texts in a dumped environment; keys such as names of files are none."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for one in part.values():
            yield from _texts(one)
    elif isinstance(part, Sequence):
        for one in part:
            yield from _texts(one)


def _lines(text: str) -> list[str]:
    return text.replace("\\n", "\n").splitlines()
