"""One call to the cloud in progress: its permit, its deadline, and what its requests may hold."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpx2

from cogenesis_langchain.errors import CloudTimeout
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.request_shape import RequestShape
from cogenesis_langchain.privacy.text import PublicText


@dataclass(frozen=True)
class CloudCall:
    """One call of a `CloudModel` method in progress, retries included.

    Attributes:
        permit: The border's permission.
        public: The public texts that its requests carry.
        shape: What its requests hold besides them.
        url: Where they go.
        deadline: Value of `time.monotonic` at which the call must end.
        padding: Bodies are filled up with spaces to a multiple of this number of bytes; 0 does not.
    """

    permit: EgressPermit
    public: Sequence[PublicText]
    shape: RequestShape
    url: httpx2.URL
    deadline: float
    padding: int = 0

    def padded(self, body: bytes) -> bytes:
        """Fill up the JSON body of a request."""
        return body + b" " * (-len(body) % self.padding if self.padding and body else 0)

    def require_time(self) -> float:
        """Return the seconds until the deadline.

        Raises:
            CloudTimeout: The deadline has passed.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise too_late()
        return left


def too_late() -> CloudTimeout:
    """Return the error of a call that did not end in time."""
    return CloudTimeout(
        "the cloud model gave no complete answer in time",
        remedy="raise timeout, or check the endpoint",
    )


_current: ContextVar[CloudCall | None] = ContextVar("call", default=None)


@contextmanager
def set_current_call(call: CloudCall) -> Iterator[None]:
    """Let requests of this context leave under a call's permit."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)


def current_call() -> CloudCall | None:
    """Return the call in progress in this context."""
    return _current.get()
