"""How does a clip get onto this disk, whole, whatever the line does on the way?

Streams into `NAME.part`, goes on where an earlier attempt broke off if the server still has the
same file (strong `ETag` or date, sent as `If-Range`), counts bytes against what was promised, and
only then gives the file its name. Credentials go to hosts that the contract lists, to no others.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urljoin

import httpcore
import httpx

from diagnostics.drive.clock import Clock
from diagnostics.drive.inprocess import Cut
from diagnostics.drive.live import KINDS
from diagnostics.drive.promptly import bounded
from diagnostics.model import Answer, Fault, FaultKind, Headers, MediaFacts, Response

Open = Callable[[Path, str], BinaryIO]
Keys = Callable[[str], Awaitable[Headers]]
"""The credential headers that a host may be given."""
Progress = Callable[[str, int, int | None], None]
"""Told the file's name, how many bytes are there, and how many there will be."""

BYTES_MAX = 2 * 2**30
READ_S = 60.0
TOTAL_S = 1800.0
REDIRECTS_MAX = 5
_PARTIAL, _RANGE = 206, 416
_MOVED = frozenset({301, 302, 303, 307, 308})
_BROKEN = (
    httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError,
    httpcore.UnsupportedProtocol, httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError,
)  # fmt: skip


async def _nobody(_host: str) -> Headers:
    return ()


@dataclass(slots=True)
class _Half:
    """What an earlier attempt left: how much, of which file."""

    mark: str
    """The validator that says whether it is still the same file; empty: nobody can tell."""
    total: int | None = None


class LocalError(Exception):
    """Our own machine could not do its part. `code` is the name of the error number."""

    def __init__(self, error: OSError | MemoryError, name: str) -> None:
        number = getattr(error, "errno", None)
        self.code = errno.errorcode.get(number or 0, "ENOMEM" if number is None else str(number))
        why = getattr(error, "strerror", None) or "out of memory"
        super().__init__(f"{self.code}: {why} ({name})")

    @property
    def fault(self) -> Fault:
        """As it stands on the tape."""
        return Fault(kind=FaultKind.LOCAL, message=str(self))


@contextmanager
def locally(name: str) -> Iterator[None]:
    """What the operating system refuses inside is this machine's failure, not the line's."""
    try:
        yield
    except (OSError, MemoryError) as error:
        raise LocalError(error, name) from error


class Fetcher:
    """Downloads into one folder; remembers what broke off."""

    def __init__(  # noqa: PLR0913  # a client, and the seams its tests need
        self,
        *,
        folder: Path,
        clock: Clock,
        sockets: httpx.AsyncBaseTransport,
        local: Mapping[str, httpx.AsyncBaseTransport] | None = None,
        keys: Keys = _nobody,
        progress: Progress = lambda _name, _done, _total: None,
        opener: Open = lambda path, mode: path.open(mode),  # type: ignore[assignment,return-value]  # "ab" and "wb" give bytes
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self._folder, self._clock, self._sockets = folder, clock, sockets
        self._local, self._keys = dict(local or {}), keys
        self._progress, self._open, self._bytes_max = progress, opener, bytes_max
        self._halves: dict[str, _Half] = {}

    async def fetch(self, url: str, name: str) -> Answer:
        """One attempt; what came of it, with the facts of the file where it is whole now."""
        try:
            return await self._redirected(url, name)
        except LocalError as error:
            self._forget(name)
            return error.fault
        except _BROKEN as error:
            return _fault(error)

    async def _redirected(self, url: str, name: str) -> Answer:
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._attempt(url, name)
            moved = isinstance(answer, Response) and answer.status in _MOVED
            target = answer.header("location") if moved and isinstance(answer, Response) else None
            if not target:
                return answer
            url = urljoin(url, target)
        return Fault(kind=FaultKind.REDIRECTS, message=f"more than {REDIRECTS_MAX} redirects")

    async def _attempt(self, url: str, name: str) -> Answer:
        place = httpx.URL(url)
        if place.scheme not in {"http", "https"} or not place.host:
            raise httpcore.UnsupportedProtocol
        headers = [*await self._keys(place.host), ("Accept-Encoding", "identity")]
        begun = self._begun(name)
        if begun:
            headers += [("Range", f"bytes={begun}-"), ("If-Range", self._halves[name].mark)]
        request = httpx.Request(
            "GET", place, headers=headers, extensions={"timeout": dict.fromkeys(_PHASES, READ_S)}
        )
        local = self._local.get(place.host)
        if local is not None:
            return await self._receive(local, request, name, begun)
        async with self._clock.real(), asyncio.timeout(TOTAL_S):
            return await self._receive(self._sockets, request, name, begun)

    async def _receive(
        self, through: httpx.AsyncBaseTransport, request: httpx.Request, name: str, begun: int
    ) -> Answer:
        try:
            response = await bounded(through.handle_async_request(request), READ_S)
        except Cut as cut:  # in this process a broken body comes all at once
            response = httpx.Response(
                cut.status, headers=cut.headers, stream=httpx.ByteStream(cut.body)
            )
            answer = await self._kept(response, name, begun)
            return replace(_fault(cut), body=b"") if isinstance(answer, Response) else answer
        try:
            return await self._kept(response, name, begun)
        finally:
            await response.aclose()

    async def _kept(self, response: httpx.Response, name: str, begun: int) -> Answer:
        """The body on disk, if it is one that we asked for."""
        if response.status_code == _RANGE and begun:
            self._forget(name)
            return Fault(kind=FaultKind.CUT_BODY, message="the server has no rest of this file")
        if not response.is_success:
            return _answer(response)
        start = _start(response) if response.status_code == _PARTIAL else 0
        total = _total(response, start)
        half = self._halves.get(name)
        if start and (start != begun or half is None or half.total not in {None, total}):
            self._forget(name)
            return Fault(kind=FaultKind.CUT_BODY, message="the file changed between two attempts")
        if total is not None and total > self._bytes_max:
            return _too_large(self._bytes_max)
        self._halves[name] = _Half(_mark(response), total)
        size = await self._stream(response, name, start, total)
        return self._finished(response, name, size, total)

    async def _stream(
        self, response: httpx.Response, name: str, start: int, total: int | None
    ) -> int:
        size = start
        with locally(name):
            file = self._open(self._part(name), "ab" if start else "wb")
        try:
            async for chunk in cast("AsyncIterator[bytes]", response.stream):
                size += len(chunk)
                if size > self._bytes_max:
                    break
                with locally(name):
                    file.write(chunk)
                self._progress(name, size, total)
        finally:
            with locally(name):
                file.close()
        return size

    def _finished(
        self, response: httpx.Response, name: str, size: int, total: int | None
    ) -> Answer:
        if size > self._bytes_max:
            self._forget(name)
            return _too_large(self._bytes_max)
        if total is not None and size != total:
            if size > total:
                self._forget(name)
            return Fault(
                kind=FaultKind.CUT_BODY,
                message=f"{size} of {total} bytes came",
                status=response.status_code,
                headers=_texts(response),
            )
        with locally(name):
            self._part(name).replace(self._folder / name)
        self._halves.pop(name, None)
        return replace(_answer(response), media=facts_of(self._folder / name), size_bytes=size)

    def _begun(self, name: str) -> int:
        """How much of the same file is here already."""
        half = self._halves.get(name)
        if half is None or not half.mark:
            return 0
        try:
            return self._part(name).stat().st_size
        except OSError:
            return 0

    def _forget(self, name: str) -> None:
        self._halves.pop(name, None)
        with suppress(OSError):
            self._part(name).unlink(missing_ok=True)

    def _part(self, name: str) -> Path:
        return self._folder / f"{name}.part"


_PHASES = ("connect", "read", "write", "pool")


def facts_of(path: Path) -> MediaFacts:
    """What the file really is."""
    from diagnostics.media import inspect_file  # noqa: PLC0415  # heavy, and only after a download

    return inspect_file(path)


def _mark(response: httpx.Response) -> str:
    """A strong validator: a weak one does not promise the same bytes (RFC 9110, 13.1.5)."""
    tag: str = response.headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        return tag
    dated: str = response.headers.get("last-modified", "")
    return dated


def _start(response: httpx.Response) -> int:
    unit, _, told = response.headers.get("content-range", "").partition(" ")
    low = told.partition("-")[0]
    return int(low) if unit == "bytes" and low.isascii() and low.isdigit() else -1


def _total(response: httpx.Response, start: int) -> int | None:
    """How long the whole file is; None: the server does not say."""
    whole = response.headers.get("content-range", "").rpartition("/")[2]
    if response.status_code == _PARTIAL and whole.isascii() and whole.isdigit():
        return int(whole)
    length = response.headers.get("content-length", "")
    return start + int(length) if length.isascii() and length.isdigit() else None


def _answer(response: httpx.Response) -> Response:
    """The answer without its body: a refusal's page says nothing that its status does not."""
    return Response(
        status=response.status_code,
        reason=response.reason_phrase,
        headers=_texts(response),
        http_version=response.http_version,
    )


def _texts(response: httpx.Response) -> Headers:
    raw = response.headers.raw
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _too_large(bytes_max: int) -> Fault:
    return Fault(kind=FaultKind.PROTOCOL, message=f"the file is larger than {bytes_max} bytes")


def _fault(error: Exception) -> Fault:
    """Messages are ours: an exception's text may quote an address with its signature."""
    for kinds, kind, message, _ in KINDS:
        if isinstance(error, kinds):
            cut = isinstance(error, Cut)
            told = FaultKind.CUT_BODY if cut else kind
            return Fault(kind=told, message=message or type(error).__name__)
    return Fault(kind=FaultKind.PROTOCOL, message=type(error).__name__)
