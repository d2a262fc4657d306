"""Wraps a chain so that private text is neither traced nor given to an untrusted fallback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langchain_core.runnables import Runnable, RunnableConfig, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBinding, RunnableLike, coerce_to_runnable
from langchain_core.runnables.config import ensure_config

from cogenesis_langchain.privacy.trust.admission import require_trusted
from cogenesis_langchain.privacy.trust.fallbacks import keeping_from_fallbacks
from cogenesis_langchain.privacy.trust.untraced import refuse_tracing

Input = TypeVar("Input")
Output = TypeVar("Output")


def private_chain(
    chain: RunnableLike[Input, Output],
    *,
    trusted_hosts: Collection[str] = (),
    trust: Collection[object] = (),
    allow_tracing: bool = False,
) -> Runnable[Input, Output]:
    """Refuse to run a chain or agent while tracing to an untrusted host is on.

    `ChatCoGenesis` refuses by itself. But the steps before it in a chain, such as a retriever or a
    prompt, have already run by then, and a tracer has recorded them. This wrapper checks before the
    first step. When any step fails, the chain's input reaches no untrusted fallback.

    Args:
        chain: Any runnable that handles private text, or a function or mapping that LangChain makes
            one of.
        trusted_hosts: Hosts besides loopback that may record private text.
        trust: Fallbacks, or their classes, that may see private text.
        allow_tracing: Let tracers and debug printers record private text.

    Returns:
        The same runnable. Every call style (invoke, stream, batch and the asynchronous ones) raises
            `TracingLeak` before anything is recorded, under the conditions of `refuse_tracing`.
    """
    check = _Check(trusted_hosts, trust, allow_tracing)
    return _PrivateChain(bound=coerce_to_runnable(chain), config_factories=[check])


@dataclass(frozen=True)
class _Check:
    """Refuses tracing: a config factory, which runs at the start of every call style.

    Callbacks are notified later. Whatever is bound to a chain keeps its factories.
    """

    trusted_hosts: Collection[str]
    trust: Collection[Any] = field(repr=False)
    allow_tracing: bool

    def __call__(self, config: RunnableConfig) -> RunnableConfig:
        if not self.allow_tracing:
            callbacks = ensure_config(config).get("callbacks")
            refuse_tracing(callbacks, trusted_hosts=self.trusted_hosts)
        return {}


class _PrivateChain(RunnableBinding[Input, Output]):  # type: ignore[no-redef]  # its field kwargs
    """A binding whose failures reach no untrusted fallback."""

    @property
    def _check(self) -> _Check:
        return next(one for one in self.config_factories if isinstance(one, _Check))

    def _keeping(self) -> AbstractContextManager[None]:
        return keeping_from_fallbacks(self, self._check.trusted_hosts, self._check.trust)

    def invoke(self, input: Input, config: RunnableConfig | None = None, **kwargs: Any) -> Output:
        with self._keeping():
            return super().invoke(input, config, **kwargs)

    async def ainvoke(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Output:
        with self._keeping():
            return await super().ainvoke(input, config, **kwargs)

    # A batch of the bound chain would return a failure that this wrapper has not seen.
    def batch(
        self,
        inputs: list[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        return Runnable.batch(self, inputs, config, return_exceptions=return_exceptions, **kwargs)

    async def abatch(
        self,
        inputs: list[Input],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        return await Runnable.abatch(
            self, inputs, config, return_exceptions=return_exceptions, **kwargs
        )

    def stream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        with self._keeping():
            yield from super().stream(input, config, **kwargs)

    async def astream(
        self, input: Input, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        with self._keeping():
            async for piece in super().astream(input, config, **kwargs):
                yield piece

    def transform(
        self, input: Iterator[Input], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        with self._keeping():
            yield from super().transform(input, config, **kwargs)

    async def atransform(
        self, input: AsyncIterator[Input], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        with self._keeping():
            async for piece in super().atransform(input, config, **kwargs):
                yield piece

    def with_fallbacks(
        self, fallbacks: Sequence[Runnable[Input, Output]], **kwargs: Any
    ) -> RunnableWithFallbacks[Input, Output]:
        """Add fallbacks, which get the whole input when this chain fails.

        Raises:
            UntrustedLocalModel: One of them is not known to keep private text on this machine.
        """
        for fallback in fallbacks:
            require_trusted(fallback, self._check.trusted_hosts, self._check.trust)
        return super().with_fallbacks(fallbacks, **kwargs)
