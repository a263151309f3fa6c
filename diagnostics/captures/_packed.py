"""Is a captured body still compressed? Charles and Fiddler leave it as it came."""

import zlib

_MOST = 64 * 2**20
"""More than this of an unpacked body is never held; a bomb ends here."""
_GZIP = b"\x1f\x8b"


def unpacked(body: bytes, encoding: str) -> tuple[bytes, bool]:
    """The body as it was meant, and whether it is all of it.

    Browsers keep the header though they decoded the body, so the bytes decide, not the header.
    """
    named = encoding.strip().lower()
    if body.startswith(_GZIP):
        return _inflated(body, 31)
    if "deflate" in named and body.lstrip()[:1] not in {b"{", b"["}:
        return _inflated(body, 15) if body[:1] == b"\x78" else _inflated(body, -15)
    if "br" in named and not _is_text(body):
        return _brotli(body)
    return body, True


def _inflated(body: bytes, window: int) -> tuple[bytes, bool]:
    machine = zlib.decompressobj(window)
    try:
        plain = machine.decompress(body, _MOST)
    except zlib.error:
        return body, True  # not packed after all, or broken from its start
    return plain, machine.eof


def _is_text(body: bytes) -> bool:
    try:
        body[:4096].decode()
    except UnicodeDecodeError as error:
        return error.start > 4000  # noqa: PLR2004  # the window cut a letter
    return True


def _brotli(body: bytes) -> tuple[bytes, bool]:
    try:
        import brotli  # type: ignore[import-untyped]  # noqa: PLC0415  # has no types; seldom needed
    except ImportError:
        return body, False
    machine = brotli.Decompressor()
    plain = bytearray()
    try:
        for start in range(0, len(body), _STEP):
            plain += machine.process(body[start : start + _STEP])
            if len(plain) > _MOST:
                return bytes(plain[:_MOST]), False
        return bytes(plain), machine.is_finished()
    except brotli.error:
        return (bytes(plain), False) if plain else (body, True)


_STEP = 4096
