"""What answers a client from a tape? Two thin shells over one source of recorded answers."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx

from diagnostics.errors import UsageError
from diagnostics.recordings.coming import ENCODED, HEAD_S, LEFT
from diagnostics.recordings.encoding import Decoding
from diagnostics.recordings.failures import error_of
from diagnostics.recordings.library import library_of, loaded_body, stream_class
from diagnostics.recordings.source import Asked, Source, UnrecordedRequestError
from diagnostics.tape import Recorded
from diagnostics.taping.blobs import open_plain

_PART_BYTES = 64 * 1024
_BODILESS = frozenset({204, 304})


async def _asleep(seconds: float) -> None:
    import asyncio  # noqa: PLC0415  # only for whoever awaits

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the recorded times pass. At once, unless `kept`."""

    kept: bool = False
    sleep: Callable[[float], None] = time.sleep
    asleep: Callable[[float], Awaitable[None]] = _asleep


class ReplayTransport(httpx.BaseTransport):
    """For `httpx.Client`. Closing a client leaves the source open: others may play it too."""

    def __init__(self, source: Source, pace: Pace) -> None:
        self._source, self._pace = source, pace

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer, or the recorded failure."""
        body = loaded_body(request)
        if body is None:
            found = self._source.take_parts(request, request.stream)  # type: ignore[arg-type]  # of a waiting client
        else:
            found = self._source.take(request, body)
        if self._pace.kept:
            self._pace.sleep(_head_s(found))
        return _answered(found, request, self._pace)


class AsyncReplayTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`."""

    def __init__(self, source: Source, pace: Pace) -> None:
        self._source, self._pace = source, pace

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As above."""
        body = loaded_body(request)
        if body is None:
            asked = Asked(self._source, request)
            async for part in request.stream:  # type: ignore[union-attr]  # of an awaiting client
                asked.part(part)
            found = asked.take()
        else:
            found = self._source.take(request, body)
        if self._pace.kept:
            await self._pace.asleep(_head_s(found))
        return _answered(found, request, self._pace)


def _head_s(found: Recorded) -> float:
    told = found.notes.get(HEAD_S, found.duration_s)
    return float(told) if isinstance(told, int | float) and told > 0 else 0.0


def _answered(found: Recorded, request: Any, pace: Pace) -> httpx.Response:
    library = library_of(request)
    if found.status is None:
        if found.fault is None:
            raise UsageError("the recording holds no answer", place=f"exchange {found.position}")
        raise error_of(found.fault, found.notes, library)
    made: httpx.Response = library.Response(
        found.status,
        headers=_headers(found, request.method),
        stream=stream_class(Played, library)(found, library, pace),
        extensions={
            "http_version": found.http_version.encode("ascii", "replace"),
            "reason_phrase": found.reason.encode("latin-1", "replace"),
        },
    )
    return made


def _headers(found: Recorded, method: str) -> list[tuple[bytes, bytes]]:
    """As they were recorded; encoding and length are those of the body that is sent now."""
    kept: list[tuple[bytes, bytes]] = []
    decoded = False
    for name, value in found.headers:
        if len(name) == 16 and name.lower() == "content-encoding":  # noqa: PLR2004  # its length
            decoded = ENCODED not in found.notes and Decoding(value).applied
            if decoded:
                continue
        kept.append((_latin(name), _latin(value)))
    whole = found.fault is None and LEFT not in found.notes
    if method == "HEAD" or found.status in _BODILESS or not (whole or decoded):
        return kept
    size = b"%d" % found.size_bytes
    return [
        (name, size if len(name) == 14 and name.lower() == b"content-length" else value)  # noqa: PLR2004  # as above
        for name, value in kept
    ]


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:  # a placeholder may hold an ellipsis
        return text.encode("utf-8", "replace")


class Played:
    """The recorded body, in its parts; then the failure that ended it, if one did."""

    def __init__(self, found: Recorded, library: ModuleType, pace: Pace) -> None:
        self._found, self._library, self._pace = found, library, pace

    def __iter__(self) -> Iterator[bytes]:
        found, pace = self._found, self._pace
        if not (found.chunks or found.blob or found.fault or LEFT in found.notes):
            yield found.body
            return
        passed_s = 0.0
        for at_s, part in _parts(found):
            if pace.kept and at_s > passed_s:
                pace.sleep(at_s - passed_s)
                passed_s = at_s
            yield part
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        found, pace = self._found, self._pace
        passed_s = 0.0
        for at_s, part in _parts(found):
            if pace.kept and at_s > passed_s:
                await pace.asleep(at_s - passed_s)
                passed_s = at_s
            yield part
        self._end()

    def _end(self) -> None:
        found = self._found
        if found.fault is not None:
            raise error_of(found.fault, found.notes, self._library)
        if LEFT in found.notes:
            raise UnrecordedRequestError(
                f"the recording ends after {found.size_bytes} bytes: whoever made it read no more",
                place=f"exchange {found.position}",
                hint="stop reading where the recorded client stopped, or record it again",
            )

    def close(self) -> None:
        """There is nothing to close."""

    async def aclose(self) -> None:
        """As above."""


def _parts(found: Recorded) -> Iterator[tuple[float, bytes]]:
    """(when, bytes) of each part; those of a body that was gated to another length, in scale."""
    sizes = _sizes(found)
    if found.blob is None:
        at = 0
        for at_s, size in sizes:
            yield at_s, found.body[at : at + size]
            at += size
        return
    try:
        with open_plain(found.blob) as file:
            for at_s, size in sizes:
                left = size
                while left > 0 and (part := file.read(min(left, _PART_BYTES))):
                    left -= len(part)
                    yield at_s, part
    except OSError as error:
        raise UsageError(
            f"a body of the recording cannot be read: {error.strerror}",
            place=str(found.blob),
            hint="copy the recording whole, with its blobs",
        ) from error


def _sizes(found: Recorded) -> list[tuple[float, int]]:
    size = len(found.body) if found.blob is None else found.size_bytes
    told = sum(part for _, part in found.chunks)
    if told == size:
        return [chunk for chunk in found.chunks if chunk[1]] or ([(0.0, size)] if size else [])
    if not told:
        return [(0.0, size)]
    ends, at = [], 0
    for _, part in found.chunks:
        at += part
        ends.append(size * at // told)
    begins = [0, *ends[:-1]]
    chunks = zip(found.chunks, begins, ends, strict=True)
    return [(at_s, end - begin) for (at_s, _), begin, end in chunks if end > begin]
