"""What stands between a client and the network, and notes what passes? Two thin shells."""

from typing import Any

import httpx

from diagnostics.recordings.desk import Desk
from diagnostics.recordings.library import library_of, stream_class
from diagnostics.recordings.note import Note
from diagnostics.recordings.passing import Downloaded


class RecordingTransport(httpx.BaseTransport):
    """For `httpx.Client`; `inner` does the work (without one: the library's own transport)."""

    def __init__(self, desk: Desk, inner: Any = None) -> None:
        self._desk, self._inner = desk, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on; the answer's parts pass through as they come."""
        if self._inner is None:
            self._inner = library_of(request).HTTPTransport()
        note = Note(self._desk, request)
        try:
            response = self._inner.handle_request(note.outgoing(request, awaited=False))
        except BaseException as error:
            note.fail(error)
            raise
        return _noted(response, note)

    def close(self) -> None:
        """Close what is beneath."""
        if self._inner is not None:
            self._inner.close()


class AsyncRecordingTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`."""

    def __init__(self, desk: Desk, inner: Any = None) -> None:
        self._desk, self._inner = desk, inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As above."""
        if self._inner is None:
            self._inner = library_of(request).AsyncHTTPTransport()
        note = Note(self._desk, request)
        try:
            sent = note.outgoing(request, awaited=True)
            response = await self._inner.handle_async_request(sent)
        except BaseException as error:
            note.fail(error)
            raise
        return _noted(response, note)

    async def aclose(self) -> None:
        """Close what is beneath."""
        if self._inner is not None:
            await self._inner.aclose()


def _noted(response: Any, note: Note) -> httpx.Response:
    """The same answer, its stream noted; one that stands in memory is noted at once."""
    note.head(response)
    if response.is_closed:
        for part in response.stream:
            note.part(part)
        note.done()
    else:
        response.stream = stream_class(Downloaded, library_of(response))(response.stream, note)
    noted: httpx.Response = response
    return noted
