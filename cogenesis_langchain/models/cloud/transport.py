"""The HTTP transport through which every request to the cloud leaves.

A chat model and its provider's client stand between the border and the network, with whatever they
were configured with. The gate is an HTTP transport below them. It passes the exact bytes of each
request to the egress permit, which checks and records them. It follows no redirect, ignores proxies
of the environment, and limits the total time and the size of an answer.
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

MAX_ANSWER_BYTES: Final = 32 * 2**20
"""Log-probabilities of a long prompt take megabytes."""
# The gate hands on the decoded body, so headers that describe the encoded one are dropped.
_BODY_HEADERS: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
# The client makes these itself; all other headers are searched for private values.
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
    """One call of a `CloudModel` method in progress, retries included.

    Attributes:
        permit: The border's permission.
        public: The public texts that its requests carry.
        deadline: Value of `time.monotonic` at which the call must end.
    """

    permit: EgressPermit
    public: Sequence[PublicText]
    deadline: float

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
        remedy="raise cloud_timeout, or check the endpoint",
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


def with_gated_client(model: BaseChatOpenAI) -> BaseChatOpenAI:
    """Copy an OpenAI chat model so that its requests pass the gate.

    Its own retries are off, its answers are not cached, and the Responses API is told not to
    store. A client or proxy that the caller gave explicitly still carries the requests.

    Args:
        model: The caller's model; it is not changed.

    Raises:
        ConfigurationError: The environment redirects it to a gateway, its API key is only for
            asynchronous calls, its ``base_url`` is not an HTTP URL, or its HTTP client is of an
            older library.
    """
    if model._uses_gateway:
        raise ConfigurationError(
            "LANGSMITH_GATEWAY redirects the cloud model to another host",
            remedy="unset LANGSMITH_GATEWAY, or pass base_url to the cloud model",
        )
    if model.root_client is None:
        raise ConfigurationError(
            "the cloud model's api_key is an asynchronous function",
            remedy="pass api_key as a string, or as a function that is not asynchronous",
        )
    root = httpx2.URL(server_root(model))
    if root.scheme not in ("http", "https") or not root.host:
        raise ConfigurationError(
            "the cloud model's base_url is not an HTTP URL",
            remedy="give it as http://host:port/v1 or https://host/v1",
        )
    query = httpx2.QueryParams(model.root_client.default_query)
    if isinstance(model.http_client, httpx2.Client):
        query = query.merge(model.http_client.params)
    gated = with_transport(model, _Gate(transport_of(model), str(root), query), max_retries=0)
    if model._use_responses_api({}):
        return gated.model_copy(update={"store": False})
    return gated


def server_root(model: BaseChatOpenAI) -> str:
    """URL of the server behind a model: its ``base_url`` without ``/v1``."""
    return str(model.root_client.base_url).rstrip("/").removesuffix("/v1")


class _Gate(httpx2.BaseTransport):
    """Checks each request under the current call's permit, then passes it on.

    Args:
        carrier: Sends what was checked.
        root: URL of the server, as the caller configured it.
        query: Query parameters that the caller configured for every request. Any other part of a
            URL is searched for private values.
    """

    def __init__(self, carrier: httpx2.BaseTransport, root: str, query: httpx2.QueryParams) -> None:
        self._carrier = carrier
        self._root = root
        self._query = frozenset(query.multi_items())

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
        extra += self._beyond_configured(request.url)
        left = call.require_time()  # too late: nothing is recorded and nothing leaves
        call.permit.authorise(f"{request.method} {request.url}", request.read(), call.public, extra)
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

    def _beyond_configured(self, url: httpx2.URL) -> Iterator[str]:
        yield str(url.copy_with(query=None)).removeprefix(self._root)
        for name, value in url.params.multi_items():
            if (name, value) not in self._query:
                yield f"{name}={value}"


class _Bounded(httpx2.SyncByteStream):
    """An answer's decompressed body, limited in time and size."""

    def __init__(self, response: httpx2.Response, call: CloudCall) -> None:
        self._response = response
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for chunk in self._response.iter_bytes():
            received += len(chunk)
            if received > MAX_ANSWER_BYTES:
                raise CloudAnswerInvalid(
                    f"the cloud model's answer is larger than {MAX_ANSWER_BYTES} bytes",
                    remedy="check the base_url and the model; ask for a shorter text",
                )
            self._call.require_time()  # a slow trickle never runs into the read timeout
            yield chunk

    def close(self) -> None:
        self._response.close()


def as_openai_model(model: BaseChatModel) -> BaseChatOpenAI | None:
    """Return the model if it is of langchain-openai; for others that package is not imported."""
    if not any(base.__module__.startswith("langchain_openai.") for base in type(model).__mro__):
        return None
    from langchain_openai.chat_models.base import BaseChatOpenAI

    return model if isinstance(model, BaseChatOpenAI) else None


def with_transport(
    model: BaseChatOpenAI, transport: httpx2.BaseTransport, *, max_retries: int
) -> BaseChatOpenAI:
    """Copy a model so that a transport carries its requests.

    Headers, cookies and query parameters of the caller's own HTTP client are kept.

    Args:
        model: The caller's model; it is not changed.
        transport: Closed when the copy is collected.
        max_retries: Further attempts of its client.
    """
    http_client = httpx2.Client(transport=transport, trust_env=False, follow_redirects=False)
    if isinstance(model.http_client, httpx2.Client):
        http_client.headers = model.http_client.headers
        http_client.cookies = model.http_client.cookies
        http_client.params = model.http_client.params
    weakref.finalize(http_client, transport.close)
    client = model.root_client.with_options(http_client=http_client, max_retries=max_retries)
    return model.model_copy(
        update={"root_client": client, "client": client.chat.completions, "cache": False}
    )


def transport_of(model: BaseChatOpenAI) -> httpx2.BaseTransport:
    """Return the transport that the caller chose: a proxy, a client, or a direct connection.

    Raises:
        ConfigurationError: Its HTTP client is of an older library.
    """
    if model.openai_proxy:
        return httpx2.HTTPTransport(proxy=model.openai_proxy, trust_env=False)
    if model.http_client is None:
        return httpx2.HTTPTransport(
            trust_env=False, socket_options=model.http_socket_options or None
        )
    if not isinstance(model.http_client, httpx2.Client):
        raise ConfigurationError(
            f"the model's http_client is a {type(model.http_client).__module__} client",
            remedy="pass an httpx2.Client, which is what openai uses from version 3",
        )
    return _Delegate(model.http_client)


class _Delegate(httpx2.BaseTransport):
    """Sends through a client that the caller owns and closes."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._client.send(request, stream=True, follow_redirects=False)
