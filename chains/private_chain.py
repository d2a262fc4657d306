"""Wraps a chain so that it refuses to run while private text would be traced."""

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

    `ChatCoGenesis` refuses by itself. But the steps before it in a chain, such as a retriever or a
    prompt, have already run by then, and a tracer has recorded them. This wrapper checks before the
    first step.

    Args:
        chain: Any runnable that handles private text.
        trusted_hosts: Hosts besides loopback that may record private text.

    Returns:
        The same runnable. Every call style (invoke, stream, batch and the asynchronous ones) raises
            `TracingLeak` before anything is recorded, under the conditions of `refuse_tracing`.
    """

    def check(config: RunnableConfig) -> RunnableConfig:
        refuse_tracing(ensure_config(config).get("callbacks"), trusted_hosts=trusted_hosts)
        return {}

    # A config factory runs at the start of every call style, before callbacks are notified.
    return RunnableBinding(bound=chain, config_factories=[check])
