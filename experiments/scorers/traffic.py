"""Metrics of cost: bytes and tokens to the cloud endpoint, time. Failed attempts count too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from experiments.attempt import Attempt
from experiments.scorers.metric import Metric


def _counted(name: str, unit: str, count: Callable[[Attempt], float]) -> Metric:
    return Metric(name, unit, "lower", lambda _, attempt: float(count(attempt)))


FAILED: Final = _counted("failed", "share", lambda a: bool(a.failure))
PRIVATE_STRINGS: Final = _counted(
    "private strings on the wire", "strings", lambda a: a.traffic.private_strings
)
"""Number of different private strings of the record in the requests that the proxy received."""
SECONDS: Final = _counted("seconds", "seconds", lambda a: a.seconds)
CLOUD_CALLS: Final = _counted("cloud calls", "requests", lambda a: a.traffic.calls)
BYTES_SENT: Final = _counted("bytes sent", "bytes", lambda a: a.traffic.bytes_sent)
BYTES_RECEIVED: Final = _counted("bytes received", "bytes", lambda a: a.traffic.bytes_received)
CLOUD_READ: Final = _counted("cloud tokens read", "tokens", lambda a: a.traffic.input_tokens)
CLOUD_WRITTEN: Final = _counted("cloud tokens written", "tokens", lambda a: a.traffic.output_tokens)
LOCAL_READ: Final = _counted("local tokens read", "tokens", lambda a: a.local_input_tokens)
LOCAL_WRITTEN: Final = _counted("local tokens written", "tokens", lambda a: a.local_output_tokens)
TOOK: Final = (
    SECONDS,
    CLOUD_CALLS,
    BYTES_SENT,
    BYTES_RECEIVED,
    CLOUD_READ,
    CLOUD_WRITTEN,
    LOCAL_READ,
    LOCAL_WRITTEN,
)
TRAFFIC: Final = (PRIVATE_STRINGS, FAILED, *TOOK)
