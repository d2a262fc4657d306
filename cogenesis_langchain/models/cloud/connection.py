"""The sockets below `transport.py`: only what the caller chose, and no longer than a call.

Proxies of the environment and cookies are never used, redirects are not followed. Each read and
write of a connection of ours ends with the call in progress, however slowly a server sends.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.request import getproxies

import httpx2
from langchain_core.language_models.chat_models import BaseChatModel

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.cloud.call import current_call

if TYPE_CHECKING:
    import ssl

    import httpcore2
    from langchain_openai.chat_models.base import BaseChatOpenAI

_PROXIES: Final = {"http", "https", "all"}


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

    Headers and query parameters of the caller's own HTTP client are kept.

    Args:
        model: The caller's model; it is not changed.
        transport: Closed when the copy is collected.
        max_retries: Further attempts of its client.
    """
    http_client = httpx2.Client(transport=transport, trust_env=False, follow_redirects=False)
    if isinstance(model.http_client, httpx2.Client):
        http_client.headers = model.http_client.headers
        http_client.params = model.http_client.params
    weakref.finalize(http_client, transport.close)
    client = model.root_client.with_options(http_client=http_client, max_retries=max_retries)
    return model.model_copy(
        update={"root_client": client, "client": client.chat.completions, "cache": False}
    )


def transport_of(model: BaseChatOpenAI) -> httpx2.BaseTransport:
    """Return the transport that the caller chose: a proxy, a client, or a direct connection.

    A proxy that the model took from ``OPENAI_PROXY`` is not one that the caller chose.

    Raises:
        ConfigurationError: Its HTTP client is of an older library, has cookies, or takes its proxy
            from the environment.
    """
    chosen = "openai_proxy" in model.model_fields_set
    # A model with a proxy makes its http_client by itself, and takes none from the caller.
    if model.openai_proxy or model.http_client is None:
        proxy = model.openai_proxy if chosen else None
        options = None if proxy else model.http_socket_options or None
        return _ending_with_the_call(
            httpx2.HTTPTransport(proxy=proxy, trust_env=False, socket_options=options)
        )
    if not isinstance(model.http_client, httpx2.Client):
        raise ConfigurationError(
            f"the model's http_client is a {type(model.http_client).__module__} client",
            remedy="pass an httpx2.Client, which is what openai uses from version 3",
        )
    if len(model.http_client.cookies):
        raise ConfigurationError(
            "the model's http_client has cookies, and cookies of a server are never sent back",
            remedy='pass default_headers={"Cookie": ...} if the endpoint needs one',
        )
    if model.http_client.trust_env and getproxies().keys() & _PROXIES:
        raise ConfigurationError(
            "the model's http_client takes its proxy from the environment",
            remedy="pass httpx2.Client(trust_env=False), with proxy= if you want one",
        )
    return _Delegate(model.http_client)


class _Delegate(httpx2.BaseTransport):
    """Sends through a client that the caller owns and closes; its cookie jar stays as it is."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = copy.copy(client)
        self._client.cookies = httpx2.Cookies()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._client.send(request, stream=True, follow_redirects=False)
        self._client.cookies.clear()
        return response


def _ending_with_the_call(transport: httpx2.HTTPTransport) -> httpx2.HTTPTransport:
    """Let each read and write end with the call in progress.

    A timeout of httpx holds for one read. A server that sends its headers byte by byte, or interim
    responses without end, would keep a thread and a socket for ever.
    """
    transport._pool._network_backend = _backend()
    return transport


def _backend() -> httpcore2.NetworkBackend:
    import httpcore2

    class Stream(httpcore2.NetworkStream):
        def __init__(self, stream: httpcore2.NetworkStream) -> None:
            self._stream = stream

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self._stream.read(max_bytes, _seconds(timeout))

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._stream.write(buffer, _seconds(timeout))

        def close(self) -> None:
            self._stream.close()

        def start_tls(
            self,
            ssl_context: ssl.SSLContext,
            server_hostname: str | None = None,
            timeout: float | None = None,
        ) -> httpcore2.NetworkStream:
            return Stream(self._stream.start_tls(ssl_context, server_hostname, _seconds(timeout)))

        def get_extra_info(self, info: str) -> object:
            return self._stream.get_extra_info(info)

    class Backend(httpcore2.SyncBackend):
        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
        ) -> httpcore2.NetworkStream:
            return Stream(
                super().connect_tcp(host, port, _seconds(timeout), local_address, socket_options)
            )

    return Backend()


def _seconds(timeout: float | None) -> float | None:
    """The timeout of one step: not beyond the end of the call in progress."""
    call = current_call()
    if call is None:
        return timeout
    left = call.require_time()
    return left if timeout is None else min(timeout, left)
