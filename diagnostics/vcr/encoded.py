"""What was a body before it was compressed on its way? Bounded, whatever it claims to hold."""

import zlib
from collections.abc import Callable
from importlib import import_module

UNPACKED_MOST = 256 << 20
"""Of all bodies of one file together."""
_MEMBERS_MOST = 1000
_GZIP, _ZLIB, _RAW = 31, 15, -15


class TooLargeError(ValueError):
    """It unpacks to more than we hold."""


class Unpacker:
    """Decodes content encodings until `most` bytes came out of it."""

    def __init__(self, most: int = UNPACKED_MOST) -> None:
        self._left = most

    def unpacked(self, body: bytes, encoding: str) -> bytes:
        """The plain body; as it is where it was stored plain already (`vcr` can be told to)."""
        for name in reversed([part.strip().lower() for part in encoding.split(",")]):
            work = _WAYS.get(name)
            plain = work(body, self._left) if work is not None and body else None
            if plain is None:
                return body
            if len(plain) > self._left:
                raise TooLargeError(f"its {name} body unpacks to more than {self._left} bytes")
            self._left -= len(plain)
            body = plain
        return body


def _inflated(window: int) -> Callable[[bytes, int], bytes | None]:
    def work(body: bytes, most: int) -> bytes | None:
        told = bytearray()
        for _ in range(_MEMBERS_MOST):  # gzip may have several, one after another
            one = zlib.decompressobj(window)
            try:
                told += one.decompress(body, most + 1 - len(told))
            except zlib.error:
                break
            body = one.unused_data.lstrip(b"\0")
            if len(told) > most or not body:
                break
        return bytes(told) or None

    return work


def _deflated(body: bytes, most: int) -> bytes | None:
    """With its wrapper as the standard says, or bare as many servers send it."""
    return _inflated(_ZLIB)(body, most) or _inflated(_RAW)(body, most)


def _brotli(body: bytes, most: int) -> bytes | None:
    try:
        brotli = import_module("brotli")  # only where a body is written so; it may be absent
    except ImportError:
        return None
    try:
        told: bytes = brotli.Decompressor().process(body, output_buffer_limit=most + 1)
    except (brotli.error, TypeError):  # before 1.2 it could not be bounded
        return None
    return told


_WAYS: dict[str, Callable[[bytes, int], bytes | None]] = {
    "gzip": _inflated(_GZIP),
    "x-gzip": _inflated(_GZIP),
    "deflate": _deflated,
    "br": _brotli,
}
