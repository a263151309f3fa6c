"""How does a body come in? Bounded, decoded where it is encoded; of a stream, part by part."""

from collections.abc import AsyncIterator, Callable

import httpx

STREAMS = (
    "text/event-stream",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/stream+json",
)
"""Of these it matters when each part came; how any other body was cut means nothing."""


class Gathering:
    """What has come of one body so far; whole or not, it is kept."""

    def __init__(self, response: httpx.Response, limit: int, now: Callable[[], float]) -> None:
        self._response, self._limit, self._now = response, limit, now
        self._began_s = now()
        self._parts: list[bytes] = []
        self._came: list[tuple[float, int]] = []
        self._size = 0

    @property
    def body(self) -> bytes:
        """Up to the limit."""
        return b"".join(self._parts)[: self._limit]

    @property
    def truncated(self) -> bool:
        """There was more than the limit."""
        return self._size > self._limit

    @property
    def chunks(self) -> tuple[tuple[float, int], ...]:
        """Of a stream: when each part came, in seconds after the head, and its size."""
        return tuple(self._came)

    async def all(self) -> None:
        """Collect to the end or the limit. Raises what the connection raises."""
        streams = is_stream(self._response)
        async for part in _decoded(self._response):
            self._parts.append(part)
            if streams and self._size < self._limit:
                size = min(len(part), self._limit - self._size)
                self._came.append((round(self._now() - self._began_s, 6), size))
            self._size += len(part)
            if self.truncated:
                return


def is_stream(response: httpx.Response) -> bool:
    """Does it say of itself that it comes in parts that each mean something?"""
    told: str = response.headers.get("content-type", "")
    return told.lower().startswith(STREAMS)


def in_memory(response: httpx.Response) -> bytes | None:
    """The body of an answer that never was on a wire and needs no decoding."""
    stream = response.stream
    if not isinstance(stream, httpx.ByteStream) or _is_encoded(response):
        return None
    return b"".join(stream)


def _is_encoded(response: httpx.Response) -> bool:
    return any(name.lower() == b"content-encoding" for name, _ in response.headers.raw)


def _decoded(response: httpx.Response) -> AsyncIterator[bytes]:
    """Decoded only where there is something to decode: httpx's decoding costs each chunk."""
    if not _is_encoded(response) and isinstance(response.stream, httpx.AsyncByteStream):
        return response.stream.__aiter__()
    return response.aiter_bytes()
