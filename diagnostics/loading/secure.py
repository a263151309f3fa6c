"""How does a non-blocking socket speak TLS without the `ssl` sockets that gevent replaces?

Looks like a socket to its `Line`: `send` and `recv` raise `BlockingIOError` when they would wait.
"""

import ssl
from typing import Any


class SecureSocket:
    """TLS over a raw socket, by memory buffers."""

    __slots__ = ("_incoming", "_outgoing", "_raw", "_tls", "_unsent")

    def __init__(self, raw: Any, context: ssl.SSLContext, host: str) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._unsent = b""

    def handshake(self) -> bool:
        """As far as it goes now; True when it is done. Raises `ssl.SSLError` and `OSError`."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                if not self._fetch():
                    return False
            else:
                self.flush()
                return True

    def _fetch(self) -> bool:
        try:
            data = self._raw.recv(65_536)
        except BlockingIOError:
            return False
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return True

    def recv(self, most: int) -> bytes:
        """Plain bytes; empty at the end of the stream."""
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                if not self._fetch():
                    raise BlockingIOError from None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def send(self, data: bytes) -> int:
        """All of it is taken; what the raw socket does not take yet waits for `flush`."""
        self._tls.write(data)
        self.flush()
        return len(data)

    def flush(self) -> bool:
        """Hand encrypted bytes to the raw socket; False while some are left."""
        self._unsent += self._outgoing.read()
        if self._unsent:
            try:
                self._unsent = self._unsent[self._raw.send(self._unsent) :]
            except BlockingIOError:
                return False
        return not self._unsent

    @property
    def waiting(self) -> bool:
        """Encrypted bytes that the socket has not taken yet."""
        return bool(self._unsent)

    def close(self) -> None:
        """Without ceremony: nobody waits for a farewell."""
        self._raw.close()
