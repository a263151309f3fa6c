"""Which media does the emulator serve? Its samples and its jobs' outputs, whole or by range."""

import hashlib
import re
from functools import lru_cache

from diagnostics.emulator.bodies import sample_for
from diagnostics.emulator.clips import Clip, drawn
from diagnostics.emulator.reply import Reply, page

NAMES = (
    "face.jpg", "face.png", "face.webp", "speech.mp3", "speech.wav", "speech.m4a", "clip.mp4",
    "silent.mp4",
)  # fmt: skip
_TYPES = {
    "jpg": b"image/jpeg", "jpeg": b"image/jpeg", "png": b"image/png", "webp": b"image/webp",
    "mp3": b"audio/mpeg", "wav": b"audio/wav", "m4a": b"audio/mp4", "mp4": b"video/mp4",
}  # fmt: skip
_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")
_ACCEPTS = (b"accept-ranges", b"bytes")


@lru_cache(maxsize=len(NAMES))
def sample(name: str) -> bytes:
    """A sample's bytes; made once a process, when somebody asks."""
    from diagnostics.emulator.samples import sample as make  # noqa: PLC0415  # loads PyAV, Pillow

    return make(name)


@lru_cache(maxsize=256)
def served(name: str) -> Reply:
    """`/_media/<name>`."""
    if name not in NAMES:
        return page(404, f"Cannot GET /_media/{name[:200]}")
    return _file(name, name.rpartition(".")[2])


def output(suffix: str, clip: Clip | None = None) -> Reply:
    """The output of a job."""
    if clip is None:
        return _file(sample_for(suffix), suffix)
    return _reply(drawn(clip), b"video/mp4")


def _file(name: str, suffix: str) -> Reply:
    return _reply(sample(name), _TYPES.get(suffix, b"application/octet-stream"))


def _reply(body: bytes, media_type: bytes) -> Reply:
    return Reply(body=body, media_type=media_type, headers=(_ACCEPTS, (b"etag", _tag(body))))


@lru_cache(maxsize=128)
def _tag(body: bytes) -> bytes:
    """By this a client that goes on with a broken download knows the file again."""
    return b'"%s"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()


def ranged(reply: Reply, wanted: bytes | None, if_range: bytes | None = None) -> Reply:
    """The part that a `Range` header asks for; one range, as every player sends it."""
    if if_range is not None and (b"etag", if_range.strip()) not in reply.headers:
        return reply
    found = _RANGE.fullmatch(wanted.strip()) if wanted and reply.status == 200 else None  # noqa: PLR2004  # OK
    if found is None or found[0] == b"bytes=-":
        return reply
    size = len(reply.body)
    low, high = _bounds(found[1], found[2], size)
    if low >= size or low > high:
        headers = ((b"content-range", b"bytes */%d" % size),)
        return Reply(status=416, media_type=reply.media_type, headers=headers)
    shown = (b"content-range", b"bytes %d-%d/%d" % (low, high, size))
    return Reply(
        status=206,
        body=reply.body[low : high + 1],
        media_type=reply.media_type,
        headers=(*reply.headers, shown),
    )


def _bounds(low: bytes, high: bytes, size: int) -> tuple[int, int]:
    if not low:
        return max(0, size - int(high)), size - 1
    return int(low), min(int(high), size - 1) if high else size - 1
