"""Keeps the private conversation from the fallbacks of LangChain.

`RunnableWithFallbacks` gives the whole input of what failed to the next runnable. It can be made of
any composition (``model.bind(...)``, ``prompt | model``, a chain), where the model has no say. So
the question is asked when a call fails: would a fallback that is in use now get this conversation,
and may it? If it may not, the error that leaves is one that fallbacks do not handle.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from langchain_core.runnables import Runnable, RunnableLambda, RunnableWithFallbacks

from cogenesis_langchain.errors import UntrustedFallback, UntrustedLocalModel
from cogenesis_langchain.privacy.trust.admission import require_trusted


@contextmanager
def keeping_from_fallbacks(
    failing: Runnable[Any, Any],
    trusted_hosts: Collection[str] = (),
    trust: Collection[object] = (),
) -> Iterator[None]:
    """Let no failure within this context reach a fallback that may not see private text.

    Args:
        failing: The model or chain whose calls are made within.
        trusted_hosts: Hosts besides loopback that may receive private text.
        trust: Objects and classes that the caller vouches for, this library's models among them.

    Raises:
        UntrustedFallback: A call failed, and an untrusted fallback would have got its input.
    """
    try:
        yield
    except Exception as error:
        refusal = _refusal(failing, type(error).__name__, trusted_hosts, trust)
        if refusal is None:
            raise
    else:
        return
    raise refusal  # here, where the error, which may hold private text, is no context of it


def _refusal(
    failing: Runnable[Any, Any],
    kind: str,
    trusted_hosts: Collection[str],
    trust: Collection[object],
) -> UntrustedFallback | None:
    # No reference leads from a runnable to what wraps it. The collector knows all wrappers, and
    # finds them fastest by their class, to which each of them refers.
    referrers = gc.get_referrers(RunnableWithFallbacks)
    for wrapper in (one for one in referrers if type(one) is RunnableWithFallbacks):
        if any(part is failing for part in _within(wrapper.runnable)):
            for fallback in wrapper.fallbacks:
                try:
                    require_trusted(fallback, trusted_hosts, trust)
                except UntrustedLocalModel as error:
                    return UntrustedFallback(kind, error.what)
    return None


def _within(runnable: Runnable[Any, Any]) -> Iterator[Runnable[Any, Any]]:
    """Yield a runnable and all runnables that it is composed of."""
    waiting: list[object] = [runnable]
    seen = set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Runnable):
            yield part
            waiting += vars(part).values()
            if isinstance(part, RunnableLambda):
                waiting += part.deps
        elif isinstance(part, Mapping):
            waiting += part.values()
        elif isinstance(part, (list, tuple)):
            waiting += part
