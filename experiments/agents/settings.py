"""The agents that are compared, each made by `create_agent` over the tools of one world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from langchain_core.messages import BaseMessage
from langchain_core.tools import BaseTool

from cogenesis_langchain.chat_model import ChatCoGenesis
from cogenesis_langchain.middleware.private_agent import PrivateAgentMiddleware
from cogenesis_langchain.models.base import LocalTextModel
from experiments.agents.case import Case

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

    from cogenesis_langchain.privacy.ledger.entry import EgressLedger

Endpoint = Literal["cloud", "plans"]
"""The cloud model, or the loopback server of recorded plans."""


@dataclass(frozen=True, slots=True)
class AgentModels:
    """What agents are made from.

    Attributes:
        local: The local model.
        open_cloud: Makes a client of an endpoint.
        ledger: Records what is sent.
        max_tokens: Of one turn.
        max_steps: Turns of a task that may call tools.
    """

    local: LocalTextModel
    open_cloud: Callable[[Endpoint], ChatOpenAI]
    ledger: EgressLedger
    max_tokens: int
    max_steps: int

    def cogenesis(self, endpoint: Endpoint, **chosen: Any) -> ChatCoGenesis:
        """`ChatCoGenesis` that writes greedily, with further fields as keywords."""
        return ChatCoGenesis(
            cloud=self.open_cloud(endpoint),
            local=self.local,
            ledger=self.ledger,
            temperature=0.0,
            max_tokens=self.max_tokens,
            max_steps=self.max_steps,
            on_fallback="silent",  # the outcome keeps the rung
            **chosen,
        )


MakeAgent: TypeAlias = Callable[[AgentModels, Sequence[BaseTool], Case], Any]
"""Makes a compiled agent from the models, the tools and what the case tells the user's side."""


@dataclass(frozen=True, slots=True)
class AgentSetting:
    """An agent of the comparison.

    Attributes:
        shows: What the cloud model sees.
        endpoint: Where its requests go.
        make: Makes the agent.
        is_planned: Whether the cloud model plans, so that marks of `public` have a use.
    """

    shows: Literal["nothing", "instruction and tools", "masked conversation", "everything"]
    endpoint: Endpoint
    make: MakeAgent
    is_planned: bool = False

    @property
    def is_planned_by_records(self) -> bool:
        """Whether recorded plans are asked for."""
        return self.endpoint == "plans" and self.is_planned


def _agent(
    models: AgentModels, model: Any, tools: Sequence[BaseTool], case: Case, *middleware: Any
) -> Any:
    """Make an agent that may call the model as often as any other of the comparison."""
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelCallLimitMiddleware

    limit: Any = ModelCallLimitMiddleware(run_limit=models.max_steps + 1, exit_behavior="end")
    return create_agent(
        model, list(tools), system_prompt=case.profile, middleware=[*middleware, limit]
    )


def _nothing_public(messages: Sequence[BaseMessage]) -> None:
    """An `InstructionRule` under which the endpoint is never asked."""


def _local_alone(models: AgentModels, tools: Sequence[BaseTool], case: Case) -> Any:
    return _agent(models, models.cogenesis("plans", instruction=_nothing_public), tools, case)


def _split(models: AgentModels, tools: Sequence[BaseTool], case: Case) -> Any:
    model = models.cogenesis("cloud", private_terms=case.private_terms)
    return _agent(models, model, tools, case)


def _split_recorded(models: AgentModels, tools: Sequence[BaseTool], case: Case) -> Any:
    model = models.cogenesis("plans", private_terms=case.private_terms)
    return _agent(models, model, tools, case)


def _cloud(models: AgentModels, tools: Sequence[BaseTool], case: Case) -> Any:
    return _agent(models, models.open_cloud("cloud"), tools, case)


def _private_middleware(models: AgentModels, tools: Sequence[BaseTool], case: Case) -> Any:
    private = PrivateAgentMiddleware(ledger=models.ledger, private_terms=case.private_terms)
    return _agent(models, models.open_cloud("cloud"), tools, case, private)


def _pii_middleware(models: AgentModels, tools: Sequence[BaseTool], case: Case) -> Any:
    from langchain.agents.middleware import PIIMiddleware

    kinds: tuple[Literal["email", "credit_card", "ip", "mac_address", "url"], ...] = (
        "email",
        "credit_card",
        "ip",
        "mac_address",
        "url",
    )
    masking = [PIIMiddleware(kind, apply_to_tool_results=True) for kind in kinds]
    return _agent(models, models.open_cloud("cloud"), tools, case, *masking)


AGENTS: Final[Mapping[str, AgentSetting]] = {
    "local alone": AgentSetting("nothing", "plans", _local_alone),
    "split plan": AgentSetting("instruction and tools", "cloud", _split, is_planned=True),
    "split plan, recorded": AgentSetting(
        "instruction and tools", "plans", _split_recorded, is_planned=True
    ),
    "cloud agent": AgentSetting("everything", "cloud", _cloud),
    "PrivateAgentMiddleware": AgentSetting("masked conversation", "cloud", _private_middleware),
    "PIIMiddleware": AgentSetting("everything", "cloud", _pii_middleware),
}
