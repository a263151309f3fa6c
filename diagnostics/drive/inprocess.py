"""How does a request reach an ASGI application without a socket?

Like `httpx.ASGITransport`, and besides: the application may break the connection (through the
`diagnostics.abort` extension, as on a real port), before or in the middle of its answer.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import httpcore
import httpx

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class AsgiTransport(httpx.AsyncBaseTransport):
    """Answers from an application in this process."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Run the application to its end; a broken connection raises what a socket would."""
        call = _Call(await _body(request))
        await self._application(_scope(request, call), call.receive, call.send)
        if call.status is None:
            if call.aborted:
                raise httpcore.ReadError("connection reset by the other side")
            raise httpcore.RemoteProtocolError("server disconnected without sending a response")
        if call.aborted or not call.complete:
            raise Cut(call.status, call.headers, b"".join(call.parts))
        stream = httpx.ByteStream(b"".join(call.parts))
        return httpx.Response(call.status, headers=call.headers, stream=stream)


async def _body(request: httpx.Request) -> bytes:
    stream = request.stream
    if isinstance(stream, httpx.ByteStream):  # what `content=` gives: no need to copy it
        return b"".join(stream)
    return await request.aread()


class Cut(httpcore.RemoteProtocolError):
    """The body ended before it was whole."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        super().__init__("connection closed before the whole body came")
        self.status, self.headers, self.body = status, headers, body


class _Call:
    """One call of the application."""

    __slots__ = ("aborted", "body", "complete", "headers", "parts", "received", "status")

    def __init__(self, body: bytes) -> None:
        self.body, self.received = body, False
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []
        self.complete = self.aborted = False

    def abort(self) -> None:
        self.aborted = True

    async def receive(self) -> Message:
        if self.received:
            return {"type": "http.disconnect"}
        self.received = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        if self.aborted:
            return
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        else:
            self.parts.append(message.get("body", b""))
            self.complete = not message.get("more_body", False)


def _scope(request: httpx.Request, call: _Call) -> Message:
    url = request.url
    path, raw_path, query = _target(url.raw_path)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(key.lower(), value) for key, value in request.headers.raw],
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 0),
        "extensions": {"diagnostics.abort": call.abort},
    }


@lru_cache(maxsize=4096)
def _target(target: bytes) -> tuple[str, bytes, bytes]:
    """Path, raw path and query of a request's target, as ASGI wants them."""
    raw_path, _, query = target.partition(b"?")
    return unquote(raw_path.decode("ascii")), raw_path, query
