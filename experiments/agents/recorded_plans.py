"""Recorded plans: what a large language model answered to the public requests of the tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from cogenesis_langchain.agent_prompts import PLAN_REQUEST
from cogenesis_langchain.agents.planning.plan import declaration
from cogenesis_langchain.agents.rules import as_openai_tools, read_tools
from experiments.servers.recorded_cloud import load_recorded, served


class RecordedPlan(BaseModel):
    """The answer to one request.

    Attributes:
        id: The task.
        instruction: The general instruction as it was sent, with placeholders.
        plan: The answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    instruction: str
    plan: str


def load_plans(path: Path) -> list[RecordedPlan]:
    """Read recorded plans; see `load_recorded`."""
    return load_recorded(RecordedPlan, path)


def asked(instruction: str, tools: Sequence[BaseTool]) -> str:
    """Return the last message of the request for a plan."""
    declared = [declaration(tool) for tool in read_tools(as_openai_tools(tools, None))]
    return PLAN_REQUEST.fill({"tools": "\n".join(declared), "instruction": instruction})


@contextmanager
def replayed_plans(recorded: Sequence[RecordedPlan], tools: Sequence[BaseTool]) -> Iterator[str]:
    """Serve recorded plans while the block runs; see `experiments.servers.recorded_cloud`.

    Args:
        recorded: The plans.
        tools: The tools that the requests declare.

    Yields:
        The address for a client of the OpenAI API.
    """
    plans = {asked(plan.instruction, tools): plan.plan for plan in recorded}
    with served(plans) as address:
        yield address
