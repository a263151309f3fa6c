"""What is inside an audio or video file? Asked of FFmpeg through PyAV, on a short leash.

The demuxer is always the one that the sniffed container names. Left to guess, FFmpeg may take
hostile bytes for a playlist or a concat script and open other files and addresses on its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, cast

DEMUXERS = {
    "mp4": "mov",
    "mov": "mov",
    "m4a": "mov",
    "mp3": "mp3",
    "wav": "wav",
    "aac": "aac",
    "aiff": "aiff",
    "amr": "amr",
    "flac": "flac",
    "ogg": "ogg",
    "avi": "avi",
    "webm": "matroska",
    "mkv": "matroska",
    "flv": "flv",
    "wmv": "asf",
    "mpeg": "mpeg",
    "mpegts": "mpegts",
}
READ_BYTES_MAX = 64 * 2**20
"""How much FFmpeg may read in all, seeks and second looks included."""
TIMEOUT_S = 5.0
MEMORY_BYTES_MAX = 512 * 2**20
_ONE_AT_A_TIME = Lock()
_MEMORY_TOLD = Path("/proc/self/statm")
_OPTIONS = {"probesize": "2000000", "analyzeduration": "2000000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What one audio or video file holds. `ends_at`: where its last indexed packet ends."""

    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    ends_at: int = 0
    problem: str | None = None


class _Leash:
    """A seekable file of which only so many bytes may be read; its own trouble is its end.

    PyAV prints the traceback of whatever is raised in here, so nothing is.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._left = stream, READ_BYTES_MAX

    def read(self, size: int) -> bytes:
        """The next bytes; end of file once the allowance is used up."""
        try:
            piece = self._stream.read(min(size, self._left))
        except OSError:
            return b""
        self._left -= len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, as a file does; -1 for a place that cannot be."""
        try:
            return self._stream.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -1

    def tell(self) -> int:
        """Where the next byte comes from. Never asked, but without it PyAV does not seek."""
        return self._stream.tell()  # pragma: no cover


def probe(stream: BinaryIO, container: str) -> Streams:
    """Open the file, read its headers, decode nothing. Never raises."""
    import av  # noqa: PLC0415  # 60 ms that most commands need not pay

    leash = cast("BinaryIO", _Leash(stream))
    try:
        with (
            memory_bounded(),
            av.open(
                leash,
                format=DEMUXERS[container],
                options=_OPTIONS,
                timeout=TIMEOUT_S,
                metadata_errors="replace",
            ) as opened,
        ):
            return _streams(opened)
    except av.FFmpegError as error:
        return Streams(problem=f"FFmpeg cannot open it: {(error.strerror or '?').lower()}")
    except Exception as error:  # noqa: BLE001  # hostile bytes meet a C library: any error is a fact
        return Streams(problem=f"it cannot be read as {container}: {type(error).__name__}")


@contextmanager
def memory_bounded(told: Path = _MEMORY_TOLD) -> Iterator[None]:
    """Let the process grow by no more than `MEMORY_BYTES_MAX` meanwhile (where the system can).

    A WAV of 16 kB whose header tells of a chunk of 4 GB makes FFmpeg allocate and fill it.
    """
    try:
        import resource  # noqa: PLC0415  # Windows has none, nor the file

        pages = int(told.read_bytes().split()[0])
    except (ImportError, OSError):
        yield
        return
    with _ONE_AT_A_TIME:
        before = resource.getrlimit(resource.RLIMIT_AS)
        most = pages * resource.getpagesize() + MEMORY_BYTES_MAX
        known = [limit for limit in before if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min([most, *known]), before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)


def _streams(opened: Any) -> Streams:
    import av  # noqa: PLC0415  # loaded by now

    cover = av.stream.Disposition.attached_pic
    video = next((s for s in opened.streams.video if not s.disposition & cover), None)
    audio = next(iter(opened.streams.audio), None)
    if video is None and audio is None:
        return Streams(problem="there is neither a picture nor a sound track in it")
    return Streams(
        duration_s=_duration_s(opened),
        width=_side(video, "width"),
        height=_side(video, "height"),
        fps=_fps(video) if video else None,
        video_codec=_codec(video),
        audio_codec=_codec(audio),
        ends_at=max((_ends_at(s) for s in (video, audio) if s is not None), default=0),
    )


def _side(video: Any, side: str) -> int | None:
    """Width or height; FFmpeg knows neither when it lacks the codec."""
    return getattr(video and video.codec_context, side, None) or None


def _codec(stream: Any) -> str | None:
    """The codec's name without that of its decoder; `unknown` for one that FFmpeg lacks."""
    if stream is None:
        return None
    context = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else "unknown"


def _duration_s(opened: Any) -> float | None:
    return None if opened.duration is None else _positive(opened.duration / 1_000_000)


def _fps(video: Any) -> float | None:
    rate: Fraction | None = video.average_rate or video.guessed_rate
    return _positive(float(rate)) if rate else None


def _positive(number: float) -> float | None:
    """Rounded to what a person reads; None for the nonsense of a broken header."""
    return round(number, 3) if 0 < number < 1e9 else None  # noqa: PLR2004  # thirty years


def _ends_at(stream: Any) -> int:
    """The end of the last packet in the file's own index (MP4, AVI); 0 where there is none."""
    entries = stream.index_entries
    return max((e.pos + e.size for e in entries), default=0) if entries else 0
