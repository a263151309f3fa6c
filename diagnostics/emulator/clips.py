"""What does a made clip look like? A short real video of the asked length and shape, with sound.

Each in colours and a pitch of its own, so that the scenes of a film can be told apart. Drawn by
FFmpeg's own sources in some ten milliseconds a second of film, once a process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from typing import Any

from diagnostics.model import Json

SECONDS_MAX = 20.0
_SHAPES = {"16:9": (640, 360), "9:16": (360, 640), "1:1": (480, 480)}
_COLOURS = (
    ("0x1b3a6b", "0xf2a65a"), ("0x0b5d3b", "0xf4e285"), ("0x5b1a5e", "0xf28f9b"),
    ("0x7a1f1f", "0x9ad1f5"), ("0x124e66", "0xd9d9d9"), ("0x4a3b00", "0xb8f2c0"),
)  # fmt: skip
_RATE_HZ = 44_100


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What is to be seen and heard. `tint` chooses colours and pitch."""

    seconds: float = 5.0
    width: int = 640
    height: int = 360
    fps: int = 24
    sound: bool = True
    tint: int = 0


def wanted(body: Json, tint: int, bent: Mapping[str, Json]) -> Clip:
    """The clip that a create asks for; `bent` is how a fault plan wants it instead."""
    inner = body.get("input", body) if isinstance(body, dict) else {}
    given = inner if isinstance(inner, dict) else {}
    seconds, shape = given.get("duration"), given.get("aspect_ratio")
    width, height = _SHAPES.get(shape if isinstance(shape, str) else "", _SHAPES["16:9"])
    long = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 5.0
    told = {"seconds": min(long, SECONDS_MAX), "width": width, "height": height}
    return Clip(**{**told, "tint": tint % len(_COLOURS), **bent})


@lru_cache(maxsize=64)
def drawn(clip: Clip) -> bytes:
    """The file."""
    import av  # noqa: PLC0415  # heavy, and only when somebody downloads

    made = BytesIO()
    made.name = "clip.mp4"
    with av.open(made, "w", format="mp4") as file:
        streams: list[tuple[Any, Any]] = [(_picture(file, clip), _seen(clip))]
        if clip.sound:
            streams.append((file.add_stream("aac", rate=_RATE_HZ, layout="stereo"), _heard(clip)))
        for stream, frames in streams:
            for frame in frames:
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    return made.getvalue()


def _picture(file: Any, clip: Clip) -> Any:
    options = {"preset": "ultrafast", "crf": "30"}
    stream = file.add_stream("libx264", rate=clip.fps, options=options)
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, clip.fps)
    return stream


def _seen(clip: Clip) -> Any:
    """A slow gradient, and as many marks as the scene's number."""
    low, high = _COLOURS[clip.tint]
    size, length = f"{clip.width}x{clip.height}", f"{clip.seconds:g}"
    source = f"s={size}:r={clip.fps}:d={length}:c0={low}:c1={high}:n=2:speed=0.02:seed={clip.tint}"
    spots = (f"x=iw*{0.05 + 0.08 * n:.2f}:y=ih*0.85" for n in range(clip.tint + 1))
    marks = [("drawbox", f"{spot}:w=iw*0.05:h=ih*0.08:color=white@0.8:t=fill") for spot in spots]
    return _frames(("gradients", source), *marks, ("format", "yuv420p"))


def _heard(clip: Clip) -> Any:
    pitch = 220 * (clip.tint + 2)
    source = f"frequency={pitch}:sample_rate={_RATE_HZ}:duration={clip.seconds:g}"
    stereo = f"sample_fmts=fltp:channel_layouts=stereo:sample_rates={_RATE_HZ}"
    return _frames(
        ("sine", source), ("volume", "2"), ("aformat", stereo), ("asetnsamples", "1024:p=0")
    )


def _frames(*steps: tuple[str, str]) -> Any:
    """The frames of a chain of filters that begins with a source."""
    from av.error import EOFError as AtEnd  # noqa: PLC0415  # see `drawn`
    from av.filter import Graph  # noqa: PLC0415  # see `drawn`

    graph = Graph()
    sound = steps[0][0] == "sine"
    nodes = [graph.add(name, options) for name, options in steps]
    graph.link_nodes(*nodes, graph.add("abuffersink" if sound else "buffersink"))
    graph.configure(auto_buffer=False)
    while True:
        try:
            yield graph.pull()
        except AtEnd:
            return
