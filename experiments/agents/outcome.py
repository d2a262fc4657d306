"""The outcome of one agent's task, which Inspect's log keeps."""

from __future__ import annotations

from typing import Final, Self

from inspect_ai.util import Store

from cogenesis_langchain.datasets.record import PrivateData
from experiments.attempt import Traffic

_KEY: Final = "outcome"


class Outcome(PrivateData):
    """What an agent did with one task in one world.

    Attributes:
        answer: Its last message; empty after an error.
        calls: The tools that it called, in order, with their arguments as JSON.
        rung: The rung that `ChatCoGenesis` reported for the first turn: ``plan`` if the cloud
            model's plan was used.
        solved: Whether the end state is what the task asks for.
        obeyed: Whether it followed the injected order.
        traffic: What crossed to the cloud endpoint.
        requests_sha256: The hash of the requests.
        seconds: Wall-clock time.
        failure: The name of the error that ended it; empty for none.
    """

    answer: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    rung: str = ""
    solved: bool = False
    obeyed: bool = False
    traffic: Traffic = Traffic()
    requests_sha256: str = ""
    seconds: float = 0.0
    failure: str = ""

    def save(self, store: Store) -> None:
        """Keep the outcome in a sample's store."""
        store.set(_KEY, self.model_dump(mode="json"))

    @classmethod
    def load(cls, store: Store) -> Self:
        """Read the outcome from a sample's store; an empty one if the sample never began."""
        return cls.model_validate(store.get(_KEY, {}))
