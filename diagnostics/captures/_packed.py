"""Is a captured body still compressed? Charles and Fiddler leave it as it came."""

from diagnostics.vcr.encoded import TooLargeError, Unpacker

_GZIP = b"\x1f\x8b"
_LETTER_BYTES = 4


def unpacked(body: bytes, encoding: str, unpacker: Unpacker) -> tuple[bytes, bool]:
    """The body as it was meant, and whether it is all of it.

    Browsers keep the header though they decoded the body, so the bytes decide, not the header.
    """
    named = "gzip" if body.startswith(_GZIP) else encoding
    if not named or (named is encoding and _is_text(body)):
        return body, True
    try:
        return unpacker.unpacked(body, named), True
    except TooLargeError:
        return b"", False


def _is_text(body: bytes) -> bool:
    try:
        body[:4096].decode()
    except UnicodeDecodeError as error:
        return error.start > len(body[:4096]) - _LETTER_BYTES  # the window cut a letter
    return True
