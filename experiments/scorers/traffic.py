"""What a text took: what crossed to the cloud endpoint, tokens, time, money.

All of it counts for failed attempts too: what was sent was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cogenesis_langchain.errors import ConfigurationError
from experiments.scorers.metric import Metric
from cogenesis_langchain.evaluation.results import Attempt

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What a cloud model costs.

    Attributes:
        input: Dollars for a million tokens that it reads.
        output: Dollars for a million tokens that it writes.

    Raises:
        ConfigurationError: A price below 0.
    """

    input: float
    output: float

    def __post_init__(self) -> None:
        if not (self.input >= 0.0 and self.output >= 0.0):
            raise ConfigurationError(
                "the prices of tokens must not be below 0",
                remedy="give dollars for a million tokens, such as input=0.4, output=1.6",
            )


def cost(prices: Prices) -> Metric:
    """Make the metric of what a text cost at the cloud model; the local model is free.

    Args:
        prices: Of the cloud model.
    """

    def dollars(attempt: Attempt) -> float:
        read, written = attempt.traffic.input_tokens, attempt.traffic.output_tokens
        return (read * prices.input + written * prices.output) / _MILLION

    return _counted("cost", "price of the cloud model's tokens", "dollars", dollars)


def _counted(name: str, says: str, unit: str, count: Callable[[Attempt], float]) -> Metric:
    return Metric(name, says, unit, "lower", lambda _, attempt: float(count(attempt)))


FAILED: Final = _counted(
    "failed",
    "share of attempts that gave no text",
    "share",
    lambda attempt: bool(attempt.failure),
)
PRIVATE_STRINGS: Final = _counted(
    "private strings on the wire",
    "different private strings of the record in the requests, as a proxy received them",
    "strings",
    lambda attempt: attempt.traffic.private_strings,
)
CLOUD_CALLS: Final = _counted(
    "cloud calls",
    "requests to the cloud endpoint",
    "requests",
    lambda attempt: attempt.traffic.calls,
)
BYTES_SENT: Final = _counted(
    "bytes sent",
    "bytes of requests to the cloud endpoint",
    "bytes",
    lambda attempt: attempt.traffic.bytes_sent,
)
BYTES_RECEIVED: Final = _counted(
    "bytes received",
    "bytes of the cloud endpoint's answers",
    "bytes",
    lambda attempt: attempt.traffic.bytes_received,
)
CLOUD_TOKENS_READ: Final = _counted(
    "cloud tokens read",
    "tokens that the cloud model read",
    "tokens",
    lambda attempt: attempt.traffic.input_tokens,
)
CLOUD_TOKENS_WRITTEN: Final = _counted(
    "cloud tokens written",
    "tokens that the cloud model wrote",
    "tokens",
    lambda attempt: attempt.traffic.output_tokens,
)
LOCAL_TOKENS_READ: Final = _counted(
    "local tokens read",
    "tokens that the local model read",
    "tokens",
    lambda attempt: attempt.local_input_tokens,
)
LOCAL_TOKENS_WRITTEN: Final = _counted(
    "local tokens written",
    "tokens that the local model wrote",
    "tokens",
    lambda attempt: attempt.local_output_tokens,
)
SECONDS: Final = _counted(
    "seconds", "time until the text was whole", "seconds", lambda attempt: attempt.seconds
)
