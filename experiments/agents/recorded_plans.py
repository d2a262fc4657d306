"""Recorded plans: what a large language model answered to the public requests of the tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, ValidationError

from cogenesis_langchain.agent_prompts import PLAN_REQUEST
from cogenesis_langchain.agents.plan import declaration
from cogenesis_langchain.agents.rules import as_openai_tools, read_tools
from experiments.errors import ExperimentConfigInvalid
from experiments.recorded_cloud import served


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
    """Read recorded plans, one JSON object a line.

    Raises:
        ExperimentConfigInvalid: The file cannot be read, or a line is not of that form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [RecordedPlan.model_validate_json(line) for line in lines]
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ExperimentConfigInvalid(
            f"{path} holds no recorded plans ({type(error).__name__})",
            remedy="each line needs id, instruction and plan",
        ) from None


def asked(instruction: str, tools: Sequence[BaseTool]) -> str:
    """Return the last message of the request for a plan."""
    declared = [declaration(tool) for tool in read_tools(as_openai_tools(tools, None))]
    return PLAN_REQUEST.fill({"tools": "\n".join(declared), "instruction": instruction})


@contextmanager
def replayed_plans(path: Path, tools: Sequence[BaseTool]) -> Iterator[str]:
    """Serve recorded plans while the block runs; see `experiments.recorded_cloud`.

    Args:
        path: The file of plans.
        tools: The tools that the requests declare.

    Yields:
        The address for a client of the OpenAI API.

    Raises:
        ExperimentConfigInvalid: See `load_plans`.
    """
    plans = {asked(plan.instruction, tools): plan.plan for plan in load_plans(path)}
    with served(plans) as address:
        yield address
