"""How do bytes travel over a real socket, and how long does each phase take?

An `httpx` transport over `httpcore`'s public pool. It differs from `httpx.AsyncHTTPTransport` in
one thing: name resolution, TCP and TLS are timed apart, and a failure keeps its class.
"""

import asyncio
import ipaddress
import re
import select
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

Options = Iterable[Any]


@dataclass(slots=True)
class WireClock:
    """Filled while one exchange is under way."""

    dns_s: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    first_byte_s: float | None = None
    address: str | None = None
    tls_version: str | None = None
    certificate_expires: str | None = None
    proxy: str | None = None


_UNSENDABLE = re.compile(r"[\r\n\0]|^[ \t]|[ \t]$")


def sendable(headers: Iterable[tuple[str, str]]) -> None:
    """Raise as h11 will, but before a name is resolved: a dirty key is no matter of networks."""
    for name, value in headers:
        if _UNSENDABLE.search(value):
            raise httpcore.LocalProtocolError(f"Illegal header value of {name}")


WIRE: ContextVar[WireClock | None] = ContextVar("wire", default=None)


class UnresolvedName(httpcore.ConnectError):
    """The host name does not resolve."""


class _Stream(httpcore.AsyncNetworkStream):
    """A TCP stream that times its own TLS handshake."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self.read = inner.read  # type: ignore[method-assign]  # no extra await per chunk
        self.write = inner.write  # type: ignore[method-assign]  # as above
        self._socket = inner.get_extra_info("socket")
        self._poller = _poller(self._socket)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        before = time.perf_counter()
        secured = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        if wire := WIRE.get():
            wire.tls_s = time.perf_counter() - before
            _describe(secured.get_extra_info("ssl_object"), wire)
        return secured

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._poller is not None:  # asked of every idle connection
            return self._socket.fileno() < 0 or bool(self._poller.poll(0))
        return self._inner.get_extra_info(info)


def _poller(of: Any) -> "select.poll | None":
    """What tells at once whether bytes wait in a socket; None where the system has no `poll`."""
    if of is None or of.fileno() < 0 or not hasattr(select, "poll"):
        return None
    made = select.poll()
    made.register(of.fileno(), select.POLLIN)
    return made


def _describe(secured: Any, wire: WireClock) -> None:
    if secured is not None:
        wire.tls_version = secured.version()
        wire.certificate_expires = (secured.getpeercert() or {}).get("notAfter")


class _Backend(httpcore.AnyIOBackend):
    """Resolves names itself, so that DNS and TCP are two figures and two failures."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Options | None = None,
    ) -> httpcore.AsyncNetworkStream:
        wire = WIRE.get() or WireClock()
        before = time.perf_counter()
        addresses = await _resolve(host, port, timeout)
        wire.dns_s = time.perf_counter() - before
        before = time.perf_counter()
        stream, wire.address = await self._first(
            addresses, port, timeout, local_address, socket_options
        )
        wire.connect_s = time.perf_counter() - before
        return _Stream(stream)

    async def _first(
        self, addresses: list[str], port: int, *options: Any
    ) -> tuple[httpcore.AsyncNetworkStream, str]:
        error: Exception | None = None
        for address in addresses:
            try:
                return await super().connect_tcp(address, port, *options), address
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error or httpcore.ConnectError("no address")


async def _resolve(host: str, port: int, timeout_s: float | None) -> list[str]:
    if _is_address(host):
        return [host]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise UnresolvedName("name resolution took too long") from error
    except (OSError, UnicodeError) as error:
        raise UnresolvedName(str(getattr(error, "strerror", None) or error)) from error
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class SocketTransport(httpx.AsyncBaseTransport):
    """Sends `httpx` requests; raises `httpcore`'s exceptions as they are."""

    def __init__(self, *, verify: ssl.SSLContext | None = None, proxies: bool = True) -> None:
        self._context = verify
        self._proxies = {k: v for k, v in getproxies().items() if v} if proxies else {}
        self._pools: dict[tuple[str, bool], httpcore.AsyncConnectionPool] = {}

    def proxy_for(self, url: httpx.URL) -> str | None:
        """The proxy of the environment for that address (`NO_PROXY` respected)."""
        if not self._proxies or proxy_bypass(url.netloc.decode("ascii", "replace")):
            return None
        return self._proxies.get(url.scheme) or self._proxies.get("all")

    def _pool(self, proxy: str | None, *, secure: bool) -> httpcore.AsyncConnectionPool:
        key = (proxy or "", secure)
        if key not in self._pools:
            self._pools[key] = self._make(proxy, secure=secure)
        return self._pools[key]

    def _make(self, proxy: str | None, *, secure: bool) -> httpcore.AsyncConnectionPool:
        context = self._context
        if context is None and (secure or proxy):  # some 20 ms: plain http need not wait for it
            context = httpx.create_ssl_context()
        options: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": 1000,
            "max_keepalive_connections": 100,
            "keepalive_expiry": 5.0,
            "network_backend": _Backend(),
        }
        if proxy is None:
            return httpcore.AsyncConnectionPool(**options)
        parsed = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
        return httpcore.AsyncHTTPProxy(
            proxy_url=_address(parsed.url), proxy_auth=parsed.raw_auth, **options
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, no redirect, no retry."""
        proxy = self.proxy_for(request.url)
        wire = WIRE.get()
        if wire is not None and proxy:
            wire.proxy = httpx.URL(proxy).host
        answer = await self._pool(proxy, secure=request.url.scheme == "https").handle_async_request(
            httpcore.Request(
                method=request.method,
                url=_address(request.url),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body as it arrives."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in cast("AsyncIterator[bytes]", self._answer.stream):
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


def _address(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
