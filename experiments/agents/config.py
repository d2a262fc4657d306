"""The configuration of an experiment with agents, a TOML file. Only ``agents`` is required."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cogenesis_langchain.privacy.trust.hosts import is_trusted
from experiments.agents.case import Suite
from experiments.agents.desk.suite import DeskSuite
from experiments.agents.settings import AGENTS
from experiments.config import CloudConfig, LocalConfig, Name, Section, load_as

_DATA: Final = Path("experiments/data/agents")


class AgentsConfig(Section):
    """A whole experiment with agents.

    Attributes:
        agents: What is compared; see `settings.AGENTS`.
        suite: What they do: ``desk``, our own tasks, or a suite of AgentDojo.
        tasks: The file of our own tasks; another suite has its own.
        worlds: The file of their private worlds; each task is done in each of them.
        plans: A file of recorded plans, for the agents that need one; None is the suite's own.
        limit: Only the first tasks; None for all.
        attack_every: Every n-th task is done once more, in the first world, with an order injected
            into what the tools find; None for no attack.
        marks_requests: Whether the user marks each request with `public`, for agents that ask for a
            plan. Without a mark a request of several lines or more than 60 words is taken for
            private, and no plan is asked for.
        max_steps: Turns of a task that may call tools.
        max_tokens: Of one turn. Turns are written greedily.
        cloud: The cloud model.
        local: The local model.
    """

    agents: Annotated[tuple[Name, ...], Field(min_length=1)]
    suite: Literal["desk", "banking", "slack", "travel", "workspace"] = "desk"
    tasks: Path = _DATA / "desk" / "tasks.json"
    worlds: Path = _DATA / "desk" / "world.json"
    plans: Path | None = None
    limit: int | None = Field(default=None, ge=1)
    attack_every: int | None = Field(default=None, ge=1)
    marks_requests: bool = False
    max_steps: int = Field(default=10, ge=1)
    max_tokens: int = Field(default=300, ge=1)
    cloud: CloudConfig = CloudConfig()
    local: LocalConfig = LocalConfig()

    def open_suite(self) -> Suite:
        """Open the suite.

        Raises:
            ExperimentConfigInvalid: A file cannot be read.
        """
        if self.suite == "desk":
            return DeskSuite(self.tasks, self.worlds)
        from experiments.agents.dojo.suite import DojoSuite

        return DojoSuite(self.suite)

    @property
    def recorded_plans(self) -> Path | None:
        """The file of recorded plans; None if no agent is planned by them."""
        if not any(AGENTS[name].is_planned_by_records for name in self.agents):
            return None
        return self.plans or _DATA / self.suite / "recorded_plans.jsonl"

    @property
    def asks_cloud(self) -> bool:
        """Whether an agent asks the cloud model, and not only the recorded plans."""
        return any(AGENTS[name].endpoint == "cloud" for name in self.agents)

    @property
    def stand_in(self) -> str | None:
        """The model that stands in for the cloud model on this machine, if one does."""
        return self.cloud.model if self.asks_cloud and self.cloud.is_stand_in else None

    @field_validator("agents")
    @classmethod
    def _known_agents(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(names) - AGENTS.keys()):
            raise ValueError(f"unknown: {', '.join(unknown)}; there are {', '.join(AGENTS)}")
        return names

    @model_validator(mode="after")
    def _only_trusted_hosts_see_everything(self) -> Self:
        host = urlsplit(self.cloud.base_url or "").hostname
        showing = [name for name in self.agents if AGENTS[name].shows == "everything"]
        if host and showing and not is_trusted(host, self.cloud.trusted_hosts):
            raise ValueError(
                f"agents: {showing[0]!r} would show private text to {host!r}, which is not in "
                "cloud.trusted_hosts"
            )
        return self


def load_agents_config(path: Path) -> AgentsConfig:
    """Read a configuration.

    Raises:
        ExperimentConfigInvalid: See `load_as`.
    """
    return load_as(AgentsConfig, path, example="experiments/configs/agents.toml")
