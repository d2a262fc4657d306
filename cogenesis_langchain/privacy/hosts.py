"""Trusted hosts: checks that private text goes only to loopback or to hosts the user trusts."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable

from cogenesis_langchain.errors import UntrustedLocalModel


def is_trusted(host: str, trusted_hosts: Collection[str] = ()) -> bool:
    """Return whether a host is loopback or listed by the user as trusted."""
    return host in trusted_hosts or _is_loopback(host)


def is_behind_proxy(host: str) -> bool:
    """Return whether an environment proxy (``HTTP_PROXY``, ...) applies to a host."""
    # Loopback is no exception: clients send requests to 127.0.0.1 through the proxy too, unless
    # NO_PROXY lists it.
    return bool(getproxies().keys() & {"http", "https", "all"}) and not proxy_bypass(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 100
# Attributes under which LangChain integrations and their clients keep an address.
_URL_ATTRIBUTES: Final = ("base_url", "_base_url", "_api_url", "endpoint_url", "url")
_HOST_ATTRIBUTES: Final = ("host", "chroma_server_host")


def require_trusted(model: object, trusted_hosts: Collection[str] = ()) -> None:
    """Check that a model, retriever or client sends private text only to trusted hosts.

    Args:
        model: A LangChain chat model, embedding model, retriever or client.
        trusted_hosts: Host names besides loopback that may receive private text.

    Raises:
        UntrustedLocalModel: The object has the address of another host, needs an API key (which
            only hosted services do), or would send its requests through an environment proxy.
    """
    name = type(model).__name__
    hosts = set(_hosts(model, _MAX_DEPTH, set()))
    for host in sorted(hosts):
        if not is_trusted(host, trusted_hosts):
            raise UntrustedLocalModel(
                f"{name} would send private text to {host!r}",
                remedy="run the model on this machine, or add the host to trusted_hosts if it may "
                "receive private text",
            )
        if is_behind_proxy(host):
            raise UntrustedLocalModel(
                f"{name} would send its requests to {host!r} through an environment proxy",
                remedy=f"add {host} to NO_PROXY, or unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
            )
    if not hosts and getattr(model, "lc_secrets", None):
        raise UntrustedLocalModel(
            f"{name} needs an API key, so it is a hosted service and not a local model",
            remedy="use a model that runs on this machine",
        )


def _hosts(thing: object, depth: int, seen: set[int]) -> Iterator[str]:
    """Yield the host of every URL or client in an object's attributes, searched recursively."""
    if depth == 0 or id(thing) in seen:
        return
    seen.add(id(thing))
    for attribute, value in _attributes(thing).items():
        if attribute in _HOST_ATTRIBUTES and isinstance(value, str):
            yield urlsplit(f"//{value.rpartition('//')[2]}").hostname or value
        elif attribute in _URL_ATTRIBUTES or isinstance(value, str):
            host = _host_of_url(str(value))
            if host:
                yield host
        elif isinstance(value, (Mapping, list, tuple)):
            for part in _components(value):
                yield from _hosts(part, depth - 1, seen)
        elif not isinstance(value, (int, float, bytes, type, type(None))):
            yield from _hosts(value, depth - 1, seen)


def _components(container: Mapping[object, object] | Iterable[object]) -> Iterator[object]:
    """Return the models and retrievers in a container."""
    # Other items are skipped: a URL inside a stored document is not an address to check.
    items = container.values() if isinstance(container, Mapping) else container
    return (item for item in islice(items, _MAX_ITEMS) if isinstance(item, (Runnable, Embeddings)))


def _attributes(thing: object) -> Mapping[str, object]:
    """Return the public and private instance attributes of a plain object or pydantic model."""
    found: dict[str, object] = dict(getattr(thing, "__dict__", None) or {})
    found.update(getattr(thing, "__pydantic_private__", None) or {})
    return found


def _host_of_url(text: str) -> str | None:
    scheme, separator, _ = text.partition("://")
    if not separator or not scheme.isalpha() or scheme.lower() not in {"http", "https", "ws"}:
        return None
    return urlsplit(text).hostname
