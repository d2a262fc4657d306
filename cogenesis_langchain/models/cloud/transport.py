"""The gate on the wire: an HTTP client that lets out only what a permit clears.

Between the border and the wire stand a chat model, a provider's client and whatever they were
configured with. The gate sits below all of them: it hands the exact bytes of each request to the
permit, which checks and records them; it follows no redirect and no environment proxy; and it
bounds the time and the size of an answer, however slowly that drips in.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2
from langchain_core.language_models.chat_models import BaseChatModel

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudTimeout,
    ConfigurationError,
    PrivacyViolation,
)
from cogenesis_langchain.privacy.border import EgressPermit
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
class CloudCall:
    """One `CloudModel.generate` in progress.

    Attributes:
        permit: The border's permission.
        public: The public texts of its prompt.
        deadline: `time.monotonic` at which it must be over.
    """

    permit: EgressPermit
    public: Sequence[PublicText]
    deadline: float

    def authorise(self, endpoint: str, payload: bytes, extra: Sequence[str] = ()) -> None:
        """Have a request checked and recorded; it may leave once this returns.

        Raises:
            CloudTimeout: It is too late; nothing is recorded and nothing may leave.
            PrivacyViolation: See `EgressPermit.authorise`.
        """
        _ = self.seconds_left
        self.permit.authorise(endpoint, payload, self.public, extra)

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
    """The error of a call that did not end in time."""
    return CloudTimeout(
        "the cloud model gave no complete answer in time",
        remedy="raise cloud_timeout, or check the endpoint",
    )


_current: ContextVar[CloudCall | None] = ContextVar("call", default=None)


@contextmanager
def current_call(call: CloudCall) -> Iterator[None]:
    """Let requests of this context leave under a call's permit."""
    token = _current.set(call)
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
    """Clears each request with the current call, then passes it on.

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
        call = _current.get()
        if call is None:
            raise PrivacyViolation(
                "a request to the cloud model was made outside of a permit",
                remedy="call the cloud model through ChatCoGenesis only",
            )
        extra = [
            f"{name}: {value}"
            for name, value in request.headers.items()
            if name not in _CLIENT_HEADERS and not name.startswith("x-stainless-")
        ]
        extra += self._beyond_address(request.url)
        call.authorise(f"{request.method} {request.url}", request.read(), extra)
        left = call.seconds_left
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        response = self._carrier.handle_request(request)
        kept = [item for item in response.headers.multi_items() if item[0] not in _BODY_HEADERS]
        return httpx2.Response(
            response.status_code,
            headers=kept,
            stream=_Bounded(response, call),
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

    def __init__(self, response: httpx2.Response, call: CloudCall) -> None:
        self._response = response
        self._flight = call

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


def as_openai_model(model: BaseChatModel) -> BaseChatOpenAI | None:
    """The model itself when it is one of langchain-openai; that package is not imported for it."""
    if not any(base.__module__.startswith("langchain_openai.") for base in type(model).__mro__):
        return None
    from langchain_openai.chat_models.base import BaseChatOpenAI

    return model if isinstance(model, BaseChatOpenAI) else None


def with_transport(
    model: BaseChatOpenAI, transport: httpx2.BaseTransport, *, max_retries: int
) -> BaseChatOpenAI:
    """Copy a model so that a transport carries its requests.

    Args:
        model: The caller's model; it is left as it is.
        transport: Closed when the copy is gone.
        max_retries: Further attempts of its client.
    """
    http_client = httpx2.Client(transport=transport, trust_env=False, follow_redirects=False)
    weakref.finalize(http_client, transport.close)
    client = model.root_client.with_options(http_client=http_client, max_retries=max_retries)
    return model.model_copy(
        update={"root_client": client, "client": client.chat.completions, "cache": False}
    )


def transport_of(model: BaseChatOpenAI) -> httpx2.BaseTransport:
    """What the caller chose to carry a model's requests: a client, a proxy, or nothing special.

    Raises:
        ConfigurationError: Its HTTP client is of an older library.
    """
    if model.openai_proxy:
        return httpx2.HTTPTransport(proxy=model.openai_proxy, trust_env=False)
    if model.http_client is None:
        return httpx2.HTTPTransport(trust_env=False)
    if not isinstance(model.http_client, httpx2.Client):
        raise ConfigurationError(
            f"the model's http_client is a {type(model.http_client).__module__} client",
            remedy="pass an httpx2.Client, which is what openai uses from version 3",
        )
    return _Delegate(model.http_client)


class _Delegate(httpx2.BaseTransport):
    """Sends through a client that the caller owns, and closes."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._client.send(request, stream=True, follow_redirects=False)
