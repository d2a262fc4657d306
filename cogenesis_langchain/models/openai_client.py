"""Chat models of langchain-openai on an HTTP client of our own.

It sends where the model was told to and nowhere else: no environment proxy, no redirect.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import httpx2
from langchain_core.language_models.chat_models import BaseChatModel

from cogenesis_langchain.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_openai.chat_models.base import BaseChatOpenAI


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
