"""Trusted hosts: loopback, and those that the user names."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from cogenesis_langchain.errors import ConfigurationError


def is_trusted(host: str, trusted_hosts: Collection[str] = ()) -> bool:
    """Return whether a host is loopback or listed by the user as trusted.

    Args:
        host: The host's name or address.
        trusted_hosts: Hosts; of a URL and of ``host:port`` the host counts.

    Raises:
        ConfigurationError: The hosts are one string, whose letters would count as hosts.
    """
    if isinstance(trusted_hosts, str):
        raise ConfigurationError(
            "trusted_hosts is a string", remedy=f"pass a list: trusted_hosts=[{trusted_hosts!r}]"
        )
    return host in {*trusted_hosts, *map(host_of, trusted_hosts)} or _is_loopback(host)


def host_of(address: str) -> str:
    """Return the host of a URL or of ``host:port``; the address itself where it holds none."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(address.strip("[]")))  # of version 6 it has colons, too
    with suppress(ValueError):
        return urlsplit(address if "://" in address else f"//{address}").hostname or address
    return address


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
