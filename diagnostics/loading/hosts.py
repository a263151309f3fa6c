"""Is that host this machine? If not, did somebody say by name that it may be loaded?

This machine is an address of the loopback, or `localhost` where it resolves to nothing else. A name
that looks like one (`127.0.0.1.evil.test`) is not; nor is a name that resolves to the loopback now,
since it may resolve to something else for the next request.
"""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

Resolve = Callable[[str], Sequence[str]]
_KNOWN_MOST = 10_000
_NO_PART_OF_A_URL = re.compile(r"[\x00-\x20\x7f\\]")


def resolve(name: str) -> Sequence[str]:
    """The addresses of a name; none where it has none."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(name, None)]
    except (OSError, UnicodeError):
        return []


def host_of(wanted: str) -> str:
    """The host of a URL or of `host[:port]`, in lower case; empty: it has none."""
    if _NO_PART_OF_A_URL.search(wanted):
        return ""
    return wanted.lower() if _address(wanted) else _named(wanted)


def _named(wanted: str) -> str:
    try:
        parts = urlsplit(wanted if "://" in wanted else f"//{wanted}")
        _ = parts.port
    except ValueError:
        return ""
    return (parts.hostname or "").lower()


def here(host: str, resolve: Resolve = resolve) -> bool:
    """Whether that host is this machine, and can be nothing else."""
    if host.removesuffix(".") == "localhost":
        found = resolve(host)
        return bool(found) and all(map(_loopback, found))
    return _loopback(host)


def everywhere(host: str) -> bool:
    """`0.0.0.0` or `::`: where a server listens, and no address to send to."""
    address = _address(host)
    return address is not None and address.is_unspecified


def _loopback(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that it is written as; `::ffff:127.0.0.1` is one of IPv4."""
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def foreign(host: str) -> str:
    """Why a request to that host stays here."""
    return f"{host} is not this machine, and nobody named it (--i-may-load {host})"


class Fence:
    """Which addresses may a load ask? Also an answer can name one: a result, a next page."""

    def __init__(self, allowed: Iterable[str] = (), resolve: Resolve = resolve) -> None:
        self._named = {host_of(one).removesuffix(".") for one in allowed} - {""}
        self._resolve = resolve
        self._known: dict[str, bool] = {}

    def admits(self, url: str) -> bool:
        """Whether a request may go there."""
        host = host_of(url)
        known = self._known.get(host)
        if known is None:
            known = host.removesuffix(".") in self._named or here(host, self._resolve)
            if len(self._known) < _KNOWN_MOST:
                self._known[host] = known
        return known
