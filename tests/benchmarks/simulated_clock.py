"""A simulated clock for fused decoding, so that figures are the same on every machine.

The real decoder runs with the real models. Only its clock is replaced: on it a local token and a
request take fixed times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from unittest import mock

from cogenesis_langchain.fusion.blocks import rounds
from cogenesis_langchain.fusion.verification.verifier import CloudView, Verifier
from cogenesis_langchain.models.base import LogProbs, PrivateMessage, TokenModel

T = TypeVar("T")


@dataclass
class Costs:
    """The assumed times in seconds, and the simulated time.

    Attributes:
        local: Time of a token of the local model.
        trip: Time of a request, without scoring.
        scored: Time of each position that the cloud model scores.
        now: The simulated time.
    """

    local: float
    trip: float
    scored: float
    now: float = 0.0

    def perf_counter(self) -> float:
        return self.now


class TimedModel:
    """A `TokenModel` whose calls each take the time of one token."""

    def __init__(self, model: TokenModel, costs: Costs) -> None:
        self._model = model
        self._costs = costs
        self.vocabulary_size = model.vocabulary_size
        self.window = model.window
        self.end_tokens = model.end_tokens

    def encode(self, text: bytes) -> list[int]:
        return self._model.encode(text)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        return self._model.encode_chat(messages)

    def decode(self, ids: Sequence[int]) -> bytes:
        return self._model.decode(ids)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        self._costs.now += self._costs.local
        return self._model.next_logprobs(ids)

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]


class TimedVerifier:
    """A verifier whose requests take a round trip and the time of the scored positions."""

    def __init__(self, verifier: Verifier, costs: Costs) -> None:
        self._verifier = verifier
        self._costs = costs
        self.end_tokens = verifier.end_tokens

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        self._costs.now += self._costs.trip + (len(block) + 1) * self._costs.scored
        return self._verifier.verify(written, block)

    def shown(self, written: Sequence[int], block: Sequence[int]) -> Sequence[int] | None:
        return self._verifier.shown(written, block)


class _SimulatedFuture:
    """The future of a request that is done at a known time."""

    def __init__(self, outcome: Any, done_at: float, costs: Costs) -> None:
        self._outcome = outcome
        self._done_at = done_at
        self._costs = costs

    def done(self) -> bool:
        return self._costs.now >= self._done_at

    def result(self) -> Any:
        self._costs.now = max(self._costs.now, self._done_at)
        return self._outcome


class _SimulatedExecutor:
    """Runs a request at once and sets the clock back, so that its time passes in the background."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs

    def submit(self, call: Callable[..., Any], *arguments: object) -> _SimulatedFuture:
        began = self._costs.now
        outcome = call(*arguments)
        done_at, self._costs.now = self._costs.now, began
        return _SimulatedFuture(outcome, done_at, self._costs)

    def shutdown(self, **_: bool) -> None: ...


@contextmanager
def simulated_clock(costs: Costs) -> Iterator[None]:
    """Make decoders use the simulated clock and executor."""
    with (
        mock.patch.object(rounds, "time", costs),
        mock.patch.object(rounds, "ThreadPoolExecutor", lambda *_, **__: _SimulatedExecutor(costs)),
    ):
        yield
