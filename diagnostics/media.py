"""What is a media file really, and which limit does it break?

The container is told by content, never by name. Pictures are asked of Pillow, sound and video of
FFmpeg, each loaded only when such a file turns up.
"""

import hashlib
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from diagnostics.errors import UsageError
from diagnostics.inspection.picture import PLUGINS, TRUNCATED, Picture, look
from diagnostics.inspection.probe import DEMUXERS, Streams, probe
from diagnostics.inspection.sniff import sniff
from diagnostics.model import MediaFacts
from diagnostics.promise import MediaLimits

READ_BYTES_MAX = 64 * 2**20
"""More of a file than this is never held in memory."""

IMAGES = frozenset({*PLUGINS, "tiff", "heic", "svg"})
AUDIO = frozenset({"mp3", "wav", "m4a", "aac", "aiff", "amr", "flac", "ogg"})
VIDEO = frozenset({"mp4", "mov", "avi", "webm", "mkv", "flv", "wmv", "mpeg", "mpegts"})

_UNKNOWN = "the bytes are of no kind that is known here"
_RIFF_STREAMED = 0xFFFFF000
"""Where a recorder that could not seek back puts its "size not known"."""
_PARTLY_READ = "only its first part was read"


_SEEN_MAX = 256
_seen: dict[str, MediaFacts] = {}
"""By SHA-256: an emulator's thousand jobs send the same two files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One limit that a file breaks. `advice`: the provider only recommends it.

    kind: format, size, duration, fps, codec, audio, dimensions or undecodable. `code` is what the
    provider would answer, where its documents say so.
    """

    kind: str
    code: str | None
    seen: str
    limit: str
    advice: bool = False


def inspect(data: bytes, *, complete: bool = True) -> MediaFacts:
    """What these bytes are. Never raises; `complete=False` says that more of them exist."""
    if not complete:
        return _facts(data, BytesIO(data), "", size_bytes=len(data))
    digest = hashlib.sha256(data).hexdigest()
    known = _seen.get(digest)
    if known is None:
        if len(_seen) >= _SEEN_MAX:
            _seen.clear()
        known = _seen[digest] = _facts(data, BytesIO(data), digest, size_bytes=len(data))
    return known


def inspect_file(path: Path) -> MediaFacts:
    """The same of a file; only its first 64 MB are held, its size is asked of the system."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError("not a file", place=str(path), hint="name one media file or URL")
        with path.open("rb") as stream:
            data = stream.read(READ_BYTES_MAX)
            size_bytes = stream.seek(0, 2)
            digest = "" if len(data) < size_bytes else hashlib.sha256(data).hexdigest()
            return _facts(data, stream, digest, size_bytes=size_bytes)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(
            f"cannot read the media file: {getattr(error, 'strerror', None) or error}",
            place=str(path),
            hint="name a file that exists and may be read, or an http(s) URL",
        ) from error


def _facts(data: bytes, stream: BinaryIO, digest: str, *, size_bytes: int) -> MediaFacts:
    """`digest` is empty when `data` is only the first part of the file."""
    container, complete = sniff(data), bool(digest)
    blank = MediaFacts(
        container=container,
        size_bytes=size_bytes,
        sha256=digest,
        complete=complete,
        problem=_UNKNOWN if container == "unknown" else None,
    )
    if container in PLUGINS:
        return _cut(data, _pictured(blank, look(data, container, complete=complete)))
    if container in DEMUXERS:
        stream.seek(0)
        return _cut(data, _sounding(blank, probe(stream, container)))
    return blank


def _cut(data: bytes, facts: MediaFacts) -> MediaFacts:
    """Say so when the file's own frame shows that its end is missing."""
    if not facts.complete:
        return facts
    told = int.from_bytes(data[4:8], "little") + 8 if data.startswith(b"RIFF") else 0
    if facts.size_bytes < told < _RIFF_STREAMED:
        return replace(facts, problem=TRUNCATED)
    if facts.problem and facts.container in {"mp4", "m4a", "mov"} and b"moov" not in data:
        return replace(facts, problem=f"{TRUNCATED}: its index (moov) is missing")
    return facts


def _pictured(blank: MediaFacts, picture: Picture) -> MediaFacts:
    return replace(
        blank,
        width=picture.width,
        height=picture.height,
        animated=picture.animated,
        problem=_PARTLY_READ if picture.problem and not blank.complete else picture.problem,
    )


def _sounding(blank: MediaFacts, streams: Streams) -> MediaFacts:
    """An MP4 without a picture is what everybody calls M4A, whatever brand it names."""
    problem = streams.problem
    if problem is None and blank.complete and streams.ends_at > blank.size_bytes:
        problem = TRUNCATED
    container = blank.container
    if container in {"mp4", "m4a"} and streams.problem is None:
        container = "mp4" if streams.video_codec else "m4a"
    return replace(
        blank,
        container=container,
        width=streams.width,
        height=streams.height,
        duration_s=streams.duration_s,
        fps=streams.fps,
        video_codec=streams.video_codec,
        audio_codec=streams.audio_codec,
        has_audio=None if streams.problem else streams.audio_codec is not None,
        problem=_PARTLY_READ if problem and not blank.complete else problem,
    )


# --- limits -----------------------------------------------------------------------------------

_DURATION_SLACK_S = 0.1
"""Encoders pad the last sound frame: 60.02 s is a minute."""
_FPS_SLACK = 0.5
"""Phones record 30.02 frames a second and call it 30."""
_FORMATS = {
    "jpg": "jpeg",
    "tif": "tiff",
    "heif": "heic",
    "quicktime": "mov",
    "matroska": "mkv",
    "wave": "wav",
    "oga": "ogg",
    "opus": "ogg",
    "mpga": "mp3",
    "htm": "html",
    **dict.fromkeys(("txt", "md", "markdown", "csv", "vtt", "plain"), "text"),
}
_ROLES = {
    "image": IMAGES,
    "video": VIDEO,
    "audio": AUDIO,
    "image-or-video": IMAGES | VIDEO,
    "document": frozenset({"pdf", "doc", "docx", "text", "json", "xml"}),
    "subtitles": frozenset({"srt", "ass", "text"}),
}
_CODECS = {
    "avc": "h264",
    "avc1": "h264",
    "x264": "h264",
    "h265": "hevc",
    "hvc1": "hevc",
    "mp4a": "aac",
    "mpeg4part2": "mpeg4",
}


def breaches(facts: MediaFacts, limits: MediaLimits) -> list[Breach]:
    """Every limit that these facts break. What is not known breaks nothing."""
    found = [*_size(facts, limits)]
    if not fits(facts, limits):
        return [_breach("format", limits, facts.container, _wanted(limits)), *found]
    if facts.problem and facts.complete:
        found.append(_breach("undecodable", limits, facts.problem, "a whole file"))
    return [
        *found,
        *_duration(facts, limits),
        *_fps(facts, limits),
        *_codec(facts.video_codec, limits.video_codecs, limits),
        *_codec(facts.audio_codec, limits.audio_codecs, limits),
        *_audio(facts, limits),
        *_dimensions(facts, limits),
    ]


def fits(facts: MediaFacts, limits: MediaLimits) -> bool:
    """Is the container one of those the parameter takes?"""
    wanted = frozenset(_FORMATS.get(f, f) for f in map(_plain, limits.formats))
    wanted = wanted or _ROLES.get(limits.role, frozenset())
    if facts.container == "m4a" and "mp4" in wanted and limits.role != "video":
        return True
    readable_as_text = facts.container in {"json", "xml", "srt", "ass"} and "text" in wanted
    return not wanted or facts.container in wanted or readable_as_text


def of_role(facts: MediaFacts, limits: MediaLimits) -> bool:
    """Is it at least the right kind of thing: a picture where a picture is due?"""
    kinds = _ROLES.get(limits.role)
    return kinds is None or facts.container in kinds


def megabytes(size_bytes: float) -> str:
    """A size as a person reads it."""
    if size_bytes < 1000:  # noqa: PLR2004  # where kilobytes begin
        return f"{size_bytes:.0f} B"
    if size_bytes < 1_000_000:  # noqa: PLR2004  # where megabytes begin
        return f"{size_bytes / 1000:.1f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def _plain(name: str) -> str:
    return name.lower().lstrip(".")


def _wanted(limits: MediaLimits) -> str:
    kinds = limits.role.split("-or-")
    return ", ".join(limits.formats) or " | ".join(f"{kind}/*" for kind in kinds)


def _breach(
    kind: str, limits: MediaLimits, seen: object, limit: object, *, advice: bool = False
) -> Breach:
    code = limits.codes.get("format" if kind == "undecodable" else kind)
    return Breach(
        kind=kind, code=None if advice else code, seen=str(seen), limit=str(limit), advice=advice
    )


def _size(facts: MediaFacts, limits: MediaLimits) -> Iterator[Breach]:
    most = limits.size_bytes_max
    if most is not None and facts.size_bytes > most:
        yield _breach("size", limits, megabytes(facts.size_bytes), f"≤ {megabytes(most)}")


def _duration(facts: MediaFacts, limits: MediaLimits) -> Iterator[Breach]:
    seen, least, most = facts.duration_s, limits.duration_s_min, limits.duration_s_max
    if seen is None:
        return
    if most is not None and seen > most + _DURATION_SLACK_S:
        yield _breach("duration", limits, f"{seen:g} s", f"≤ {most:g} s")
    if least is not None and seen < least - _DURATION_SLACK_S:
        yield _breach("duration", limits, f"{seen:g} s", f"≥ {least:g} s")


def _fps(facts: MediaFacts, limits: MediaLimits) -> Iterator[Breach]:
    seen, most, advised = facts.fps, limits.fps_max, limits.fps_advised_max
    if seen is None:
        return
    if most is not None and seen > most + _FPS_SLACK:
        yield _breach("fps", limits, f"{seen:g}", f"≤ {most:g}")
    elif advised is not None and seen > advised + _FPS_SLACK:
        yield _breach("fps", limits, f"{seen:g}", f"≤ {advised:g}", advice=True)


def _codec(seen: str | None, allowed: tuple[str, ...], limits: MediaLimits) -> Iterator[Breach]:
    wanted = {
        _CODECS.get(name, name) for name in (re.sub("[^a-z0-9]", "", a.lower()) for a in allowed)
    }
    if seen is not None and wanted and seen not in wanted:
        yield _breach("codec", limits, seen, ", ".join(allowed))


def _audio(facts: MediaFacts, limits: MediaLimits) -> Iterator[Breach]:
    if limits.audio == "required" and facts.has_audio is False:
        yield _breach("audio", limits, "no sound track", "a sound track")
    if limits.audio == "forbidden" and facts.has_audio is True:
        yield _breach("audio", limits, "a sound track", "no sound track")


def _dimensions(facts: MediaFacts, limits: MediaLimits) -> Iterator[Breach]:
    across, down = limits.width_max, limits.height_max
    if facts.width is None or facts.height is None:
        return
    if (across and facts.width > across) or (down and facts.height > down):
        limit = f"≤ {across or '…'}×{down or '…'}"
        yield _breach("dimensions", limits, f"{facts.width}×{facts.height}", limit)


def describe(facts: MediaFacts) -> str:
    """The facts in one line, in no language: `mp4 320×180, 25 fps, h264 + aac, 1 s, 12.0 kB`."""
    codecs = " + ".join(c for c in (facts.video_codec, facts.audio_codec) if c)
    parts = (
        f"{facts.container} {facts.width}×{facts.height}" if facts.width else facts.container,
        f"{facts.fps:g} fps" if facts.fps else "",
        codecs if codecs != facts.container else "",
        f"{facts.duration_s:g} s" if facts.duration_s else "",
        megabytes(facts.size_bytes),
    )
    return ", ".join(filter(None, parts))
