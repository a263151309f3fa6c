"""What can anybody read out of these bytes, once everything in them is unpacked?"""

import base64
import binascii
import gzip
import html
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote_to_bytes

import brotli  # type: ignore[import-untyped]  # it has no stubs

DEPTH_MOST = 7
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{12,}={0,2}")
_BASE64_URL = re.compile(rb"[A-Za-z0-9_\-]{12,}={0,2}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}[: ]?){6,}")
_ESCAPE = re.compile(rb"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|\\([\\/\"'nrt])")
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_JOINS = (
    re.compile(rb"\x1b\[[0-9;]*[A-Za-z]"),
    re.compile(rb"\\?\r?\n[ \t|>]*"),
    re.compile(rb"[\"']\s*\+?\s*[\"']"),
)


def holds(data: bytes, secret: str) -> bool:
    """Whether the secret can be read in the bytes, in whatever spelling."""
    wanted = secret.encode()
    return any(wanted in layer for layer in layers(data))


def layers(data: bytes) -> Iterator[bytes]:
    """The bytes, and every reading of them that some decoder gives, and so on."""
    seen: set[bytes] = set()
    waiting = [(data, 0)]
    while waiting:
        layer, depth = waiting.pop()
        if layer in seen or len(layer) < 4:
            continue
        seen.add(layer)
        yield layer
        if depth < DEPTH_MOST:
            waiting += [(inner, depth + 1) for inner in _readings(layer)]


def _readings(layer: bytes) -> Iterator[bytes]:
    yield from _inflated(layer)
    if b"%" in layer:
        yield unquote_to_bytes(layer)
        yield unquote_to_bytes(layer.replace(b"+", b" "))
    if b"\\" in layer:
        yield _ESCAPE.sub(_character, layer)
    if b"&" in layer:
        yield html.unescape(layer.decode("latin-1")).encode("latin-1", "replace")
    for join in _JOINS:
        yield join.sub(b"", layer)
    if b"\0" in layer:
        yield layer.replace(b"\0", b"")
    yield from _encoded(layer)


def _character(match: re.Match[bytes]) -> bytes:
    digits = match[1] or match[2]
    if digits:
        return chr(int(digits, 16)).encode("utf-8", "surrogatepass")
    return _PLAIN.get(match[3], match[3])


def _encoded(layer: bytes) -> Iterator[bytes]:
    for run in {*_BASE64.findall(layer), *_BASE64_URL.findall(layer)}:
        bare = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        for lead in range(4):
            part = bare[lead:]
            part = part[: len(part) - 1] if len(part) % 4 == 1 else part
            try:
                yield base64.b64decode(part + b"=" * (-len(part) % 4))
            except binascii.Error:  # pragma: no cover  # lengths are mended above
                continue
    for run in _HEX.findall(layer):
        digits = re.sub(rb"[: ]", b"", run)
        yield binascii.unhexlify(digits[: len(digits) // 2 * 2])


def _inflated(layer: bytes) -> Iterator[bytes]:
    if layer[:2] == b"\x1f\x8b":
        with suppress(OSError, EOFError, zlib.error):
            yield gzip.GzipFile(fileobj=io.BytesIO(layer)).read()
    for width in (15, -15):
        try:
            plain = zlib.decompressobj(width).decompress(layer, 1 << 22)
        except zlib.error:
            continue
        if plain:
            yield plain
    with suppress(brotli.error):
        yield brotli.decompress(layer)
