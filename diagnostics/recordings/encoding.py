"""What does an encoded body say? Decoded part by part, bounded, beside what the client gets."""

import zlib
from importlib import import_module

OUT_MOST = 1 << 30
"""Bytes that one body may come to; more is a bomb."""
_RATIO_MOST = 200
"""Times that a body may grow; deflate can reach 1,032, JSON of logs some fifty."""
_FREE = 1 << 24
"""Bytes that nobody counts a ratio for."""


class Undecodable(Exception):  # noqa: N818  # says of a body what it is
    """The bytes are not what their `Content-Encoding` says."""


class Bomb(Undecodable):
    """They are, but there is no end to them."""


class _Zlib:
    """gzip, and deflate with or without a header."""

    def __init__(self, *, deflate: bool) -> None:
        self._deflate, self._fresh = deflate, True
        self._inner = zlib.decompressobj(15 if deflate else 31)

    def take(self, part: bytes, most: int = OUT_MOST) -> bytes:
        """Decode, but never into more than `most` bytes."""
        try:
            out = self._inner.decompress(part, most)
        except zlib.error as error:
            if not (self._deflate and self._fresh):
                raise Undecodable(str(error)) from error
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            self._fresh = False
            return self.take(part, most)
        self._fresh = False
        if self._inner.unconsumed_tail:
            raise Bomb
        return out


class _Brotli:
    """br, where the library is there (httpx needs the same)."""

    def __init__(self) -> None:
        brotli = import_module("brotli")  # only where it is spoken

        self._inner, self._broken = brotli.Decompressor(), brotli.error

    def take(self, part: bytes, most: int = OUT_MOST) -> bytes:
        """As above."""
        try:
            out: bytes = self._inner.process(part, output_buffer_limit=most)
        except self._broken as error:
            raise Undecodable(str(error)) from error
        if not self._inner.can_accept_more_data():
            raise Bomb
        return out


class Decoding:
    """The encodings of one body, the last applied taken off first."""

    def __init__(self, encodings: str) -> None:
        names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
        made = [_made(name) for name in reversed(names) if name != "identity"]
        self.known = None not in made
        """False: an encoding that we cannot take off; the body stays as it came."""
        self._inner = [one for one in made if one is not None] if self.known else []
        self.applied = bool(self._inner)
        self._in = self._out = 0

    def take(self, part: bytes) -> bytes:
        """The decoded bytes of one more part. Raises `Undecodable`."""
        self._in += len(part)
        for one in self._inner:
            allowed = max(_FREE, self._in * _RATIO_MOST)
            part = one.take(part, max(1, min(allowed, OUT_MOST) - self._out + 1))
            if len(part) + self._out > min(allowed, OUT_MOST):
                raise Bomb
        self._out += len(part)
        return part


def _made(name: str) -> "_Zlib | _Brotli | None":
    if name in {"gzip", "x-gzip", "deflate"}:
        return _Zlib(deflate=name == "deflate")
    if name == "br":
        try:
            return _Brotli()
        except ImportError:
            return None
    return None
