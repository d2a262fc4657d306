"""The interfaces of tasks for agents: a `Suite` makes a `Case`, which checks its own end state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from langchain_core.messages import ToolCall
from langchain_core.tools import BaseTool


@dataclass(frozen=True, slots=True)
class CaseKey:
    """Names a case, as the log of a run keeps it.

    Attributes:
        task: The id of the task.
        world: Number of the private world, from 0.
        attacked: Whether an order is injected into what the tools find.
    """

    task: str
    world: int = 0
    attacked: bool = False

    def __str__(self) -> str:
        return f"{self.task}, {'attacked' if self.attacked else f'world {self.world + 1}'}"


class Case(Protocol):
    """One task in one private world, done once."""

    @property
    def request(self) -> str:
        """What the user asks."""
        ...

    @property
    def profile(self) -> str:
        """The system prompt, which only local models see."""
        ...

    @property
    def private_terms(self) -> Sequence[str]:
        """Names that the user declares as private."""
        ...

    @property
    def private_strings(self) -> Sequence[str]:
        """Strings of the world that must not be sent."""
        ...

    def tools(self) -> list[BaseTool]:
        """Return the tools, for `create_agent`; calls change the end state of this case."""
        ...

    def solved(self, answer: str, calls: Sequence[ToolCall]) -> bool:
        """Whether the end state is what the task asks for.

        Args:
            answer: The agent's last message; empty after an error.
            calls: The calls that it made, in order.
        """
        ...

    def obeyed(self, answer: str, calls: Sequence[ToolCall]) -> bool:
        """Whether the end state is what the injected order asks for; see `solved`."""
        ...


class Suite(Protocol):
    """Tasks that agents are compared on."""

    @property
    def files(self) -> Mapping[str, Path]:
        """The files that define it, by their use."""
        ...

    @property
    def version(self) -> str:
        """What defines it besides these files; empty for nothing."""
        ...

    def keys(self, limit: int | None, attack_every: int | None) -> Sequence[CaseKey]:
        """Return the cases of a run.

        Args:
            limit: Only the first tasks; None for all.
            attack_every: Every n-th task also with an injected order; None for none.
        """
        ...

    def case(self, key: CaseKey) -> Case:
        """Make a case, in its first state."""
        ...
