"""What answers over the network, or in this process? The one driver that sends.

Adds credentials, keeps to the budget, bounds every answer, follows no redirect, and turns each
failure into a `Fault` of a closed list of kinds (a test maps httpcore's exceptions completely).
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import httpcore
import httpx

from diagnostics import __version__
from diagnostics.contract import Contract
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import Clock
from diagnostics.drive.conversation import Recorder
from diagnostics.drive.driver import Slot
from diagnostics.drive.gather import Gathering, in_memory
from diagnostics.drive.inprocess import AsgiTransport, Cut
from diagnostics.drive.promptly import bounded
from diagnostics.drive.wire import WIRE, SocketTransport, UnresolvedName, WireClock, sendable
from diagnostics.model import (
    Answer,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    Purpose,
    Request,
    Response,
    Target,
    TargetKind,
    Unsent,
    UnsentReason,
    Wire,
)

_AGENT = ("User-Agent", f"genvideo-diagnostics/{__version__}")
_ACCEPT = (("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"))


_LENGTH_DUE = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose empty body is announced as such (RFC 9110, section 8.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long and how much an answer may take. Seconds and bytes."""

    connect_s: float = 10.0
    read_s: float = 60.0
    total_s: float = 300.0
    body_bytes: int = 16 * 2**20
    media_bytes: int = 64 * 2**20


class Live:
    """Sends to a real host, to the emulator on a port, or to the emulator in this process."""

    def __init__(  # noqa: PLR0913  # everything a sender needs, each a value made elsewhere
        self,
        *,
        contract: Contract,
        target: Target,
        authority: Authority,
        budget: Budget,
        clock: Clock,
        recorder: Recorder,
        local: Mapping[str, AsgiTransport] | None = None,
        bounds: Bounds | None = None,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._contract, self._target, self._authority = contract, target, authority
        self._budget, self._clock, self._recorder = budget, clock, recorder
        self._local = dict(local or {})
        self._bounds = bounds or Bounds()
        self._patience = {"timeout": _timeouts(self._bounds)}
        self._sockets = SocketTransport(verify=verify)

    async def exchange(self, request: Request, slot: Slot) -> Exchange:
        """One attempt. Whatever the other side does ends in an exchange."""
        refused = self._budget.refuse(request)
        if refused is not None:
            return slot.exchange(request, refused, started_s=self._clock.now())
        return await self._send(request, slot, request.body)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._sockets.aclose()

    async def _send(self, request: Request, slot: Slot, body: bytes) -> Exchange:
        started_s, before = self._clock.now(), self._clock.monotonic()
        try:
            place = self._place(request)
        except (httpx.InvalidURL, ValueError) as error:
            fault = Fault(kind=FaultKind.BAD_REQUEST, message=f"not an address: {error}")
            return slot.exchange(request, fault, started_s=started_s)
        keys = await self._keys(request, slot, place.host)
        if isinstance(keys, Unsent):
            return slot.exchange(request, keys, started_s=started_s)
        sent = request if place.text == request.url else _moved(request, place.text)
        answer, wire = await self._carry(sent, place, (*request.headers, *keys), body)
        took_s = self._clock.monotonic() - before
        found = slot.exchange(sent, answer, started_s=started_s, duration_s=took_s, wire=wire)
        if not self._authority.renews(found, keys):
            return found
        self._recorder.record(found)
        return await self._send(request, replace(slot, attempt=slot.attempt + 1), body)

    async def _keys(
        self, request: Request, slot: Slot, host: str
    ) -> tuple[tuple[str, str], ...] | Unsent:
        async def send(token_request: Request, body: bytes) -> Exchange:
            return self._recorder.record(await self._send(token_request, slot, body))

        keys = await self._authority.headers(request, host, send)
        if keys is None:
            return Unsent(reason=UnsentReason.EARLIER_FAILURE, message="no token could be had")
        return keys

    def _place(self, request: Request) -> "_Place":
        elsewhere = (
            self._target.kind is TargetKind.EMULATOR and request.purpose is not Purpose.MEDIA
        )
        return _addressed(request.url, self._target.base_url, self._contract.hosts, elsewhere)

    async def _carry(
        self, request: Request, place: "_Place", headers: Headers, body: bytes
    ) -> tuple[Answer, Wire | None]:
        local = self._local.get(place.host)
        wire = WireClock()
        began_s = self._clock.monotonic()
        try:
            sendable(headers)
            wired = self._request(request, place, headers, body)
            if local is not None:
                answered = bounded(local.handle_async_request(wired), self._bounds.read_s)
                return await self._receive(request, await answered)
            async with self._clock.real(), asyncio.timeout(self._bounds.total_s):
                return await self._over_socket(request, wired, wire)
        except (httpcore.TimeoutException, httpcore.NetworkError) as error:
            return _fault(error), _wire(wire, None)
        except (httpcore.ProtocolError, httpcore.ProxyError, httpcore.UnsupportedProtocol) as error:
            return _fault(error), _wire(wire, None)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError) as error:
            return _fault(error), _wire(wire, self._clock.monotonic() - began_s)

    def _request(
        self, request: Request, place: "_Place", headers: Headers, body: bytes
    ) -> httpx.Request:
        """With `stream=`, since `content=` makes httpx build the headers three times over."""
        encoding = () if request.purpose is Purpose.MEDIA else _ACCEPT
        length = len(body) if body or request.method in _LENGTH_DUE else None
        return httpx.Request(
            request.method,
            place.url,
            headers=_named((_AGENT, *encoding, *headers), place.netloc, length),
            stream=httpx.ByteStream(body),
            extensions=self._patience,
        )

    async def _over_socket(
        self, request: Request, wired: httpx.Request, wire: WireClock
    ) -> tuple[Answer, Wire | None]:
        token = WIRE.set(wire)
        before = self._clock.monotonic()
        try:
            response = await self._sockets.handle_async_request(wired)
            arrived = self._clock.monotonic()
            spent = (wire.dns_s, wire.connect_s, wire.tls_s)
            wire.first_byte_s = arrived - before - sum(part for part in spent if part)
            answer, _ = await self._receive(request, response)
        finally:
            WIRE.reset(token)
        return answer, _wire(wire, self._clock.monotonic() - arrived)

    async def _receive(
        self, request: Request, response: httpx.Response
    ) -> tuple[Answer, Wire | None]:
        media = request.purpose is Purpose.MEDIA
        limit = self._bounds.media_bytes if media else self._bounds.body_bytes
        whole = in_memory(response)
        if whole is not None:
            cut = len(whole) > limit
            return _answer(response, whole[:limit], media=media, truncated=cut), None
        came = Gathering(response, limit, self._clock.monotonic)
        try:
            await came.all()
        except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.ReadTimeout) as error:
            return replace(_cut(error, response), body=came.body), None
        finally:
            await response.aclose()
        answer = _answer(response, came.body, media=media, truncated=came.truncated)
        return (replace(answer, chunks=came.chunks) if came.chunks else answer), None


def _answer(response: httpx.Response, body: bytes, *, media: bool, truncated: bool) -> Response:
    facts = None
    if media and response.is_success:
        from diagnostics.media import inspect  # noqa: PLC0415  # heavy, and rarely needed

        partial = truncated or response.status_code == 206  # noqa: PLR2004  # Partial Content
        facts = inspect(body, complete=not partial)
    return Response(
        status=response.status_code,
        reason=response.reason_phrase,
        headers=_texts(response.headers.raw),
        body=b"" if facts else body,
        http_version=response.http_version,
        media=facts,
        size_bytes=len(body),
        truncated=truncated,
    )


def _texts(headers: list[tuple[bytes, bytes]]) -> Headers:
    return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a request really goes, taken apart once."""

    url: httpx.URL
    text: str
    host: str
    netloc: bytes


@lru_cache(maxsize=4096)
def _addressed(url: str, base: str, hosts: tuple[str, ...], elsewhere: bool) -> _Place:  # noqa: FBT001  # a cache key
    """The provider's own hosts stand for a target that is none of them."""
    wanted, target = httpx.URL(url), httpx.URL(base)
    moves = elsewhere or (wanted.host in hosts and target.host not in hosts)
    if moves and wanted.host != target.host:
        prefix = target.raw_path.rstrip(b"/")
        wanted = wanted.copy_with(
            scheme=target.scheme,
            host=target.host,
            port=target.port,
            raw_path=prefix + wanted.raw_path,
        )
    return _Place(wanted, str(wanted), wanted.host, wanted.netloc)


def _moved(request: Request, url: str) -> Request:
    return replace(request, url=url) if request.body else _moved_again(request, url)


@lru_cache(maxsize=1024)
def _moved_again(request: Request, url: str) -> Request:
    """Polls repeat themselves: one moved request stands for all of them."""
    return replace(request, url=url)


@lru_cache(maxsize=256)
def _named(headers: Headers, netloc: bytes, length: int | None) -> httpx.Headers:
    """The headers as httpx would complete them: `Host` first, and how long the body is."""
    made = httpx.Headers(headers)
    head: list[tuple[bytes, bytes]] = []
    if netloc and "host" not in made:
        head.append((b"Host", netloc))
    if length is not None and "content-length" not in made:
        if length:
            made["Content-Length"] = str(length)
        elif "transfer-encoding" not in made:
            head.append((b"Content-Length", b"0"))
    return httpx.Headers([*head, *made.raw])


def _timeouts(bounds: Bounds) -> dict[str, float]:
    return {
        "connect": bounds.connect_s,
        "read": bounds.read_s,
        "write": bounds.read_s,
        "pool": bounds.connect_s,
    }


def _wire(wire: WireClock, body_s: float | None) -> Wire | None:
    if wire.address is None and wire.dns_s is None and wire.first_byte_s is None:
        return None
    return Wire(
        dns_s=wire.dns_s,
        connect_s=wire.connect_s,
        tls_s=wire.tls_s,
        first_byte_s=wire.first_byte_s,
        body_s=body_s,
        address=wire.address,
        tls_version=wire.tls_version,
        certificate_expires=wire.certificate_expires,
        reused=wire.connect_s is None,
        proxy=wire.proxy,
    )


def _cut(error: Exception, response: httpx.Response) -> Fault:
    kind = FaultKind.READ_TIMEOUT if isinstance(error, httpcore.ReadTimeout) else FaultKind.CUT_BODY
    return Fault(
        kind=kind,
        message="the body ended before it was whole",
        may_have_arrived=True,
        status=response.status_code,
        headers=_texts(response.headers.raw),
    )


def _fault(error: Exception) -> Fault:
    """The kind of a failure. Messages are ours: an exception's text may quote a key."""
    if isinstance(error, Cut):
        return Fault(
            kind=FaultKind.CUT_BODY,
            message="the body ended before it was whole",
            may_have_arrived=True,
            status=error.status,
            headers=_texts(error.headers),
            body=error.body,
        )
    for kinds, kind, message, arrived in KINDS:
        if isinstance(error, kinds):
            return Fault(
                kind=_tls_or(error, kind), message=message or str(error), may_have_arrived=arrived
            )
    return Fault(kind=FaultKind.PROTOCOL, message=type(error).__name__, may_have_arrived=True)


KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], FaultKind, str, bool], ...] = (
    (UnresolvedName, FaultKind.DNS, "", False),
    (httpcore.ProxyError, FaultKind.PROXY, "", False),
    (httpcore.ConnectTimeout, FaultKind.CONNECT_TIMEOUT, "no connection in time", False),
    (httpcore.PoolTimeout, FaultKind.CONNECT_TIMEOUT, "no free connection in time", False),
    (ConnectionRefusedError, FaultKind.REFUSED, "connection refused", False),
    (httpcore.ConnectError, FaultKind.CONNECT, "", False),
    (httpcore.ReadTimeout, FaultKind.READ_TIMEOUT, "no answer in time", True),
    (httpcore.WriteTimeout, FaultKind.WRITE, "could not send in time", True),
    (TimeoutError, FaultKind.READ_TIMEOUT, "no answer in time", True),
    (httpcore.WriteError, FaultKind.WRITE, "connection broke while sending", True),
    (httpcore.ReadError, FaultKind.RESET, "connection reset", True),
    (httpcore.LocalProtocolError, FaultKind.BAD_REQUEST, "illegal header or address", False),
    (httpcore.UnsupportedProtocol, FaultKind.BAD_REQUEST, "unsupported scheme", False),
    (httpx.InvalidURL, FaultKind.BAD_REQUEST, "not an address", False),
    (UnicodeError, FaultKind.BAD_REQUEST, "characters that HTTP cannot carry", False),
    (httpx.DecodingError, FaultKind.PROTOCOL, "the content encoding is broken", True),
    (httpcore.RemoteProtocolError, FaultKind.PROTOCOL, "", True),
)
"""Order matters: the first class that fits decides."""


def _tls_or(error: BaseException | None, kind: FaultKind) -> FaultKind:
    text = str(error)
    if kind is FaultKind.PROTOCOL and "disconnected without" in text:
        return FaultKind.RESET
    if kind is not FaultKind.CONNECT:
        return kind
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return FaultKind.TLS
        if isinstance(cause, ConnectionRefusedError):
            return FaultKind.REFUSED
        cause = cause.__cause__ or cause.__context__
    return FaultKind.REFUSED if "refused" in text.lower() else kind
