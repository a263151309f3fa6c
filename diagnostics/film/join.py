"""How do clips become one film? Cross-faded in picture and sound by FFmpeg's own filters, in here.

Every clip is brought to one size, frame rate and sound first; one without sound is silent for its
time. Clips are decoded one after the other, and what the filters hold is the overlap only.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext

from diagnostics.errors import UsageError
from diagnostics.film.order import length_s

RATE_HZ = 48_000
SECONDS_MAX = 3600.0
SIDE_MAX = 8192
PRESET = "veryfast"
"""Of the encoder: a preview, no master copy."""
CRF = "21"


class Stopped(Exception):  # noqa: N818  # no error: the caller asked for it
    """The join was told to end before its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the film must be."""

    fps: int
    width: int
    height: int
    cross_fade_s: float


@dataclass(slots=True, kw_only=True)
class _Clip:
    """One open clip, and where its frames enter the graph."""

    name: str
    container: Any
    video: Any
    audio: Any
    seconds: float
    into_video: FilterContext | None = None
    into_audio: FilterContext | None = None


def join(
    clips: list[Path], to: Path, wanted: Wanted, *, stopped: Callable[[], bool] = lambda: False
) -> None:
    """Write the film. `OSError` and `FFmpegError` come as they are; `UsageError` names a clip."""
    with ExitStack() as opened:
        known = [_opened(path, opened) for path in clips]
        graph = Graph()
        overlap_s = min([wanted.cross_fade_s, *(clip.seconds / 2 for clip in known)])
        video = _pictures(graph, known, wanted, overlap_s)
        audio = _sounds(graph, known, overlap_s) if any(clip.audio for clip in known) else None
        graph.configure(auto_buffer=False)
        with av.open(to, "w", format="mp4", options={"movflags": "+faststart"}) as film:
            sinks = [_Sink.video(film, video, wanted)]
            sinks += [_Sink.audio(film, audio)] if audio else []
            for clip in known:
                _feed(clip, sinks, stopped)
            for sink in sinks:
                sink.end()


def _opened(path: Path, opened: ExitStack) -> _Clip:
    try:
        container: Any = opened.enter_context(av.open(path, metadata_errors="replace"))
    except FFmpegError as error:
        raise _unfit(path, str(error.strerror)) from error
    if not container.streams.video:
        raise _unfit(path, "it has no picture")
    video = container.streams.video[0]
    video.thread_type = "AUTO"
    audio = container.streams.audio[0] if container.streams.audio else None
    if not getattr(video.codec_context, "pix_fmt", None):
        raise _unfit(path, "nothing decodes its picture")
    heard = audio.codec_context if audio is not None else None
    if audio is not None and not (heard and heard.sample_rate and heard.channels):
        raise _unfit(path, "nothing decodes its sound")
    seconds = _seconds(container, video)
    size = video.codec_context.width, video.codec_context.height
    if not 0 < seconds <= SECONDS_MAX or not all(0 < side <= SIDE_MAX for side in size):
        raise _unfit(path, f"{size[0]}×{size[1]}, {seconds:g} s")
    return _Clip(name=path.name, container=container, video=video, audio=audio, seconds=seconds)


def _unfit(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path.name} cannot be joined: {why}", place=str(path), hint="download it again"
    )


def _seconds(container: Any, video: Any) -> float:
    """How long its picture is; the container may be longer by a frame of sound."""
    if video.duration is not None and video.time_base is not None:
        return float(video.duration * video.time_base)
    return float(container.duration or 0) / 1_000_000


# --- the graph --------------------------------------------------------------------------------


def _chain(graph: Graph, start: FilterContext | None, *steps: tuple[str, str]) -> FilterContext:
    """Filters one after the other; gives the last."""
    last = start
    for name, options in steps:
        made = graph.add(name, options or None)
        if last is not None:
            last.link_to(made)
        last = made
    assert last is not None  # noqa: S101  # a chain has steps
    return last


def _pictures(graph: Graph, clips: list[_Clip], wanted: Wanted, overlap_s: float) -> FilterContext:
    ends: list[FilterContext] = []
    for clip in clips:
        clip.into_video = graph.add_buffer(template=clip.video)
        ends.append(_chain(graph, clip.into_video, *_fitted(clip, wanted)))
    last, passed_s = ends[0], clips[0].seconds
    for end, clip in zip(ends[1:], clips[1:], strict=True):
        offset_s = max(0.0, passed_s - overlap_s)
        faded = graph.add("xfade", f"transition=fade:duration={overlap_s}:offset={offset_s:.6f}")
        last.link_to(faded, 0, 0)
        end.link_to(faded, 0, 1)
        last, passed_s = faded, passed_s + clip.seconds - overlap_s
    return _chain(graph, last, ("format", "yuv420p"), ("buffersink", ""))


def _fitted(clip: _Clip, wanted: Wanted) -> Iterator[tuple[str, str]]:
    """To the film's size without distortion, to its rate, and exactly as long as was counted."""
    size = clip.video.codec_context.width, clip.video.codec_context.height
    if size != (wanted.width, wanted.height):
        box = f"{wanted.width}:{wanted.height}"
        yield "scale", f"{box}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        yield "pad", f"{box}:(ow-iw)/2:(oh-ih)/2"
    yield "setsar", "1"
    yield "setpts", "PTS-STARTPTS"
    yield "fps", str(wanted.fps)
    yield "tpad", "stop_mode=clone:stop_duration=1"
    yield "trim", f"duration={clip.seconds:.6f}"
    yield "format", "yuv420p"
    yield "settb", f"1/{wanted.fps}"


def _sounds(graph: Graph, clips: list[_Clip], overlap_s: float) -> FilterContext:
    ends = [_heard(graph, clip) for clip in clips]
    last = ends[0]
    for end in ends[1:]:
        faded = graph.add("acrossfade", f"d={overlap_s}:c1=tri:c2=tri")
        last.link_to(faded, 0, 0)
        end.link_to(faded, 0, 1)
        last = faded
    total_s = length_s(tuple(clip.seconds for clip in clips), overlap_s)
    return _chain(graph, last, ("atrim", f"duration={total_s:.6f}"), ("abuffersink", ""))


def _heard(graph: Graph, clip: _Clip) -> FilterContext:
    """A clip's sound, exactly as long as its picture."""
    alike = ("aformat", f"sample_fmts=fltp:sample_rates={RATE_HZ}:channel_layouts=stereo")
    trimmed = ("atrim", f"duration={clip.seconds:.6f}")
    if clip.audio is None:
        return _chain(graph, None, ("anullsrc", f"r={RATE_HZ}:cl=stereo"), alike, trimmed)
    clip.into_audio = graph.add_abuffer(template=clip.audio)
    padded = ("apad", f"whole_dur={clip.seconds:.6f}")
    steps = ("aresample", str(RATE_HZ)), alike, ("asetpts", "PTS-STARTPTS"), padded
    return _chain(graph, clip.into_audio, *steps, trimmed)


# --- the flow ---------------------------------------------------------------------------------


class _Sink:
    """Where frames leave the graph, and the stream they are encoded into."""

    def __init__(self, film: Any, sink: FilterContext, stream: Any) -> None:
        self._film, self._sink, self._stream = film, sink, stream
        self._forgets = stream.type == "video"

    @classmethod
    def video(cls, film: Any, sink: FilterContext, wanted: Wanted) -> "_Sink":
        options = {"preset": PRESET, "crf": CRF}
        stream = film.add_stream("libx264", rate=wanted.fps, options=options)
        stream.width, stream.height, stream.pix_fmt = wanted.width, wanted.height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, wanted.fps)
        stream.thread_type = "AUTO"
        return cls(film, sink, stream)

    @classmethod
    def audio(cls, film: Any, sink: FilterContext) -> "_Sink":
        stream = film.add_stream("aac", rate=RATE_HZ, layout="stereo")
        sink.graph.set_audio_frame_size(stream.codec_context.frame_size or 1024)
        return cls(film, sink, stream)

    def drain(self) -> None:
        """Encode whatever the graph has ready."""
        with suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                frame: Any = self._sink.pull()
                if self._forgets:
                    frame.pict_type = 0  # the clip's own choice of key frames is not ours
                self._film.mux(self._stream.encode(frame))

    def end(self) -> None:
        """The graph has nothing more: empty it and the encoder."""
        self.drain()
        self._film.mux(self._stream.encode(None))


def _feed(clip: _Clip, sinks: list[_Sink], stopped: Callable[[], bool]) -> None:
    """Decode one clip into the graph, as far as it is as long as it says."""
    streams = [stream for stream in (clip.video, clip.audio) if stream is not None]
    for packet in clip.container.demux(streams):
        if stopped():
            raise Stopped
        into = clip.into_video if packet.stream is clip.video else clip.into_audio
        for frame in _decoded(packet):
            if into is not None and (frame.time or 0.0) <= clip.seconds + 1.0:
                into.push(frame)
        for sink in sinks:
            sink.drain()
    for into in (clip.into_video, clip.into_audio):
        if into is not None:
            into.push(None)
    for sink in sinks:
        sink.drain()


def _decoded(packet: Any) -> Iterator[Any]:
    """Frames of a packet; a broken one in the middle costs its own picture and no more."""
    try:
        yield from packet.decode()
    except FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
