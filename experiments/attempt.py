"""One text that a setting wrote, as the log of Inspect keeps it."""

from __future__ import annotations

from typing import Any, Final, Self

from inspect_ai.util import Store
from pydantic import Field

from cogenesis_langchain.datasets.record import PrivateData

_KEY: Final = "attempt"


class Traffic(PrivateData):
    """What passed between this machine and the cloud endpoint for one text, counted by a proxy.

    The bytes sent include the heads of requests, those received are the bodies of answers. Tokens
    are as the endpoint reports them. ``private_strings`` is the number of different private strings
    of the record in the requests.
    """

    calls: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    private_strings: int = 0


class Attempt(PrivateData):
    """What one setting wrote for one record and seed.

    Attributes:
        text: The text; empty if the attempt failed.
        sketch: The points of the outline, if the setting used one.
        template: The cloud model's template, if one was completed.
        left_out: The sentences of the template that were left out.
        missing: Details of the request that `ChatCoGenesis` reported as missing.
        rung: The rung that `ChatCoGenesis` reported.
        traffic: What crossed to the cloud endpoint.
        local_input_tokens: Tokens that the local model read.
        local_output_tokens: Tokens that the local model wrote.
        seconds: Wall-clock time.
        trace: The trace of a fused text.
        failure: Name and message of the error; empty if there is a text.
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
    trace: dict[str, Any] = Field(default_factory=dict)
    failure: str = ""

    def save(self, store: Store) -> None:
        """Keep the attempt in a sample's store."""
        store.set(_KEY, self.model_dump(mode="json"))

    @classmethod
    def load(cls, store: Store) -> Self:
        """Read the attempt from a sample's store; an empty one if the sample never began."""
        return cls.model_validate(store.get(_KEY, {}))
