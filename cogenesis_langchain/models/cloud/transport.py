"""The HTTP transport of OpenAI-compatible models: every request of theirs leaves through it.

It lies below the provider's client, whose configuration is the caller's. It sends a request of its
own: the body that the client made, headers from a fixed list, and those of the caller. The egress
permit compares the body with what was released and configured, and records it. Nothing that a
server chose is kept: no cookie, no redirect. The total time and the size of an answer are limited.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import httpx2

from cogenesis_langchain.errors import CloudAnswerInvalid, ConfigurationError, PrivacyViolation
from cogenesis_langchain.models.cloud.call import CloudCall, current_call
from cogenesis_langchain.models.cloud.configured import Configured, learn
from cogenesis_langchain.models.cloud.connection import transport_of, with_transport
from cogenesis_langchain.privacy.ledger.entry import shown_url

if TYPE_CHECKING:
    from langchain_openai.chat_models.base import BaseChatOpenAI

MAX_ANSWER_BYTES: Final = 32 * 2**20
"""Log-probabilities of a long prompt take megabytes."""
_HEADERS_READ: Final = frozenset({"content-type", "retry-after"})
"""Of an answer; no other header reaches the client."""


def with_checked_client(model: BaseChatOpenAI) -> tuple[BaseChatOpenAI, Configured]:
    """Copy an OpenAI chat model so that its requests leave through the transport.

    Its own retries are off, its answers are not cached, and the Responses API is told not to
    store. A client or proxy that the caller gave explicitly still carries the requests.

    Args:
        model: The caller's model; it is not changed.

    Returns:
        The copy, and what the caller configured.

    Raises:
        ConfigurationError: The environment redirects it to a gateway, its API key is only for
            asynchronous calls, its ``base_url`` is not an HTTP URL, or its HTTP client cannot be
            used.
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
    carrier = transport_of(model)
    if model._use_responses_api({}):
        model = model.model_copy(update={"store": False})
    configured = learn(model)
    return with_transport(model, _CheckedTransport(carrier, configured), max_retries=0), configured


def server_root(model: BaseChatOpenAI) -> str:
    """URL of the server behind a model: its ``base_url`` without ``/v1``."""
    return str(model.root_client.base_url).rstrip("/").removesuffix("/v1")


class _CheckedTransport(httpx2.BaseTransport):
    """Checks each request under the current call's permit, then sends one of its own.

    Args:
        carrier: Sends what was checked.
        configured: What the caller configured.
    """

    def __init__(self, carrier: httpx2.BaseTransport, configured: Configured) -> None:
        self._carrier = carrier
        self._configured = configured

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call = current_call()
        if call is None:
            raise PrivacyViolation(
                "a request to the cloud model was made outside of a permit",
                remedy="call the cloud model through ChatCoGenesis only",
            )
        left = call.require_time()  # too late: nothing is recorded and nothing leaves
        body = call.padded(request.read())
        headers = self._configured.outgoing_headers(request.headers)
        call.permit.authorise(
            f"{request.method} {shown_url(str(call.url))}",
            body,
            call.public,
            call.shape,
            added="a header" if headers is None else "a URL" if request.url != call.url else "",
        )
        checked = httpx2.Request(
            request.method,
            call.url,
            headers=headers,
            content=body if request.method == "POST" else None,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), left)},
        )
        try:
            response = self._carrier.handle_request(checked)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            call.permit.not_sent(body)
            raise
        return httpx2.Response(
            response.status_code,
            headers=[item for item in response.headers.multi_items() if item[0] in _HEADERS_READ],
            stream=_Bounded(response, call),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._carrier.close()


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
