"""How are callbacks received on a port? An ASGI application that keeps the raw bytes, bounded."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import closing, suppress
from typing import Any

import uvicorn

from diagnostics.emulator.breakable import BreakableProtocol
from diagnostics.emulator.serve import Server
from diagnostics.webhooks.delivery import HEADERS_MAX, Delivery

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Take = Callable[[Delivery], int]
"""Judges a callback; gives the HTTP status to answer."""

RECEIVED_BYTES_MAX = 1_000_000
"""Callbacks are small: whoever sends more is no provider."""
BODY_WAIT_S = 30.0
_TOGETHER_MAX = 200
_ALLOW = (b"allow", b"OPTIONS, POST")


class _Refused(Exception):  # noqa: N818  # it carries the status of a refusal
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Receiver:
    """Hands every POST to `take`. OPTIONS is answered: HeyGen may ask before it registers a URL."""

    def __init__(self, take: Take, now_s: Callable[[], float], *, count: int | None = None) -> None:
        self._take, self._now_s, self._count = take, now_s, count
        self.received = 0
        self.enough = asyncio.Event()
        """As many as were wanted have come, and the last was answered."""

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(send, await self._status(scope, receive))
            if self._count is not None and self.received >= self._count:
                self.enough.set()

    async def _status(self, scope: Message, receive: Any) -> int:
        if scope["method"] == "OPTIONS":
            return 204
        if scope["method"] != "POST":
            return 405
        try:
            async with asyncio.timeout(BODY_WAIT_S):
                body = await _body(receive)
        except TimeoutError:
            return 408
        except _Refused as refused:
            return refused.status
        if self._count is not None and self.received >= self._count:
            return 503  # one more than was asked for, while we close
        self.received += 1
        return self._take(self._delivery(scope, body))

    def _delivery(self, scope: Message, body: bytes) -> Delivery:
        fields = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
        return Delivery(
            headers=tuple(fields[:HEADERS_MAX]),
            body=body,
            path=_path(scope),
            place=f"#{self.received}",
            received_s=self._now_s(),
        )

    async def _answer(self, send: Send, status: int) -> None:
        body = b"" if status == 204 else b"%d\n" % status  # noqa: PLR2004  # no content
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body)), _ALLOW]
        if not body:
            del headers[:2]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _path(scope: Message) -> str:
    query: bytes = scope.get("query_string") or b""
    return f"{scope['path']}?{query.decode('latin-1')}" if query else str(scope["path"])


async def _body(receive: Any) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _Refused(400)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > RECEIVED_BYTES_MAX:
            raise _Refused(413)
        if not message.get("more_body"):
            return b"".join(parts)


async def _lifespan(receive: Any, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def serve(
    receiver: Receiver,
    listener: socket.socket,
    *,
    then: Callable[[], None],
    timeout_s: float | None = None,
) -> None:
    """Receive until enough came, so long has passed, or Ctrl-C comes out as an interrupt."""
    server = Server(
        uvicorn.Config(
            receiver,
            http=BreakableProtocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            limit_concurrency=_TOGETHER_MAX,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        ),
        then,
    )

    async def watched() -> None:
        watching = asyncio.ensure_future(_watch(server, receiver, timeout_s))
        try:
            await server.serve([listener])
        finally:
            watching.cancel()

    with closing(listener), asyncio.Runner() as runner:
        runner.run(watched())


async def _watch(server: Server, receiver: Receiver, timeout_s: float | None) -> None:
    """End the server when enough has come, or nothing more is waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await receiver.enough.wait()
    server.should_exit = True
