"""How is a connection reset like a bad network does? A uvicorn protocol that lets its caller."""

import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES_MAX = 65_536
_LINGER_NOT = struct.pack("ii", 1, 0)


class BreakableProtocol(HttpToolsProtocol):
    """HTTP over a socket that the application may reset, with bounded headers."""

    def on_message_begin(self) -> None:
        """Offer the reset to the application."""
        super().on_message_begin()
        self._header_bytes = 0
        offered: dict[str, Any] = {"diagnostics.abort": self.abort, "diagnostics.gone": self.gone}
        self.scope["extensions"] = offered

    def on_url(self, url: bytes) -> None:
        """Bound the address."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Bound the headers."""
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > HEADER_BYTES_MAX:
            self.transport.close()

    def gone(self) -> bool:
        """Whether the caller has hung up."""
        return self.transport.is_closing()

    def abort(self) -> None:
        """Send RST instead of an answer."""
        if self.gone():
            return
        if self.cycle is not None:
            self.cycle.disconnected = True
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()
