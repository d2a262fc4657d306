"""Stores that know every private value in them, found inside whatever wraps them.

A retriever that wraps another one (compression, ensemble, parent documents, several queries) hands
on what was retrieved. What was not retrieved is private as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from langchain_core.runnables import RunnableLambda

if TYPE_CHECKING:
    from cogenesis_langchain.privacy.matching.value_set import ValueSet

_MOST_PARTS: Final = 10_000
_PLAIN: Final = (str, bytes, int, float, bool, type(None), type)


@runtime_checkable
class HoldsPrivateValues(Protocol):
    """A store or retriever that knows every private value of its store, retrieved or not."""

    def private_values(self) -> ValueSet:
        """Return them."""
        ...


def holders_within(things: Collection[object]) -> Iterator[HoldsPrivateValues]:
    """Yield the stores and retrievers that know their values, inside any wrappers.

    Args:
        things: Retrievers, stores, chains or other objects.
    """
    waiting = list(things)
    seen = set[int]()
    while waiting and len(seen) < _MOST_PARTS:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, _PLAIN):
            continue
        seen.add(id(part))
        if isinstance(part, HoldsPrivateValues):
            yield part
        elif isinstance(part, Mapping):
            waiting += part.values()
        elif isinstance(part, (list, tuple, set)):
            waiting += part
        else:
            waiting += (getattr(part, "__dict__", None) or {}).values()
            waiting += (getattr(part, "__pydantic_private__", None) or {}).values()
            if isinstance(part, RunnableLambda):
                waiting += part.deps
