"""Is the joined film as long, large, fast and loud as was asked, whatever the clips are?"""

import threading
from pathlib import Path
from typing import Any

import av
import pytest
from av.error import FFmpegError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diagnostics.emulator.clips import Clip, drawn
from diagnostics.errors import UsageError
from diagnostics.film.join import Stopped, Wanted, join
from diagnostics.film.order import length_s
from diagnostics.media import inspect_file
from diagnostics.model import MediaFacts

SMALL = Wanted(fps=30, width=160, height=90, cross_fade_s=0.5)
USUAL = Clip(seconds=2.0, width=160, height=90)


def clip(folder: Path, number: int, of: Clip) -> Path:
    path = folder / f"scene_{number}.mp4"
    path.write_bytes(drawn(of))
    return path


def joined(folder: Path, *clips: Clip, wanted: Wanted = SMALL) -> MediaFacts:
    paths = [clip(folder, number, one) for number, one in enumerate(clips, 1)]
    join(paths, folder / "final.mp4", wanted)
    return inspect_file(folder / "final.mp4")


def plain(path: Path, colour: str) -> Path:
    """One second in one colour, without sound."""
    graph = av.filter.Graph()
    source = graph.add("color", f"c={colour}:s=64x64:r=25:d=1")
    graph.link_nodes(source, graph.add("format", "yuv420p"), graph.add("buffersink"))
    graph.configure(auto_buffer=False)
    with av.open(path, "w") as file:
        stream: Any = file.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        for _ in range(25):
            file.mux(stream.encode(graph.pull()))
        file.mux(stream.encode(None))
    return path


def brightness(film: Path) -> list[int]:
    """Of the middle of every picture: 16 is black, 235 white."""
    with av.open(film) as file:
        planes = [frame.planes[0] for frame in file.decode(video=0)]
        return [bytes(plane)[32 * plane.line_size + 32] for plane in planes]


def loudness(film: Path) -> list[float]:
    """The loudest sample of each tenth of a second."""
    tenths: dict[int, float] = {}
    with av.open(film) as file:
        for frame in file.decode(audio=0):
            samples = memoryview(bytes(frame.planes[0])).cast("f")
            at = int((frame.time or 0.0) * 10)
            tenths[at] = max(tenths.get(at, 0.0), *map(abs, samples))
    return [tenths[at] for at in sorted(tenths)]


def test_three_clips_of_five_seconds_make_a_film_of_fourteen(tmp_path: Path) -> None:
    five = [Clip(width=160, height=90, tint=n) for n in range(3)]
    film = joined(tmp_path, *five)
    assert film.duration_s == pytest.approx(14.0, abs=0.05)
    assert (film.fps, film.width, film.height, film.has_audio) == (30.0, 160, 90, True)
    with av.open(tmp_path / "final.mp4") as file:
        assert sum(1 for _ in file.decode(video=0)) == 14 * 30


def test_clips_of_other_sizes_rates_and_lengths_are_brought_to_one(tmp_path: Path) -> None:
    film = joined(
        tmp_path,
        USUAL,
        Clip(seconds=1.0, width=120, height=200, fps=15),
        Clip(seconds=3.0, width=64, height=64, fps=60),
    )
    assert film.duration_s == pytest.approx(5.0, abs=0.05)
    assert (film.fps, film.width, film.height, film.problem) == (30.0, 160, 90, None)


def test_a_clip_without_sound_is_silent_for_its_time_and_the_rest_is_heard(tmp_path: Path) -> None:
    film = joined(tmp_path, USUAL, Clip(seconds=2.0, width=160, height=90, sound=False), USUAL)
    assert film.has_audio
    heard = loudness(tmp_path / "final.mp4")
    assert min(heard[2:12]) > 0.05
    assert max(heard[22:28]) < 0.01
    assert min(heard[36:46]) > 0.05


def test_sound_that_ends_before_its_picture_keeps_the_next_clips_in_step(tmp_path: Path) -> None:
    hasty = tmp_path / "hasty.mp4"
    long = clip(tmp_path, 8, Clip(seconds=3.0, width=64, height=36))
    with av.open(long) as whole, av.open(hasty, "w") as file:
        copies = {stream: file.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            late = packet.stream.type == "audio" and (packet.pts or 0) * packet.time_base > 1
            if packet.dts is not None and not late:
                packet.stream = copies[packet.stream]
                file.mux(packet)
    join([hasty, clip(tmp_path, 2, USUAL)], tmp_path / "final.mp4", SMALL)
    heard = loudness(tmp_path / "final.mp4")
    assert min(heard[2:9]) > 0.05
    assert max(heard[12:24]) < 0.01
    assert min(heard[32:43]) > 0.05


def test_clips_without_any_sound_make_a_film_without(tmp_path: Path) -> None:
    mute = Clip(seconds=1.0, width=160, height=90, sound=False)
    assert joined(tmp_path, mute, mute).has_audio is False


def test_a_single_clip_is_a_film_too(tmp_path: Path) -> None:
    film = joined(tmp_path, USUAL)
    assert film.duration_s == pytest.approx(2.0, abs=0.05)


def test_pictures_fade_into_each_other_for_half_a_second(tmp_path: Path) -> None:
    clips = [plain(tmp_path / "a.mp4", "black"), plain(tmp_path / "b.mp4", "white")]
    join(clips, tmp_path / "final.mp4", Wanted(fps=30, width=64, height=64, cross_fade_s=0.5))
    seen = brightness(tmp_path / "final.mp4")
    assert len(seen) == 45
    assert max(seen[:14]) < 24
    assert min(seen[31:]) > 225
    assert seen[14:31] == sorted(seen[14:31])
    assert 100 < seen[22] < 155, "half-way it is half of each"


def test_a_clip_shorter_than_the_fade_is_faded_over_half_of_it(tmp_path: Path) -> None:
    film = joined(tmp_path, USUAL, Clip(seconds=0.4, width=160, height=90), USUAL)
    assert film.duration_s == pytest.approx(4.0, abs=0.1)


def test_a_picture_keeps_its_shape_between_bars(tmp_path: Path) -> None:
    clips = [plain(tmp_path / "a.mp4", "white")]
    join(clips, tmp_path / "final.mp4", Wanted(fps=25, width=256, height=64, cross_fade_s=0.5))
    with av.open(tmp_path / "final.mp4") as file:
        plane = next(file.decode(video=0)).planes[0]
    row = bytes(plane)[32 * plane.line_size :][:256]
    assert max(row[:90]) < 30
    assert min(row[100:156]) > 225
    assert max(row[166:]) < 30


@pytest.mark.parametrize("data", [b"", b"<html>expired</html>", b"\0" * 1000, drawn(USUAL)[:800]])
def test_what_is_no_clip_is_named(data: bytes, tmp_path: Path) -> None:
    good, bad = clip(tmp_path, 1, USUAL), tmp_path / "scene_2.mp4"
    bad.write_bytes(data)
    with pytest.raises(UsageError, match=r"scene_2\.mp4 cannot be joined"):
        join([good, bad], tmp_path / "final.mp4", SMALL)


def test_a_file_of_sound_alone_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "scene_1.mp4"
    with av.open(path, "w") as file:
        stream: Any = file.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(bytes(4096))
        frame.sample_rate = 44_100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(UsageError, match="no picture"):
        join([path], tmp_path / "final.mp4", SMALL)


def test_a_join_that_is_told_to_stop_stops(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        join([clip(tmp_path, 1, USUAL)], tmp_path / "final.mp4", SMALL, stopped=stop.is_set)


WHOLE = drawn(Clip(seconds=0.4, width=64, height=36))


@settings(max_examples=40)
@example(at=54, put=b"\0" * 10 + b"\x01\x88")  # the decoder has no name for what this is
@given(at=st.integers(0, len(WHOLE) - 1), put=st.binary(min_size=1, max_size=60))
def test_broken_bytes_end_in_an_error_of_a_known_kind(
    at: int, put: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    bad = folder / "scene_1.mp4"
    bad.write_bytes(WHOLE[:at] + put + WHOLE[at + len(put) :])
    wanted = Wanted(fps=24, width=64, height=36, cross_fade_s=0.1)
    try:
        join([bad], folder / "final.mp4", wanted)
    except (UsageError, OSError, FFmpegError, ValueError):
        return
    assert (folder / "final.mp4").stat().st_size > 0


@given(count=st.integers(1, 20), seconds=st.floats(0.5, 60.0))
def test_lengths_add_up_less_the_overlaps(count: int, seconds: float) -> None:
    assert length_s((seconds,) * count, 0.5) == pytest.approx(count * seconds - 0.5 * (count - 1))
