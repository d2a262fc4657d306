"""The shape of a request: everything in it except the texts that the border released.

A request to the cloud may consist of released texts and of what was configured before any private
text was known: model name, parameter names, settings, roles. Each request is compared with that
shape. The private context plays no part in the comparison, so it cannot decide whether a request
leaves.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Scalar: TypeAlias = "str | int | float | None"

_HOLE: Final = "\0"


@dataclass(frozen=True, slots=True)
class RequestShape:
    """What the JSON body of a request may hold besides released texts.

    Attributes:
        configured: Keys and values that do not depend on the request.
        frames: Strings with a hole in place of each released text, for clients that add fixed words
            to a text.
    """

    configured: frozenset[Scalar] = frozenset()
    frames: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, payload: bytes, texts: Collection[str]) -> RequestShape:
        """Learn the shape from a request that carries known texts.

        Args:
            payload: Its body.
            texts: The texts that stand for released ones.
        """
        parts = list(_parts(payload))
        framed = {_frame(part, texts) for part in parts if isinstance(part, str)}
        frames = frozenset(frame for frame in framed if _HOLE in frame)
        plain = (
            part for part in parts if not (isinstance(part, str) and _frame(part, texts) in frames)
        )
        return cls(frozenset(plain), frames)

    def with_parts(self, parts: Iterable[Scalar]) -> RequestShape:
        """Return the same shape with further keys and values."""
        return RequestShape(self.configured | frozenset(parts), self.frames)

    def count_unexpected(self, payload: bytes, released: Collection[str]) -> int:
        """Count the keys and values that are neither released nor part of this shape.

        Args:
            payload: The body; one that is not JSON counts as one unexpected part.
            released: The texts that the border released for this request.
        """
        allowed = self.configured | frozenset(released)
        return sum(
            part not in allowed
            and not (isinstance(part, str) and _frame(part, released) in self.frames)
            for part in _parts(payload)
        )


def parts_of(value: object) -> Iterator[Scalar]:
    """Yield every key and every scalar value of a parsed JSON document."""
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from parts_of(item)
    elif value is None or isinstance(value, (str, int, float)):
        yield value


def _parts(payload: bytes) -> Iterator[Scalar]:
    if not payload:
        return
    try:
        # Pairs instead of a dict: a dict would drop the first value of a repeated key unseen.
        body = json.loads(payload, object_pairs_hook=list)
    except ValueError:
        yield payload.decode(errors="replace")
        return
    yield from parts_of(body)


def _frame(text: str, texts: Collection[str]) -> str:
    for known in sorted(filter(None, texts), key=len, reverse=True):
        text = text.replace(known, _HOLE)
    return text
