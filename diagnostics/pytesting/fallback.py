"""What answers when only part of it was recorded? The recording first, then the network."""

from typing import Any

import httpx

from diagnostics.recording import UnrecordedRequestError


class ElseRecorded(httpx.BaseTransport):
    """For `httpx.Client`: plays what it can, sends and records the rest."""

    def __init__(
        self, played: httpx.BaseTransport, recording: httpx.BaseTransport, misses: list[Any]
    ) -> None:
        self._played, self._recording, self._misses = played, recording, misses

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """From the recording; from the network where there is none."""
        request.read()  # a body that comes in parts must be there for both
        try:
            return self._played.handle_request(request)
        except UnrecordedRequestError:
            self._misses.pop()
            return self._recording.handle_request(request)

    def close(self) -> None:
        """With the client."""
        self._recording.close()


class AsyncElseRecorded(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`."""

    def __init__(
        self,
        played: httpx.AsyncBaseTransport,
        recording: httpx.AsyncBaseTransport,
        misses: list[Any],
    ) -> None:
        self._played, self._recording, self._misses = played, recording, misses

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As above."""
        await request.aread()
        try:
            return await self._played.handle_async_request(request)
        except UnrecordedRequestError:
            self._misses.pop()
            return await self._recording.handle_async_request(request)

    async def aclose(self) -> None:
        """With the client."""
        await self._recording.aclose()
