"""The gate on the wire: an HTTP client that lets out only what a departure clears.

Between the border and the wire stand a chat model, a provider's client and whatever they were
configured with. The gate sits below all of them: it hands the exact bytes of each request to the
departure, which checks and records them; it follows no redirect and no environment proxy; and it
bounds the time and the size of an answer, however slowly that drips in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudTimeout,
    ConfigurationError,
    PrivacyViolation,
)
from cogenesis_langchain.models.openai_client import transport_of, with_transport
from cogenesis_langchain.privacy.border import Departure
from cogenesis_langchain.privacy.text import PublicText

if TYPE_CHECKING:
    from langchain_openai.chat_models.base import BaseChatOpenAI

MAX_ANSWER_BYTES: Final = 8 * 2**20
# Made by the client itself from the request; the caller's own headers are checked.
_BODY_HEADERS: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_CLIENT_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "api-key",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
)


@dataclass(frozen=True)
class Flight:
    """One `CloudModel.generate` in progress.

    Attributes:
        departure: The border's permission.
        public: The public texts of its prompt.
        deadline: `time.monotonic` at which it must be over.
    """

    departure: Departure
    public: Sequence[PublicText]
    deadline: float

    def clear(self, endpoint: str, payload: bytes, extra: Sequence[str] = ()) -> None:
        """Have a request checked and recorded; it may leave once this returns.

        Raises:
            CloudTimeout: It is too late; nothing is recorded and nothing may leave.
            PrivacyViolation: See `Departure.clear`.
        """
        _ = self.seconds_left
        self.departure.clear(endpoint, payload, self.public, extra)

    @property
    def seconds_left(self) -> float:
        """Time until the deadline.

        Raises:
            CloudTimeout: There is none.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise too_late()
        return left


def too_late() -> CloudTimeout:
    """The error of a flight that did not end in time."""
    return CloudTimeout(
        "the cloud model gave no complete answer in time",
        remedy="raise cloud_timeout, or check the endpoint",
    )


_current: ContextVar[Flight | None] = ContextVar("flight", default=None)


@contextmanager
def in_flight(flight: Flight) -> Iterator[None]:
    """Let requests of this context leave under a flight's departure."""
    token = _current.set(flight)
    try:
        yield
    finally:
        _current.reset(token)


def with_gated_client(model: BaseChatOpenAI) -> BaseChatOpenAI:
    """Copy an OpenAI chat model so that its requests pass the gate.

    Its own retries are off, its answers are not cached, and the Responses API is told not to
    store. A client or proxy that the caller gave explicitly still carries the requests.

    Args:
        model: The caller's model; it is left as it is.

    Raises:
        ConfigurationError: The environment redirects it to a gateway, or its HTTP client is of an
            older library.
    """
    if model._uses_gateway:
        raise ConfigurationError(
            "LANGSMITH_GATEWAY redirects the cloud model to another host",
            remedy="unset LANGSMITH_GATEWAY, or pass base_url to the cloud model",
        )
    address = httpx2.URL(str(model.root_client.base_url), params=model.root_client.default_query)
    gated = with_transport(model, _Gate(transport_of(model), address), max_retries=0)
    if model._use_responses_api({}):
        return gated.model_copy(update={"store": False})
    return gated


class _Gate(httpx2.BaseTransport):
    """Clears each request with the current flight, then passes it on.

    Args:
        carrier: Sends what is cleared.
        address: Where the caller configured the model to be, with the query that every request
            has. That is the caller's own choice; whatever else stands in a URL is searched.
    """

    def __init__(self, carrier: httpx2.BaseTransport, address: httpx2.URL) -> None:
        self._carrier = carrier
        self._base = str(address.copy_with(query=None))
        self._query = frozenset(address.params.multi_items())

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        flight = _current.get()
        if flight is None:
            raise PrivacyViolation(
                "a request to the cloud model was made outside of a departure",
                remedy="call the cloud model through ChatCoGenesis only",
            )
        extra = [
            f"{name}: {value}"
            for name, value in request.headers.items()
            if name not in _CLIENT_HEADERS and not name.startswith("x-stainless-")
        ]
        extra += self._beyond_address(request.url)
        flight.clear(f"{request.method} {request.url}", request.read(), extra)
        left = flight.seconds_left
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        response = self._carrier.handle_request(request)
        kept = [item for item in response.headers.multi_items() if item[0] not in _BODY_HEADERS]
        return httpx2.Response(
            response.status_code,
            headers=kept,
            stream=_Bounded(response, flight),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._carrier.close()

    def _beyond_address(self, url: httpx2.URL) -> Iterator[str]:
        yield str(url.copy_with(query=None)).removeprefix(self._base)
        for name, value in url.params.multi_items():
            if (name, value) not in self._query:
                yield f"{name}={value}"


class _Bounded(httpx2.SyncByteStream):
    """An answer's body, decompressed, up to a deadline and a size."""

    def __init__(self, response: httpx2.Response, flight: Flight) -> None:
        self._response = response
        self._flight = flight

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for chunk in self._response.iter_bytes():
            received += len(chunk)
            if received > MAX_ANSWER_BYTES:
                raise CloudAnswerInvalid(
                    f"the cloud model's answer is larger than {MAX_ANSWER_BYTES} bytes",
                    remedy="check the endpoint: this is not a chat answer",
                )
            _ = self._flight.seconds_left  # a drip never runs into the read timeout
            yield chunk

    def close(self) -> None:
        self._response.close()
