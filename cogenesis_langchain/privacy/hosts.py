"""Which hosts are inside the trust boundary, and whether a proxy stands before them."""

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
    """Tell whether private text may go to a host: loopback, or one that the user named."""
    return host in trusted_hosts or _is_loopback(host)


def is_behind_proxy(host: str) -> bool:
    """Tell whether a proxy of the environment would carry requests to a host, loopback included."""
    return bool(getproxies().keys() & {"http", "https", "all"}) and not proxy_bypass(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_DEPTH: Final = 8
_MOST_ITEMS: Final = 100
_URL_ATTRIBUTES: Final = ("base_url", "_base_url", "_api_url", "endpoint_url", "url")
_HOST_ATTRIBUTES: Final = ("host", "chroma_server_host")


def require_trusted(model: object, trusted_hosts: Collection[str] = ()) -> None:
    """Check that an object of the private side sends text nowhere but to trusted hosts.

    Args:
        model: A LangChain chat model, embedding model or client.
        trusted_hosts: Host names besides loopback that may receive private text.

    Raises:
        UntrustedLocalModel: It talks to another host, needs an API key (so it is a hosted
            service), or an environment proxy would carry its requests.
    """
    name = type(model).__name__
    hosts = set(_hosts(model, _DEPTH, set()))
    for host in sorted(hosts):
        if not is_trusted(host, trusted_hosts):
            raise UntrustedLocalModel(
                f"{name} would send private text to {host!r}",
                remedy="run the model on this machine, or name the host in trusted_hosts if it is "
                "inside your trust boundary",
            )
        if is_behind_proxy(host):
            raise UntrustedLocalModel(
                f"an environment proxy would carry the requests of {name} to {host!r}",
                remedy=f"add {host} to NO_PROXY, or unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
            )
    if not hosts and getattr(model, "lc_secrets", None):
        raise UntrustedLocalModel(
            f"{name} needs an API key, so it is a hosted service",
            remedy="use a model that runs on this machine as the local model",
        )


def _hosts(thing: object, depth: int, seen: set[int]) -> Iterator[str]:
    """Hosts of every URL or client found in an object's attributes."""
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
    """The models and retrievers in a container; documents and settings are not looked into."""
    items = container.values() if isinstance(container, Mapping) else container
    return (item for item in islice(items, _MOST_ITEMS) if isinstance(item, (Runnable, Embeddings)))


def _attributes(thing: object) -> Mapping[str, object]:
    """Instance attributes, public and private, of plain objects and pydantic models."""
    found: dict[str, object] = dict(getattr(thing, "__dict__", None) or {})
    found.update(getattr(thing, "__pydantic_private__", None) or {})
    return found


def _host_of_url(text: str) -> str | None:
    scheme, separator, _ = text.partition("://")
    if not separator or not scheme.isalpha() or scheme.lower() not in {"http", "https", "ws"}:
        return None
    return urlsplit(text).hostname
