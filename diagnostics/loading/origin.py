"""Where does a load go? Scheme, host and port, resolved once, and connections that stand idle."""

import socket
from dataclasses import dataclass, field
from typing import Any

_PORTS = {"http": 80, "https": 443}
_UNKNOWN_S = 1.0
"""For so long a name that did not resolve is not asked for again."""


@dataclass(slots=True, kw_only=True)
class Origin:
    """One server. An address is (family, what `connect` takes); the one that answered is first."""

    scheme: str
    host: str
    port: int
    addresses: list[tuple[int, Any]] = field(default_factory=list)
    idle: list[Any] = field(default_factory=list)
    """Connections that wait for a request, the one that waited least last."""
    failure: str = ""
    failed_s: float = 0.0

    @property
    def netloc(self) -> str:
        """As the `Host` field names it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORTS.get(self.scheme) else f"{shown}:{self.port}"

    def resolve(self, now_s: float) -> None:
        """Find the addresses, unless they are known; raises `UnknownNameError`."""
        if self.addresses:
            return
        if self.failure and now_s - self.failed_s < _UNKNOWN_S:
            raise UnknownNameError(self.failure)
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self.failure = str(getattr(error, "strerror", None) or error)
            self.failed_s = now_s
            raise UnknownNameError(self.failure) from error
        self.addresses = list(dict.fromkeys((int(one[0]), one[4]) for one in found))

    def prefer(self, number: int) -> None:
        """That address could be connected to: the next connection tries it first."""
        if 0 < number < len(self.addresses):
            self.addresses.insert(0, self.addresses.pop(number))


class UnknownNameError(Exception):
    """The host name does not resolve."""
