"""A chain that does not start while somebody would record it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.base import RunnableBinding
from langchain_core.runnables.config import ensure_config

from cogenesis_langchain.privacy.untraced import refuse_tracing

Input = TypeVar("Input")
Output = TypeVar("Output")


def private_chain(
    chain: Runnable[Input, Output], *, trusted_hosts: Collection[str] = ()
) -> Runnable[Input, Output]:
    """Refuse to run a chain or agent while tracing to an untrusted host is on.

    `ChatCoGenesis` refuses by itself, but what stands before it in a chain, a retriever or a
    prompt, has run by then, and a tracer has recorded it. This asks before the first step.

    Args:
        chain: Anything that handles private text.
        trusted_hosts: Hosts besides loopback that may record private text.

    Returns:
        The same runnable. Every way of calling it raises `TracingLeak`, before anything is
        recorded, under the conditions of `refuse_tracing`.
    """

    def check(config: RunnableConfig) -> RunnableConfig:
        refuse_tracing(ensure_config(config).get("callbacks"), trusted_hosts=trusted_hosts)
        return {}

    return RunnableBinding(bound=chain, config_factories=[check])
