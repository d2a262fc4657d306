"""The configured part of a cloud model's requests: everything but the released texts.

It is learned once, when the model is configured, from a request with known texts that is made but
never sent. What a later request holds besides released texts must be the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.cloud.connection import with_transport
from cogenesis_langchain.privacy.request_shape import RequestShape, parts_of
from cogenesis_langchain.version import __version__

if TYPE_CHECKING:
    from langchain_openai.chat_models.base import BaseChatOpenAI

OUR_HEADERS: Final[Mapping[str, str]] = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
    "content-type": "application/json",
    "user-agent": f"cogenesis-langchain/{__version__}",
}
"""Sent with every request, unless the caller set another value."""
CREDENTIALS: Final = frozenset({"authorization", "api-key"})
"""Made by the client from the caller's key, possibly anew for each request."""
_MADE_BY_CLIENTS: Final = frozenset({*OUR_HEADERS, "content-length", "host"})
_TEXTS: Final = ("cogenesis known system", "cogenesis known user", "cogenesis known assistant")
_SETTINGS: Final = (
    "additional_headers", "default_headers", "default_query", "extra_body", "extra_headers",
    "headers", "model_kwargs", "stop", "stop_sequences", "user",
)  # fmt: skip
"""Names that chat models give to headers, stop strings and what else every request carries."""
_FIELDS_OF_A_CHAT: Final = frozenset({"model", "messages", "input", "stream"})


@dataclass(frozen=True, slots=True)
class Configured:
    """What the caller configured.

    Attributes:
        url: Where requests for a chat answer go.
        headers: Headers of the caller, names in lower case.
        shape: Keys and values of a body besides the released texts.
        settings: Strings that the caller put beside model, address and key: header values, stop
            strings, a ``user``, fields of ``extra_body``.
    """

    url: httpx2.URL
    headers: Mapping[str, str]
    shape: RequestShape
    settings: tuple[str, ...]

    def outgoing_headers(self, made: httpx2.Headers) -> dict[str, str] | None:
        """Return the headers to send in place of those that a client made.

        What clients add (operating system, versions, retry counters) is left out.

        Args:
            made: The headers that the client made.

        Returns:
            The headers; None if something added one that the caller did not configure.
        """
        sent = {**OUR_HEADERS, **self.headers}
        for name, value in made.items():
            if name in CREDENTIALS:
                sent[name] = value
            elif self.headers.get(name) != value and not is_made_by_clients(name):
                return None
        return sent


def is_made_by_clients(name: str) -> bool:
    """Return whether the HTTP client or the provider's client makes a header by itself."""
    return name in _MADE_BY_CLIENTS or name.startswith("x-stainless-")


def learn(model: BaseChatOpenAI) -> Configured:
    """Learn what the caller configured on a model. Nothing is sent.

    Raises:
        ConfigurationError: The settings do not make a request.
    """
    request = _request_of(model)
    shape = RequestShape.of(request.content, _TEXTS)
    own = {name.lower() for name in model.default_headers or ()}
    headers = {
        name: value
        for name, value in request.headers.items()
        if name in own or not (name in CREDENTIALS or is_made_by_clients(name))
    }
    beside = {
        name: value
        for name, value in json.loads(request.content).items()
        if name not in _FIELDS_OF_A_CHAT
    }
    told = [*headers.values(), *(part for part in parts_of(beside) if isinstance(part, str))]
    return Configured(request.url, headers, shape, tuple(told))


def settings_of(model: BaseChatModel) -> tuple[str, ...]:
    """Return what a caller configured on a chat model of another provider, as far as fields tell.

    Its requests cannot be made without being sent, so only fields of the usual names are read.
    """
    given = (getattr(model, name, None) for name in _SETTINGS)
    return tuple(part for value in given for part in parts_of(value) if isinstance(part, str))


def _request_of(model: BaseChatOpenAI) -> httpx2.Request:
    """Let a model make a request, and keep it."""
    kept = _Keep()
    asked = with_transport(model, kept, max_retries=0)
    # A function that gives the key belongs to a call; it is not called here.
    client = asked.root_client.with_options(api_key="none")
    if hasattr(client, "_azure_ad_token"):
        client._azure_ad_token = "none"
    asked = asked.model_copy(update={"root_client": client, "client": client.chat.completions})
    system, user, assistant = _TEXTS
    prompt: list[BaseMessage] = [
        SystemMessage(system),
        HumanMessage(user),
        AIMessage(assistant),
        HumanMessage(user),
    ]
    reason = ""
    try:
        asked._generate(prompt)
    # The transport keeps the request and answers with an error, which each client wraps in its own.
    except Exception as error:
        reason = type(error).__name__
    if kept.request is None:
        raise ConfigurationError(
            f"the cloud model makes no request with its settings ({reason})",
            remedy="check model_kwargs, extra_body and the other settings of the cloud model",
        )
    return kept.request


class _Keep(httpx2.BaseTransport):
    request: httpx2.Request | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.request = request
        return httpx2.Response(400, json={"error": {"message": "not sent"}})
