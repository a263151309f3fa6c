"""Are the emulator's media files real, small, and can they be made again?

Run as a script, this module draws them anew: `python -m tests.test_samples`.
"""

import math
from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import pytest
from av.container import OutputContainer
from PIL import Image, ImageDraw

from diagnostics.emulator.samples import CONTENT_TYPES, FOLDER, NAMES, sample
from diagnostics.inspection.names import misnamed, mistyped
from diagnostics.media import inspect

RATE_HZ = 8000
"""Enough for a voice, and small."""
SPEECH_S = 1.0
FPS = 25


# --- how they are made ------------------------------------------------------------------------


def face() -> Image.Image:
    image = Image.new("RGB", (512, 512), (188, 205, 222))
    draw = ImageDraw.Draw(image)
    draw.rectangle((96, 430, 416, 512), fill=(60, 80, 120))
    draw.ellipse((136, 84, 376, 444), fill=(226, 184, 150), outline=(120, 84, 60), width=4)
    draw.chord((130, 60, 382, 300), 180, 360, fill=(70, 48, 36))
    for left in (186, 286):
        draw.ellipse((left, 226, left + 44, 254), fill="white", outline=(60, 40, 30), width=2)
        draw.ellipse((left + 14, 230, left + 32, 250), fill=(50, 90, 60))
    draw.polygon([(256, 250), (236, 320), (276, 320)], fill=(206, 156, 124))
    draw.chord((206, 340, 306, 396), 0, 180, fill=(170, 60, 66))
    return image


def picture(kind: str) -> bytes:
    made = BytesIO()
    face().save(made, kind, quality=65, optimize=True)
    return made.getvalue()


def voice() -> "array[int]":
    """Vowel-like sound: a gliding pitch with four harmonics, in syllables of 0.2 s."""
    wave = array("h")
    phase = 0.0
    for n in range(int(RATE_HZ * SPEECH_S)):
        at_s = n / RATE_HZ
        phase += 2 * math.pi * (140 + 25 * math.sin(2 * math.pi * 0.7 * at_s)) / RATE_HZ
        tone = sum(math.sin(phase * k) / k for k in (1, 2, 3, 5))
        wave.append(int(7000 * tone * max(0.0, math.sin(math.pi * (at_s % 0.2) / 0.2))))
    return wave


def singer(container: OutputContainer, codec: str, rate_hz: int) -> Any:
    stream: Any = container.add_stream(codec, rate=rate_hz, layout="mono")
    if codec != "pcm_s16le":
        stream.bit_rate = 32_000
    return stream


def sing(container: OutputContainer, stream: Any) -> None:
    wave = voice()
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(wave))
    frame.planes[0].update(wave.tobytes())
    frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), 0
    context = stream.codec_context
    resampler = av.AudioResampler(
        context.format, "mono", context.sample_rate, context.frame_size or None
    )
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def play(container: OutputContainer, stream: Any) -> None:
    small = face().resize((180, 180))
    for n in range(int(FPS * SPEECH_S)):
        canvas = Image.new("RGB", (320, 180), (30, 40, 60))
        canvas.paste(small, (70 + int(20 * math.sin(n / 6)), 0))
        frame = av.VideoFrame(320, 180, "rgb24")
        frame.planes[0].update(canvas.tobytes())
        frame.pts, frame.time_base = n, Fraction(1, FPS)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def sound(kind: str, codec: str, rate_hz: int) -> bytes:
    made = BytesIO()
    with av.open(made, "w", format=kind) as container:
        sing(container, singer(container, codec, rate_hz))
    return made.getvalue()


def clip(*, silent: bool) -> bytes:
    with TemporaryDirectory() as folder:  # FFmpeg moves the index to the front in a file only
        made = Path(folder, "clip.mp4")
        with av.open(made, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            film: Any = container.add_stream("libx264", rate=FPS, options={"crf": "32"})
            film.width, film.height, film.pix_fmt = 320, 180, "yuv420p"
            voice_over = None if silent else singer(container, "aac", 16_000)
            play(container, film)
            if voice_over:
                sing(container, voice_over)
        return made.read_bytes()


MAKERS: dict[str, Callable[[], bytes]] = {
    "face.jpg": lambda: picture("JPEG"),
    "face.png": lambda: picture("PNG"),
    "face.webp": lambda: picture("WEBP"),
    "speech.mp3": lambda: sound("mp3", "libmp3lame", 16_000),
    "speech.wav": lambda: sound("wav", "pcm_s16le", RATE_HZ),
    "speech.m4a": lambda: sound("ipod", "aac", 16_000),
    "clip.mp4": lambda: clip(silent=False),
    "silent.mp4": lambda: clip(silent=True),
}

# --- what is true of them ---------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_what_its_name_and_content_type_say(name: str) -> None:
    facts = inspect(sample(name))
    assert facts.problem is None
    assert not misnamed(name.rpartition(".")[2], facts)
    assert not mistyped(CONTENT_TYPES[name], facts)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_made_anew_has_the_facts_of_the_one_that_ships(name: str) -> None:
    made, shipped = inspect(MAKERS[name]()), inspect(sample(name))
    assert replace(made, sha256="", size_bytes=0) == replace(shipped, sha256="", size_bytes=0)


def test_every_sample_has_a_maker_and_a_content_type_and_nothing_else_ships() -> None:
    assert set(MAKERS) == set(CONTENT_TYPES) == {path.name for path in FOLDER.iterdir()}


def test_the_samples_are_small_enough_to_live_in_the_tree() -> None:
    sizes = {name: len(sample(name)) for name in NAMES}
    assert max(sizes.values()) <= 30_000
    assert sum(sizes.values()) <= 60_000


def test_only_the_silent_clip_has_no_sound() -> None:
    assert inspect(sample("silent.mp4")).has_audio is False
    assert inspect(sample("clip.mp4")).has_audio is True


def test_a_name_that_climbs_out_of_the_folder_is_no_sample() -> None:
    with pytest.raises(KeyError):
        sample("../samples.py")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for wanted, make in MAKERS.items():
        (FOLDER / wanted).write_bytes(make())
