"""What was in a body before its content encoding? Bounded: a small body may hold gigabytes."""

import httpx

from diagnostics.model import Headers

_PART_BYTES = 16_384
"""So much is decoded at once: what comes of it is at most a thousand times as large."""


class BrokenCodingError(Exception):
    """The body is not what its encoding promises."""


def decoded(headers: Headers, body: bytes, limit: int, *, whole: bool = True) -> bytes:
    """At most one part more than `limit` bytes. Of a cut body: what can be had of it."""
    parts = (body[at : at + _PART_BYTES] for at in range(0, len(body), _PART_BYTES))
    answer = httpx.Response(200, headers=list(headers), content=parts)
    found = bytearray()
    try:
        for part in answer.iter_bytes():
            found += part
            if len(found) > limit:
                break
    except httpx.DecodingError as error:
        if whole:
            raise BrokenCodingError from error
    return bytes(found)
