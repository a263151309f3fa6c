"""How long did each phase on the wire take? Told by `httpcore`'s own trace of a request."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from diagnostics.model import Wire

_CONNECT, _TLS = "connection.connect_tcp", "connection.start_tls"
_TIMED = (_CONNECT, _TLS)


class Phases:
    """Collects what one request's trace says; whoever traced it before is told as well.

    TCP includes finding the name here: `httpcore` does both in one step.
    """

    def __init__(self, other: Any = None) -> None:
        self._other = other
        self._begun: dict[str, float] = {}
        self._connect_s: float | None = None
        self._tls_s: float | None = None
        self._address: str | None = None
        self._tls_version: str | None = None
        self._wired = False

    def told(self, name: str, info: dict[str, Any]) -> None:
        """One event."""
        if name.startswith(_TIMED):
            self._timed(name, name.rpartition(".")[0], info)
        self._wired = True

    def _timed(self, name: str, stage: str, info: dict[str, Any]) -> None:
        if name.endswith(".started"):
            self._begun[stage] = perf_counter()
        elif name.endswith(".complete") and stage in self._begun:
            took_s = perf_counter() - self._begun[stage]
            stream = info.get("return_value")
            if stage == _CONNECT:
                self._connect_s, self._address = took_s, _address(stream)
            else:
                self._tls_s, self._tls_version = took_s, _version(stream)

    def extension(self) -> Callable[[str, dict[str, Any]], None]:
        """What `httpcore` calls."""

        def traced(name: str, info: dict[str, Any]) -> None:
            self.told(name, info)
            if self._other is not None:
                self._other(name, info)

        return traced

    def async_extension(self) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
        """What `httpcore` awaits."""

        async def traced(name: str, info: dict[str, Any]) -> None:
            self.told(name, info)
            if self._other is not None:
                await self._other(name, info)

        return traced

    def wire(self, head_s: float | None, body_s: float | None) -> Wire | None:
        """None: whatever answered was no wire. `head_s`: from the start until the head came."""
        if not self._wired:
            return None
        spent_s = (self._connect_s or 0.0) + (self._tls_s or 0.0)
        return Wire(
            connect_s=self._connect_s,
            tls_s=self._tls_s,
            first_byte_s=None if head_s is None else max(0.0, head_s - spent_s),
            body_s=body_s,
            address=self._address,
            tls_version=self._tls_version,
            reused=self._connect_s is None and head_s is not None,
        )


def _address(stream: Any) -> str | None:
    try:
        return str(stream.get_extra_info("server_addr")[0])
    except (AttributeError, TypeError, IndexError, OSError):
        return None


def _version(stream: Any) -> str | None:
    try:
        found = stream.get_extra_info("ssl_object").version()
    except (AttributeError, OSError):
        return None
    return str(found) if found else None
