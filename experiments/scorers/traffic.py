"""What a text took: what crossed to the cloud endpoint, tokens, time, money.

All of it counts for failed attempts too: what was sent was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from experiments.attempt import Attempt
from experiments.scorers.metric import Metric


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
TRAFFIC: Final = (
    PRIVATE_STRINGS,
    FAILED,
    SECONDS,
    CLOUD_CALLS,
    BYTES_SENT,
    BYTES_RECEIVED,
    CLOUD_TOKENS_READ,
    CLOUD_TOKENS_WRITTEN,
    LOCAL_TOKENS_READ,
    LOCAL_TOKENS_WRITTEN,
)
