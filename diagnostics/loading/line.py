"""How does one connection of a load carry a request and its answer? Non-blocking, by a C parser.

A `Line` is one TCP (or TLS) connection to one origin. The pool tells it to send, calls it when its
socket is ready, and lets its `hearing` make sense of what came. Sockets are the interpreter's own
(`_socket`): gevent, which Locust brings, replaces those of `socket`.
"""

import _socket
import errno
import os
import ssl
from typing import Any

from diagnostics.loading.hearing import Hearing, Known
from diagnostics.loading.origin import Origin
from diagnostics.loading.poll import READ, WRITE
from diagnostics.loading.secure import SecureSocket
from diagnostics.model import Fault, FaultKind

CHUNK = 65536
_BEGUN = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
_LOCAL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})


class Line:
    """One connection."""

    __slots__ = (
        "_context",
        "fd",
        "flow",
        "hearing",
        "number",
        "open",
        "origin",
        "recv",
        "since_s",
        "sock",
        "unsent",
        "watched",
    )

    def __init__(
        self,
        origin: Origin,
        number: int,
        context: ssl.SSLContext | None,
        heads: dict[bytes, Known],
    ) -> None:
        """Begins to connect to an address of the origin; raises `OSError` if that fails at once."""
        family, address = origin.addresses[number]
        self.origin, self.number, self._context = origin, number, context
        self.hearing = Hearing(heads)
        self.sock: Any = _socket.socket(family, _socket.SOCK_STREAM)
        self.sock.settimeout(0.0)
        self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.fd, self.recv = self.sock.fileno(), self.sock.recv
        self.unsent = b""
        """What of a request is still here."""
        self.open = False
        """Connected, and past any handshake."""
        self.since_s, self.watched = 0.0, 0
        self.flow: Any = None
        number = self.sock.connect_ex(address)
        if number not in _BEGUN:
            self.sock.close()
            raise OSError(number, os.strerror(number))

    # --- sending ------------------------------------------------------------------------------

    @property
    def interest(self) -> int:
        """The events that matter now."""
        waits = self.unsent or not self.open or (self._context is not None and self.sock.waiting)
        return READ | WRITE if waits else READ

    def begin(self, data: bytes, now_s: float) -> bool:
        """Send a request. True: all of it went; else `on_writable` has to go on."""
        self.since_s = now_s
        if not self.open:
            self.unsent = data
            return False
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:  # what was answered before it broke may still be read
            return True
        if sent < len(data):
            self.unsent = data[sent:]
            return False
        return self._context is None or not self.sock.waiting

    def take_over(self, other: "Line") -> None:
        """Carry the request of a connection that did not come about."""
        self.hearing, self.flow, self.since_s = other.hearing, other.flow, other.since_s
        self.unsent, other.flow = other.unsent, None

    def on_writable(self) -> Fault | None:
        """Go on with connecting, the handshake, or sending."""
        if not self.open:
            fault = self._connect()
            if fault is not None or not self.open:
                return fault
        try:
            if self._context is not None:
                self.sock.flush()
            if self.unsent:
                self.unsent = self.unsent[self.sock.send(self.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self.unsent = b""
        return None

    def _connect(self) -> Fault | None:
        if self._context is None or not isinstance(self.sock, SecureSocket):
            number = self.sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            if number:
                return unconnected(OSError(number, os.strerror(number)))
            if self._context is None:
                self.open = True
                return None
            self.sock = SecureSocket(self.sock, self._context, self.origin.host)
            self.recv = self.sock.recv
        try:
            self.open = self.sock.handshake()
        except ssl.SSLError as error:
            return Fault(kind=FaultKind.TLS, message=str(error))
        except OSError as error:
            return unconnected(error)
        return None

    def close(self) -> None:
        """Gone, whatever was under way."""
        self.open = False
        self.sock.close()


def unconnected(error: OSError) -> Fault:
    """Why no connection came about; surely nothing arrived."""
    if error.errno == errno.ECONNREFUSED:
        return Fault(kind=FaultKind.REFUSED, message="connection refused")
    text = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _LOCAL:
        message = f"this machine could not open another connection: {text}"
        return Fault(kind=FaultKind.LOCAL, message=message)
    return Fault(kind=FaultKind.CONNECT, message=text)
