"""Where does a load go? Scheme, host and port, resolved once, with the bytes that every head shares."""

import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True, kw_only=True)
class Origin:
    """One server. `address` is (family, what `connect` takes)."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    """A path that comes before every target: an emulator of several providers on one port."""
    address: tuple[int, Any] = (0, ())
    idle: list[Any] = field(default_factory=list)

    @property
    def netloc(self) -> str:
        """As the `Host` field names it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORTS.get(self.scheme) else f"{shown}:{self.port}"


def origin(base_url: str) -> Origin:
    """Taken apart and resolved; raises `OSError` (`socket.gaierror`) or `ValueError`."""
    parts = urlsplit(base_url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an http or https address")
    made = Origin(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        prefix=parts.path.rstrip("/"),
    )
    found = socket.getaddrinfo(made.host, made.port, type=socket.SOCK_STREAM)
    made.address = (int(found[0][0]), found[0][4])
    return made
