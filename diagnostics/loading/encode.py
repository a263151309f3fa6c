"""Which bytes are a request, and where do they go? The very bytes that the live driver sends.

What repeats itself is made once: an address is taken apart, and a head is put together, once for
each kind of request. Keys go to the provider's own hosts, and to the target that stands for them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import h11
import httpx

from diagnostics import __version__
from diagnostics.loading.hosts import foreign
from diagnostics.loading.origin import Origin
from diagnostics.model import Headers, Purpose, Request

Keys = Callable[[Request], Headers | None]
"""The credential headers of a request; None: they cannot be had."""

_HEADS_MOST, _PLACES_MOST, _ORIGINS_MOST = 4096, 16_384, 1024
_AGENT = ("User-Agent", f"genvideo-diagnostics/{__version__}")
_ACCEPT = (("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"))
_LENGTH_DUE = frozenset({"POST", "PUT", "PATCH"})
_FIRST_PATH = len("https://")
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_~.-]*)+(?:\?[A-Za-z0-9_~.=&-]+)?")
"""A path and a query that stay as they are."""
_MEDIA = Purpose.MEDIA
_NO_KEYS: Headers = ()
_PORTS = {"http": 80, "https": 443}


class WithheldError(Exception):
    """No credentials for this request: it stays here."""


class UnsendableError(Exception):
    """It cannot be put on the wire."""


class StrayError(UnsendableError):
    """It would go to a host that nobody allowed to be loaded; an answer may have named it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one address leads. `trusted`: it may be given the credentials."""

    origin: Origin
    prefix: bytes
    """The path of the target, if it stands in for the host."""
    target: bytes
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head without its target: what stands before that, after it, and after it with a body."""

    origin: Origin
    method: str
    headers: Headers
    keys: Headers
    start: bytes
    alone: bytes
    rest: bytes
    counts: bool
    """The length of a body has to be told."""


_Kind = tuple[str, str, Headers, Headers, bool]


class Encoder:
    """Knows the target, and the provider's own hosts that it stands for."""

    def __init__(
        self,
        *,
        base_url: str,
        hosts: tuple[str, ...],
        keys: Keys,
        elsewhere: bool = False,
        admits: Callable[[str], bool] = lambda _host: True,
    ) -> None:
        """`elsewhere`: everything but media goes to the target, as it does with the emulator.

        `admits` (`hosts.Fence`) says whether a load may ask that host at all.
        """
        self._admits = admits
        self._target = httpx.URL(base_url)
        self._hosts, self._keys, self._elsewhere = hosts, keys, elsewhere
        self._stands_in = self._target.host not in hosts
        self._origins: dict[tuple[str, str, int], Origin] = {}
        self._places: dict[str, Place] = {}
        self._media: dict[str, Place] = {}
        self._bases: dict[tuple[str, bool], Place] = {}
        """A place at each host, by scheme and host, and whether it is about media."""
        self._heads: dict[_Kind, Head] = {}
        self._last: dict[str | None, Head] = {}
        """By operation, and compared by identity: most requests are like the one before."""
        self.keys: Headers = ()
        """The credentials of the request that was encoded last."""

    def encode(self, request: Request) -> tuple[Origin, bytes]:
        """Raises `UnsendableError`, `StrayError` and `WithheldError`."""
        media = request.purpose is _MEDIA
        places = self._media if media else self._places
        place = places.get(request.url) or self._find(request, places)
        origin, keys = place.origin, _NO_KEYS
        if request.authenticated and place.trusted:
            found = self._keys(request)
            if found is None:
                raise WithheldError
            keys = found
        self.keys = keys
        head = None if media else self._last.get(request.operation)
        if (
            head is None
            or head.origin is not origin
            or head.keys is not keys
            or head.headers is not request.headers
            or head.method is not request.method
        ):
            head = self._head(request, origin, keys)
        body = request.body
        if not body:
            return origin, b"".join((head.start, place.target, head.alone))
        if head.counts:
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            return origin, b"".join((head.start, place.target, head.rest, length, body))
        return origin, b"".join((head.start, place.target, head.rest, b"\r\n", body))

    # --- what is made once --------------------------------------------------------------------

    def _find(self, request: Request, places: dict[str, Place]) -> Place:
        if len(places) >= _PLACES_MOST:
            places.clear()
        found = self._beside(request.url, media=places is self._media)
        if found is None:
            found = self._asked(request)
            self._bases[_base(request.url), places is self._media] = found
        places[request.url] = found
        return found

    def _asked(self, request: Request) -> Place:
        try:
            return self._place(request)
        except (httpx.InvalidURL, ValueError) as error:
            raise UnsendableError(f"not an address: {error}") from error

    def _beside(self, url: str, *, media: bool) -> Place | None:
        """Of an address whose host is known and that needs no care: every job has one of its own.

        httpx takes some 50 µs for one; a load of many jobs would spend most of its time there.
        """
        base = _base(url)
        known, target = self._bases.get((base, media)), url[len(base) :]
        if known is None or "?" in base or not _PLAIN.fullmatch(target):
            return None
        return Place(known.origin, known.prefix, known.prefix + target.encode(), known.trusted)

    def _place(self, request: Request) -> Place:
        """As the live driver does: the provider's own hosts stand for a target that is none."""
        url, target, prefix = httpx.URL(request.url), self._target, b""
        elsewhere = self._elsewhere and request.purpose is not _MEDIA
        if url.host != target.host and (elsewhere or (url.host in self._hosts and self._stands_in)):
            prefix = target.raw_path.rstrip(b"/")
            url = url.copy_with(
                scheme=target.scheme,
                host=target.host,
                port=target.port,
                raw_path=prefix + url.raw_path,
            )
        if url.scheme not in _PORTS or not url.host:
            raise UnsendableError("unsupported scheme")
        host = url.raw_host.decode("ascii")
        if not self._admits(host):
            raise StrayError(foreign(host))
        trusted = url.host == target.host or url.host in self._hosts
        return Place(self._origin(url), prefix, url.raw_path, trusted)

    def _origin(self, url: httpx.URL) -> Origin:
        host = url.raw_host.decode("ascii")
        key = (url.scheme, host, url.port or _PORTS[url.scheme])
        if key not in self._origins:
            if len(self._origins) >= _ORIGINS_MOST:
                for known in (self._origins, self._places, self._media, self._bases):
                    known.clear()  # together: they hold each other
            self._origins[key] = Origin(scheme=key[0], host=key[1], port=key[2])
        return self._origins[key]

    def _head(self, request: Request, origin: Origin, keys: Headers) -> Head:
        media = request.purpose is _MEDIA
        kind = (request.method, origin.netloc, request.headers, keys, media)
        found = self._heads.get(kind)
        if found is None:
            if len(self._heads) >= _HEADS_MOST:
                self._heads.clear()
                self._last.clear()
            found = self._heads[kind] = _checked(kind, origin)
        if not media:
            self._last[request.operation] = found
        return found


def _base(url: str) -> str:
    """Scheme and host."""
    cut = url.find("/", _FIRST_PATH)
    return url if cut < 0 else url[:cut]


def _checked(kind: _Kind, origin: Origin) -> Head:
    """Made, unless it is against the rules of HTTP; the words of that may quote a key."""
    try:
        return _made(kind, origin)
    except UnicodeError:
        raise UnsendableError("characters that HTTP cannot carry") from None
    except h11.LocalProtocolError:
        raise UnsendableError("illegal header or address") from None


def _made(kind: _Kind, origin: Origin) -> Head:
    method, netloc, headers, keys, media = kind
    fields = [
        (name.encode("ascii"), value.encode("ascii"))
        for name, value in (_AGENT, *(() if media else _ACCEPT), *headers, *keys)
    ]
    given = {name.lower() for name, _ in fields}
    host = [one for one in fields if one[0].lower() == b"host"]
    fields = [one for one in fields if one not in host]
    host = host or [(b"Host", netloc.encode("ascii"))]
    told = bool(given & {b"content-length", b"transfer-encoding"})
    none = [(b"Content-Length", b"0")] if method in _LENGTH_DUE and not told else []
    h11.Request(method=method, target="/", headers=[*host, *fields])
    return Head(
        origin=origin,
        method=method,
        headers=headers,
        keys=keys,
        start=method.encode("ascii") + b" ",
        alone=_lines([*host, *none, *fields]) + b"\r\n",
        rest=_lines([*host, *fields]),
        counts=not told,
    )


def _lines(fields: list[tuple[bytes, bytes]]) -> bytes:
    return b" HTTP/1.1\r\n" + b"".join(b"%s: %s\r\n" % one for one in fields)
