"""Which bytes are a request, and where do they go? The very bytes that the live driver sends.

What repeats itself is made once: an address is taken apart, and a head is put together, once for
each kind of request. Keys go to the provider's own hosts, and to the target that stands for them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import h11
import httpx

from diagnostics import __version__
from diagnostics.loading.origin import Origin
from diagnostics.model import Headers, Purpose, Request

Keys = Callable[[Request], Headers | None]
"""The credential headers of a request; None: they cannot be had."""

_HEADS_MOST, _PLACES_MOST, _ORIGINS_MOST = 4096, 16_384, 1024
_AGENT = ("User-Agent", f"genvideo-diagnostics/{__version__}")
_ACCEPT = (("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"))
_LENGTH_DUE = frozenset({"POST", "PUT", "PATCH"})
_NO_KEYS: Headers = ()
_PORTS = {"http": 80, "https": 443}


class WithheldError(Exception):
    """No credentials for this request: it stays here."""


class UnsendableError(Exception):
    """It cannot be put on the wire."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one address leads. `trusted`: it may be given the credentials."""

    origin: Origin
    target: bytes
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head without its target: what stands before that, after it, and after it with a body."""

    start: bytes
    alone: bytes
    rest: bytes
    counts: bool
    """The length of a body has to be told."""


_Kind = tuple[str, str, Headers, Headers, Purpose]


class Encoder:
    """Knows the target, and the provider's own hosts that it stands for."""

    def __init__(
        self, *, base_url: str, hosts: tuple[str, ...], keys: Keys, elsewhere: bool = False
    ) -> None:
        """`elsewhere`: everything but media goes to the target, as it does with the emulator."""
        self._target = httpx.URL(base_url)
        self._hosts, self._keys, self._elsewhere = hosts, keys, elsewhere
        self._stands_in = self._target.host not in hosts
        self._origins: dict[tuple[str, str, int], Origin] = {}
        self._places: dict[str, Place] = {}
        self._media: dict[str, Place] = {}
        self._heads: dict[_Kind, Head] = {}
        self.keys: Headers = ()
        """The credentials of the request that was encoded last."""

    def encode(self, request: Request) -> tuple[Origin, bytes]:
        """Raises `UnsendableError` and `WithheldError`."""
        purpose = request.purpose
        places = self._media if purpose is Purpose.MEDIA else self._places
        place = places.get(request.url) or self._find(request, places)
        origin, keys = place.origin, _NO_KEYS
        if request.authenticated and place.trusted:
            found = self._keys(request)
            if found is None:
                raise WithheldError
            keys = found
        self.keys = keys
        kind = (request.method, origin.netloc, request.headers, keys, purpose)
        head = self._heads.get(kind) or self._head(kind)
        body = request.body
        if not body:
            return origin, b"".join((head.start, place.target, head.alone))
        if head.counts:
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            return origin, b"".join((head.start, place.target, head.rest, length, body))
        return origin, b"".join((head.start, place.target, head.rest, b"\r\n", body))

    # --- what is made once --------------------------------------------------------------------

    def _find(self, request: Request, places: dict[str, Place]) -> Place:
        try:
            found = self._place(request)
        except (httpx.InvalidURL, ValueError) as error:
            raise UnsendableError(f"not an address: {error}") from error
        if len(places) >= _PLACES_MOST:
            places.clear()
        places[request.url] = found
        return found

    def _place(self, request: Request) -> Place:
        """As the live driver does: the provider's own hosts stand for a target that is none."""
        url, target = httpx.URL(request.url), self._target
        elsewhere = self._elsewhere and request.purpose is not Purpose.MEDIA
        if url.host != target.host and (elsewhere or (url.host in self._hosts and self._stands_in)):
            path = target.raw_path.rstrip(b"/") + url.raw_path
            url = url.copy_with(
                scheme=target.scheme, host=target.host, port=target.port, raw_path=path
            )
        if url.scheme not in _PORTS or not url.host:
            raise UnsendableError("unsupported scheme")
        trusted = url.host == target.host or url.host in self._hosts
        return Place(self._origin(url), url.raw_path, trusted)

    def _origin(self, url: httpx.URL) -> Origin:
        host = url.raw_host.decode("ascii")
        key = (url.scheme, host, url.port or _PORTS[url.scheme])
        if key not in self._origins:
            if len(self._origins) >= _ORIGINS_MOST:
                self._origins.clear()
            self._origins[key] = Origin(scheme=key[0], host=key[1], port=key[2])
        return self._origins[key]

    def _head(self, kind: _Kind) -> Head:
        if len(self._heads) >= _HEADS_MOST:
            self._heads.clear()
        try:
            made = _made(kind)
        except (UnicodeError, h11.LocalProtocolError) as error:  # its text may quote a key
            plain = isinstance(error, h11.LocalProtocolError)
            told = "illegal header or address" if plain else "characters that HTTP cannot carry"
            raise UnsendableError(told) from None
        self._heads[kind] = made
        return made


def _made(kind: _Kind) -> Head:
    method, netloc, headers, keys, purpose = kind
    accept = () if purpose is Purpose.MEDIA else _ACCEPT
    fields = [
        (name.encode("ascii"), value.encode("ascii"))
        for name, value in (_AGENT, *accept, *headers, *keys)
    ]
    given = {name.lower() for name, _ in fields}
    host = [] if b"host" in given else [(b"Host", netloc.encode("ascii"))]
    told = bool(given & {b"content-length", b"transfer-encoding"})
    none = [(b"Content-Length", b"0")] if method in _LENGTH_DUE and not told else []
    h11.Request(method=method, target="/", headers=[*host, *fields])
    return Head(
        start=method.encode("ascii") + b" ",
        alone=_lines([*host, *none, *fields]) + b"\r\n",
        rest=_lines([*host, *fields]),
        counts=not told,
    )


def _lines(fields: list[tuple[bytes, bytes]]) -> bytes:
    return b" HTTP/1.1\r\n" + b"".join(b"%s: %s\r\n" % one for one in fields)
