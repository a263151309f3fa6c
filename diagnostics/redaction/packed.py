"""What lies inside a body: gzip, deflate, brotli, wide characters, or what nobody can read?"""

import codecs
import gzip
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

PLAIN_MOST = 32 * 1024 * 1024
"""A body that unpacks to more is withheld: nobody can tell a bomb before it went off."""
_SNIFFED = 2048
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL_SHARE = 0.02
_TEXT = re.compile(r"(?i)text/|json|xml|javascript|x-www-form|graphql|yaml|csv|event-stream|ndjson")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_SHARE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The bytes inside, and how to pack others the same way. `plain` None: too large to look at."""

    plain: bytes | None
    pack: Callable[[bytes], bytes]


def unpacked(body: bytes, content_type: str | None) -> Unpacked | None:
    """What is inside a packed body; None when it is not packed in any way we know."""
    if body[:2] == b"\x1f\x8b":
        return _inflated(body, 31, lambda plain: gzip.compress(plain, mtime=0))
    if len(body) > 2 and body[0] & 0x8F == 8 and int.from_bytes(body[:2], "big") % 31 == 0:  # noqa: PLR2004  # zlib's own header
        found = _inflated(body, 15, zlib.compress)
        if found is not None:
            return found
    encoding = _wide_encoding(body)
    if encoding is not None:
        return _rewidened(body, encoding)
    if is_text(content_type) and not is_readable(body):
        return _brotli(body) or _inflated(body, -15, _deflated)
    return None


def is_text(content_type: str | None) -> bool:
    """Whether the type promises text."""
    return content_type is not None and _TEXT.search(content_type[:200]) is not None


def is_readable(body: bytes) -> bool:
    """Whether the bytes read as text in some encoding: hardly a control character among them."""
    start = body[:_SNIFFED]
    return len(_CONTROL.findall(start)) <= len(start) * _CONTROL_SHARE


def _inflated(body: bytes, width: int, pack: Callable[[bytes], bytes]) -> Unpacked | None:
    unzip = zlib.decompressobj(width)
    try:
        plain = unzip.decompress(body, PLAIN_MOST)
    except zlib.error:
        return None
    if not plain:
        return None
    return Unpacked(plain=None if len(plain) >= PLAIN_MOST else plain, pack=pack)


def _deflated(plain: bytes) -> bytes:
    zipper = zlib.compressobj(wbits=-15)
    return zipper.compress(plain) + zipper.flush()


def _brotli(body: bytes) -> Unpacked | None:
    import brotli  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs; few bodies need it

    reader, plain = brotli.Decompressor(), bytearray()
    try:
        plain += reader.process(body, output_buffer_limit=PLAIN_MOST)
        while not reader.is_finished() and len(plain) < PLAIN_MOST:
            more = reader.process(b"", output_buffer_limit=PLAIN_MOST)
            if not more:
                return None
            plain += more
    except brotli.error:
        return None
    fits = len(plain) < PLAIN_MOST
    return Unpacked(plain=bytes(plain) if fits else None, pack=brotli.compress)


def _wide_encoding(body: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return encoding
    start = body[:_SNIFFED]
    if b"\0" not in start or len(start) < 8:  # noqa: PLR2004  # four characters
        return None
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = start[offset::2].count(0), start[1 - offset :: 2].count(0)
        if zeros > len(start) * _WIDE_SHARE and others == 0:
            return encoding
    return None


def _rewidened(body: bytes, encoding: str) -> Unpacked | None:
    try:
        plain = body.decode(encoding).encode()
    except UnicodeError:
        return None
    return Unpacked(plain=plain, pack=lambda text: text.decode("utf-8", "replace").encode(encoding))
