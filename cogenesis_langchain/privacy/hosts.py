"""Which hosts are inside the trust boundary, and whether a proxy stands before them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.request import getproxies, proxy_bypass


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
