"""Reads where the clients that this library knows send their requests: hosts, sockets, proxies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

SOCKET: Final = "unix:"
"""Beginning of an address on this machine without a host."""
TRANSPORT: Final = "transport:"
"""Stands before the class of an HTTP transport that is not known, in the place of an address."""
_OURS: Final = "cogenesis_langchain."
_TRANSPORTS: Final = frozenset({
    "httpx.AsyncHTTPTransport", "httpx.HTTPTransport",
    "httpx2.AsyncHTTPTransport", "httpx2.HTTPTransport",
})  # fmt: skip
"""Transports that send to the address itself, or to their proxy. A subclass is another class."""
_CLOUD_MODEL: Final = re.compile(r"[-:]cloud\s*\Z", re.I)
"""Endings of the names of Ollama's cloud models, such as ``gpt-oss:120b-cloud``."""


def addresses_of(client: object) -> list[str]:
    """Return the addresses that a known client sends requests to; none for anything else."""
    read = _CLIENTS.get(class_name(client))
    return list(read(client)) if read else []


def is_known_client(thing: object) -> bool:
    """Return whether the addresses of a thing can be read."""
    return class_name(thing) in _CLIENTS


def class_name(thing: object) -> str:
    """Return the full name of an object's own class; a subclass of a known class is not known."""
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _path(*names: str) -> Callable[[object], Iterator[str]]:
    """Read the address at the end of a path of attributes."""

    def read(client: object) -> Iterator[str]:
        if (address := _at(client, *names)) is not None:
            yield str(address)

    return read


def _at(thing: object, *names: str) -> object:
    for name in names:
        thing = getattr(thing, name, None)
    return thing


def _openai(*names: str) -> Callable[[object], Iterator[str]]:
    """Read the address of a client of OpenAI's, and those of its proxies."""

    def read(client: object) -> Iterator[str]:
        yield from _path(*names, "base_url")(client)
        yield from _path("openai_proxy")(client)
        yield from _forwarded(client)
        for first in (names[0], names[0].replace("client", "async_client")):
            used = _at(client, first, *names[1:])
            yield from _proxies(_at(used, "_client"), _at(used, "base_url"))

    return read


def _ollama(client: object) -> Iterator[str]:
    """Read the address of a client of Ollama's, and those of its proxies."""
    yield from _path("_client", "_client", "base_url")(client)
    yield from _forwarded(client)
    for name in ("_client", "_async_client"):
        http_client = _at(client, name, "_client")
        yield from _proxies(http_client, _at(http_client, "base_url"))


def _forwarded(client: object) -> Iterator[str]:
    """Ollama's own host, to which a local Ollama forwards requests for its cloud models."""
    model = _at(client, "model_name") or _at(client, "model")
    if isinstance(model, str) and _CLOUD_MODEL.search(model):
        yield "https://ollama.com"


def _proxies(http_client: object, address: object) -> Iterator[str]:
    """Read the address of the proxy that a client of httpx uses for an address, if any."""
    choose = getattr(http_client, "_transport_for_url", None)
    if choose is None or address is None:
        return
    transport = choose(address)
    name = class_name(transport)
    if name.startswith(_OURS):  # it sends through a client of the caller
        yield from _proxies(_at(transport, "_client"), address)
    elif name not in _TRANSPORTS:
        yield f"{TRANSPORT}{type(transport).__name__}"
    elif (url := getattr(_at(transport, "_pool"), "_proxy_url", None)) is not None:
        host = url.host.decode()
        yield f"{url.scheme.decode()}://{f'[{host}]' if ':' in host else host}"


def _elastic(client: object) -> Iterator[str]:
    pool = getattr(getattr(client, "transport", None), "node_pool", None)
    for node in pool.all() if pool is not None else ():
        yield str(node.base_url)


def _redis(client: object) -> Iterator[str]:
    settings = getattr(getattr(client, "connection_pool", None), "connection_kwargs", {})
    yield str(settings["host"]) if "host" in settings else f"{SOCKET}{settings.get('path', '')}"


def _mongo(client: object) -> Iterator[str]:
    settings = getattr(client, "_topology_settings", None)
    for host, _ in getattr(settings, "seeds", ()):
        yield SOCKET if str(host).startswith("/") else str(host)


def _engine(engine: object) -> Iterator[str]:
    url = getattr(engine, "url", None)
    host = getattr(url, "host", None)
    yield str(host) if host else SOCKET


_CLIENTS: Final[Mapping[str, Callable[[object], Iterable[str]]]] = {
    "langchain_openai.chat_models.base.ChatOpenAI": _openai("root_client"),
    "langchain_openai.chat_models.azure.AzureChatOpenAI": _openai("root_client"),
    "langchain_openai.embeddings.base.OpenAIEmbeddings": _openai("client", "_client"),
    "langchain_openai.embeddings.azure.AzureOpenAIEmbeddings": _openai("client", "_client"),
    "langchain_ollama.chat_models.ChatOllama": _ollama,
    "langchain_ollama.llms.OllamaLLM": _ollama,
    "langchain_ollama.embeddings.OllamaEmbeddings": _ollama,
    "chromadb.api.fastapi.FastAPI": _path("_api_url"),
    "qdrant_client.qdrant_remote.QdrantRemote": _path("rest_uri"),
    "elasticsearch.Elasticsearch": _elastic,
    "redis.client.Redis": _redis,
    "pymongo.synchronous.mongo_client.MongoClient": _mongo,
    "sqlalchemy.engine.base.Engine": _engine,
}
"""Known clients, and how to read their addresses."""
