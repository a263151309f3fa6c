"""How does one connection of a load carry a request and its answer? Non-blocking, by a C parser.

A `Line` is one TCP (or TLS) connection to one origin. Its owner, the engine, tells it to send, calls
it when its socket is ready, and is told once how that ended: the answer whole, or a `Fault` of the
same kinds as the live driver's. Sockets are the interpreter's own (`_socket`): Locust's gevent
replaces those of `socket`.
"""

import _socket
import errno
import os
import ssl
from typing import Any

import httpx
from httptools import HttpParserError, HttpResponseParser

from diagnostics.loading.origin import Origin
from diagnostics.loading.secure import SecureSocket
from diagnostics.model import Answer, Fault, FaultKind, Response

READ, WRITE = 1, 4
"""`select.EPOLLIN` and `select.EPOLLOUT`, which gevent takes away."""
CHUNK = 262_144
_FINAL = 200
_ENCODING_LENGTH = len("content-encoding")
_BEGUN = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

CUT = "the body ended before it was whole"
SILENT = "no answer in time"
RESET = "connection reset"


class Line:
    """One connection. `answer` stands when something ended; the engine takes it away."""

    __slots__ = (
        "_body",
        "_context",
        "_encoded",
        "_headers",
        "_limit",
        "_parser",
        "_reason",
        "_size",
        "_unsent",
        "fd",
        "flow",
        "headless",
        "heard",
        "keeps",
        "open",
        "origin",
        "recv",
        "since_s",
        "sock",
        "watched",
        "whole",
    )

    def __init__(self, origin: Origin, context: ssl.SSLContext | None, limit: int) -> None:
        family, address = origin.address
        self.origin, self._limit, self._context = origin, limit, context
        self.sock: Any = _socket.socket(family, _socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.fd, self.recv = self.sock.fileno(), self.sock.recv
        self._parser: Any = HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._body, self._size, self._reason = b"", 0, ""
        self._unsent = b""
        self._encoded = False
        self.keeps = False
        """Another request may follow on this connection."""
        self.open = False
        """Connected, and past any handshake."""
        self.whole = self.heard = self.headless = False
        self.since_s = 0.0
        self.watched = 0
        self.flow: Any = None
        number = self.sock.connect_ex(address)
        if number not in _BEGUN:
            raise OSError(number, os.strerror(number))

    # --- sending ------------------------------------------------------------------------------

    @property
    def interest(self) -> int:
        """The events that matter now."""
        waits = self._unsent or not self.open or (self._context is not None and self.sock.waiting)
        return READ | WRITE if waits else READ

    def begin(self, data: bytes, now_s: float, *, headless: bool = False) -> None:
        """Send a request; what the socket does not take at once waits for `on_writable`."""
        self.whole = self.heard = False
        self.headless, self.since_s = headless, now_s
        if not self.open:
            self._unsent = data
            return
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._unsent = data[sent:]

    def on_writable(self) -> Fault | None:
        """Go on with connecting, the handshake, or sending."""
        try:
            if not self.open:
                fault = self._connect()
                if fault is not None or not self.open:
                    return fault
            if self._context is not None:
                self.sock.flush()
            if self._unsent:
                self._unsent = self._unsent[self.sock.send(self._unsent) :]
        except BlockingIOError:
            return None
        except OSError:
            return Fault(
                kind=FaultKind.WRITE,
                message="connection broke while sending",
                may_have_arrived=True,
            )
        return None

    def _connect(self) -> Fault | None:
        if self._context is None or not isinstance(self.sock, SecureSocket):
            number = self.sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            if number == errno.ECONNREFUSED:
                return Fault(kind=FaultKind.REFUSED, message="connection refused")
            if number:
                return Fault(kind=FaultKind.CONNECT, message=os.strerror(number))
            if self._context is not None:
                self.sock = SecureSocket(self.sock, self._context, self.origin.host)
                self.recv = self.sock.recv
        if self._context is not None:
            try:
                self.open = self.sock.handshake()
            except (ssl.SSLError, OSError) as error:
                return Fault(kind=FaultKind.TLS, message=str(error))
        else:
            self.open = True
        return None

    # --- receiving ----------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field of the answer."""
        if len(name) == _ENCODING_LENGTH and name.lower() == b"content-encoding":
            self._encoded = True
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_status(self, reason: bytes) -> None:
        """A part of the reason phrase."""
        self._reason += reason.decode("latin-1")

    def on_headers_complete(self) -> None:
        """A HEAD's answer ends here, whatever length it tells."""
        if self.headless and self._parser.get_status_code() >= _FINAL:
            self.whole, self.keeps = True, False

    def on_body(self, part: bytes) -> None:
        """A part of the body, its transfer coding undone."""
        self._size += len(part)
        if self._size <= self._limit or not self._body:
            self._body = self._body + part if self._body else part

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was only an interim one."""
        if self._parser.get_status_code() >= _FINAL:
            self.whole = True
            self.keeps = self._parser.should_keep_alive() and not self.headless
        else:
            self._headers, self._reason = [], ""

    def feed(self, data: bytes) -> Answer | None:
        """Bytes came (none: the other side closed). What it ends in, or None while more is due."""
        if not data:
            return self._ended()
        self.heard = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, ValueError, TypeError) as error:
            if not self.whole:
                return Fault(
                    kind=FaultKind.PROTOCOL, message=type(error).__name__, may_have_arrived=True
                )
        return self._answer() if self.whole else None

    def _ended(self) -> Answer:
        if not self.heard:
            return Fault(kind=FaultKind.RESET, message=RESET, may_have_arrived=True)
        if self._headers and self._until_close():
            self.whole = True
            return self._answer()
        return self.reset()

    def _until_close(self) -> bool:
        names = {name.lower() for name, _ in self._headers}
        return not names & {"content-length", "transfer-encoding"}

    def cut(self, kind: FaultKind = FaultKind.CUT_BODY) -> Fault:
        """What there is of an answer whose rest will not come."""
        return Fault(
            kind=kind,
            message=CUT,
            may_have_arrived=True,
            status=self._parser.get_status_code(),
            headers=tuple(self._headers),
            body=self._body[: self._limit],
        )

    def reset(self) -> Fault:
        """The other side broke the connection."""
        if self._headers:
            return self.cut()
        return Fault(kind=FaultKind.RESET, message=RESET, may_have_arrived=True)

    def silent(self) -> Fault:
        """Nothing more came in time."""
        if self._headers:
            return self.cut(FaultKind.READ_TIMEOUT)
        return Fault(kind=FaultKind.READ_TIMEOUT, message=SILENT, may_have_arrived=True)

    def _answer(self) -> Answer:
        parser, body, headers = self._parser, self._body, tuple(self._headers)
        if self._encoded:
            self._encoded = False
            try:
                body = _decoded(headers, body)
            except httpx.DecodingError:
                return Fault(
                    kind=FaultKind.PROTOCOL,
                    message="the content encoding is broken",
                    may_have_arrived=True,
                )
        found = Response(
            status=parser.get_status_code(),
            headers=headers,
            body=body if len(body) <= self._limit else body[: self._limit],
            reason=self._reason,
            http_version=f"HTTP/{parser.get_http_version()}",
            size_bytes=len(body),
            truncated=self._size > self._limit,
        )
        self._headers, self._body, self._size, self._reason = [], b"", 0, ""
        return found

    def close(self) -> None:
        """Gone, whatever was under way."""
        self.open = False
        self.sock.close()


def _decoded(headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    answer = httpx.Response(200, headers=list(headers), stream=httpx.ByteStream(body))
    return answer.read()
