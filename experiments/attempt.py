"""One text that a setting wrote, as a sample of an Inspect log keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Self

from inspect_ai.util import Store
from pydantic import BaseModel, ConfigDict

_KEY: Final = "attempt"


class _Part(BaseModel):
    """A frozen value that refuses unknown fields and never prints its content."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        return iter(())


class Traffic(_Part):
    """What passed between this machine and a cloud endpoint for one text.

    Counted by a proxy in front of the endpoint, not by the sender.

    Attributes:
        calls: Requests.
        bytes_sent: Bytes of request heads and bodies.
        bytes_received: Bytes of answers' bodies.
        input_tokens: Tokens the endpoint says it read.
        output_tokens: Tokens the endpoint says it wrote.
        private_strings: How many different private strings of the record were in the requests.
    """

    calls: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    private_strings: int = 0


class Attempt(_Part):
    """What one setting wrote for one record and seed.

    Attributes:
        text: The text; empty where the attempt failed.
        sketch: The outline's points, where the setting has an outline.
        template: The cloud's template with its descriptions, where one was completed.
        left_out: Sentences of the template that were left out.
        missing: Details of the request that the writer says are not told.
        rung: The rung of the ladder that was used, where the setting has a ladder.
        traffic: What crossed to the cloud endpoint.
        local_input_tokens: Tokens the local model read.
        local_output_tokens: Tokens the local model wrote.
        seconds: Wall-clock time of the text.
        trace: The trace of a fused text; empty for others.
        failure: Why there is no text: an error's name and message; empty where there is a text.
    """

    text: str = ""
    sketch: tuple[str, ...] = ()
    template: str = ""
    left_out: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rung: str = ""
    traffic: Traffic = Traffic()
    local_input_tokens: int = 0
    local_output_tokens: int = 0
    seconds: float = 0.0
    trace: dict[str, Any] = {}
    failure: str = ""

    def save(self, store: Store) -> None:
        """Keep the attempt in a sample's store."""
        store.set(_KEY, self.model_dump(mode="json"))

    @classmethod
    def load(cls, store: Store) -> Self:
        """Read the attempt of a sample; an empty one where the sample was never begun."""
        return cls.model_validate(store.get(_KEY, {}))
