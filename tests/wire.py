"""A server that says exactly the bytes a test wants, on a real socket of 127.0.0.1."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

RESET = b"<reset>"
"""Instead of more bytes: abort the connection."""
CLOSE = b"<close>"
"""Instead of more bytes: close the connection in an orderly way."""
HANG = b"<hang>"
"""Instead of more bytes: keep the connection open and say nothing."""
CLOSE = b"<close>"
"""Instead of more bytes: close the connection as if all had been said."""

Script = Callable[[bytes], list[bytes]]


def http(body: bytes = b"{}", *, status: str = "200 OK", extra: str = "") -> bytes:
    """A whole HTTP/1.1 answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode("latin-1") + body


@dataclass
class Wire:
    """What the server heard, and where it listens."""

    base_url: str
    heard: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serving(script: Script, secure: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """Answer every request with what `script` makes of its bytes."""
    wire = Wire("")
    done = asyncio.Event()
    talking: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.append(writer)
        try:
            while heard := await _request(reader):
                wire.heard.append(heard)
                for part in script(heard):
                    if not await _say(part, writer, done):
                        return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=secure)
    wire.base_url = f"http{'s' if secure else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        done.set()
        server.close()
        for _ in range(10):  # who was let in last may not have been greeted yet
            await asyncio.sleep(0)
        for writer in talking:
            writer.transport.abort()
        for _ in range(3):  # whoever hangs wakes, and its socket is let go
            await asyncio.sleep(0)


async def _say(part: bytes, writer: asyncio.StreamWriter, done: asyncio.Event) -> bool:
    if part == RESET:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
    if part == CLOSE:
        return False
    if part == HANG:
        await done.wait()
        return False
    writer.write(part)
    await writer.drain()
    return True


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)
