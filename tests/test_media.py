"""Are files told by their content, whatever they are called, and do hostile bytes stay harmless?"""

import os
import struct
import subprocess
import sys
import time
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from diagnostics.emulator.samples import NAMES, sample
from diagnostics.errors import UsageError
from diagnostics.inspection.probe import MEMORY_BYTES_MAX, memory_bounded, probe
from diagnostics.inspection.sniff import sniff
from diagnostics.media import inspect, inspect_file
from tests.test_samples import sound


def film(kind: str, codec: str, *, frames: int = 5, fps: int = 10) -> bytes:
    made = BytesIO()
    with av.open(made, "w", format=kind) as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
    return made.getvalue()


def drawn(kind: str, **options: Any) -> bytes:
    made = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(made, kind, **options)
    return made.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


# --- what is told -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "html"),
        (b"\xef\xbb\xbf\n <html lang=ru>", "html"),
        (b"<!-- cache --><head><title>Sign in</title>", "html"),
        ("<html><body>страница</body></html>".encode("cp1251"), "html"),
        ("<html>страница".encode("utf-16"), "html"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "xml"),
        (b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b"<svg viewBox='0 0 1 1'/>", "svg"),
        (b'{"code":1015,"msg":"create video error"}', "json"),
        (b'{"code":1015,', "text"),
        (b"[" * 100_000, "text"),
        (b"%PDF-1.7\n", "pdf"),
        (b"hello", "text"),
        ("привет".encode(), "text"),
        ("привет".encode() * 1000, "text"),
        (b"!" + "привет".encode() * 1000, "text"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/secret.ts\n", "m3u8"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", "srt"),
        (b"[Script Info]\nTitle: x\n", "ass"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "heic"),
        (b"PK\x03\x04\x14\0\0\0word/document.xml", "docx"),
        (b"PK\x03\x04\x14\0\0\0", "zip"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"II*\0\x08\0\0\0", "tiff"),
        (b"\0\1\2\3\4\5\6\7", "unknown"),
        (b"\xff\xfe\xfd", "unknown"),
    ],
)
def test_bytes_are_named_by_what_they_are(data: bytes, container: str) -> None:
    assert inspect(data).container == container


@pytest.mark.parametrize(
    ("kind", "container"),
    [("BMP", "bmp"), ("GIF", "gif"), ("AVIF", "avif"), ("JPEG", "jpeg")],
)
def test_a_picture_gives_its_width_and_height(kind: str, container: str) -> None:
    facts = inspect(drawn(kind))
    assert (facts.container, facts.width, facts.height) == (container, 40, 30)
    assert (facts.problem, facts.animated, facts.has_audio) == (None, False, None)


def test_a_moving_picture_is_told_from_a_still_one() -> None:
    more = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    assert inspect(drawn("GIF", save_all=True, append_images=more)).animated is True
    assert inspect(drawn("WEBP", save_all=True, append_images=more)).animated is True


@pytest.mark.parametrize(
    ("kind", "codec", "container", "seen"),
    [
        ("mov", "mpeg4", "mov", "mpeg4"),
        ("avi", "mpeg4", "avi", "mpeg4"),
        ("matroska", "libx264", "mkv", "h264"),
        ("webm", "libvpx", "webm", "vp8"),
        ("flv", "flv1", "flv", "flv1"),
        ("mpegts", "mpeg2video", "mpegts", "mpeg2video"),
    ],
)
def test_a_film_gives_its_codec_size_and_silence(
    kind: str, codec: str, container: str, seen: str
) -> None:
    codec = {"flv1": "flv"}.get(codec, codec)
    facts = inspect(film(kind, codec, fps=25))
    assert (facts.container, facts.video_codec, facts.problem) == (container, seen, None)
    assert (facts.width, facts.height, facts.has_audio) == (64, 48, False)


def test_a_film_gives_its_duration_and_frame_rate() -> None:
    facts = inspect(film("mov", "mpeg4", frames=20, fps=10))
    assert (facts.duration_s, facts.fps) == (2.0, 10.0)


@pytest.mark.parametrize(
    ("kind", "codec", "rate_hz", "container", "seen"),
    [
        ("flac", "flac", 16_000, "flac", "flac"),
        ("ogg", "libopus", 16_000, "ogg", "opus"),
        ("adts", "aac", 16_000, "aac", "aac"),
        ("aiff", "pcm_s16be", 16_000, "aiff", "pcm_s16be"),
    ],
)
def test_a_sound_gives_its_codec_and_duration(
    kind: str, codec: str, rate_hz: int, container: str, seen: str
) -> None:
    facts = inspect(sound(kind, codec, rate_hz))
    assert (facts.container, facts.audio_codec, facts.has_audio) == (container, seen, True)
    assert facts.video_codec is None
    assert facts.duration_s == pytest.approx(1.0, abs=0.2)


def test_an_mp4_without_a_picture_is_an_m4a() -> None:
    assert inspect(sound("mp4", "aac", 16_000)).container == "m4a"


def test_a_sound_file_with_a_cover_is_no_film() -> None:
    tag = b"APIC\0\0\0\x00\0\0" + b"\0image/png\0\3\0" + drawn("PNG")
    tag = tag[:4] + struct.pack(">I", len(tag) - 10) + tag[8:]
    size = bytes((len(tag) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    facts = inspect(b"ID3\x03\0\0" + size + tag + sample("speech.mp3"))
    assert (facts.container, facts.video_codec, facts.width) == ("mp3", None, None)
    assert facts.audio_codec == "mp3"


# --- what is wrong with them ------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name != "speech.mp3"])
def test_a_file_that_ends_early_is_told(name: str) -> None:
    data = sample(name)
    facts = inspect(data[: len(data) * 2 // 3])
    assert facts.problem is not None
    assert "ends early" in facts.problem


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_which_only_the_start_was_read_is_not_called_damaged(name: str) -> None:
    data = sample(name)
    facts = inspect(data[: len(data) * 2 // 3], complete=False)
    assert facts.problem in {None, "only its first part was read"}
    assert facts.complete is False
    assert facts.sha256 == ""


def test_a_jpeg_with_a_trailer_after_its_end_is_whole() -> None:
    assert inspect(sample("face.jpg") + b"\0" * 500).problem is None


def test_a_png_that_lacks_only_its_end_mark_is_readable_and_so_not_damaged() -> None:
    assert inspect(sample("face.png")[:-12]).problem is None


def test_a_film_without_any_track_says_so() -> None:
    facts = inspect(sample("silent.mp4").replace(b"trak", b"free"))
    assert facts.problem == "there is neither a picture nor a sound track in it"
    assert facts.has_audio is None


class Disk(BytesIO):
    """A file that fails under the reader's hands."""

    def read(self, _size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")

    def seek(self, _offset: int, _whence: int = 0) -> int:
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_while_ffmpeg_reads_is_a_fact_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert "cannot open" in (probe(Disk(), "mp4").problem or "")
    assert capfd.readouterr() == ("", "")


def test_a_container_that_ffmpeg_was_never_told_of_is_a_fact_too() -> None:
    assert probe(BytesIO(), "nonsense").problem == "it cannot be read as nonsense: KeyError"


def test_where_the_system_cannot_tell_its_memory_files_are_read_all_the_same() -> None:
    with memory_bounded(Path("/no/such/file")):
        assert inspect(b"hello").container == "text"


def test_what_is_remembered_is_bounded_and_stays_right() -> None:
    for n in range(600):
        assert inspect(b"%d" % n).size_bytes == len(str(n))
    assert inspect(sample("face.png")).container == "png"


def test_bytes_of_no_known_kind_say_so() -> None:
    facts = inspect(bytes(range(256)))
    assert (facts.container, facts.problem) == (
        "unknown",
        "the bytes are of no kind that is known here",
    )


def test_a_decompression_bomb_is_measured_and_never_unpacked() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        facts = inspect(png_header(60_000, 60_000))
    assert (facts.width, facts.height) == (60_000, 60_000)
    assert "pixels" in (facts.problem or "")
    assert caught == []


_MEMORY_TOLD = """
import re, sys
from pathlib import Path
from diagnostics.media import inspect
inspect(sys.stdin.buffer.read())
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""
"""The peak of this program alone: `ru_maxrss` starts at the peak of whoever started it."""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is Linux's")
def test_a_wav_that_claims_huge_chunks_is_refused_the_memory() -> None:
    data = bytearray(sample("speech.wav"))
    for name, size in ((b"LIST", b"\0\0\0\x7f"), (b"data", b"\0\0\0\x60")):
        at = data.index(name) + 4
        data[at : at + 4] = size
    told = subprocess.run(
        [sys.executable, "-c", _MEMORY_TOLD], input=data, capture_output=True, check=True
    )
    assert int(told.stdout) < MEMORY_BYTES_MAX + 150 * 2**20


def test_the_memory_limit_is_lifted_again() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    inspect(sample("clip.mp4") + b"another file, so that nothing is remembered")
    inspect(sample("speech.wav")[:60])
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_playlist_inside_an_mp4_name_opens_no_other_file(tmp_path: Path) -> None:
    bait = tmp_path / "bait.mp4"
    bait.write_bytes(sample("clip.mp4"))
    for start in (b"ffconcat version 1.0\nfile '%b'\n", b"#EXTM3U\n#EXTINF:1,\n%b\n"):
        facts = inspect(start % str(bait).encode())
        assert facts.video_codec is None
        assert facts.container in {"text", "m3u8"}


# --- files ------------------------------------------------------------------------------------


def test_a_file_on_disk_gives_the_facts_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "wrongly-named.png"
    path.write_bytes(sample("speech.mp3"))
    assert inspect_file(path) == inspect(sample("speech.mp3"))


def test_of_a_large_file_the_size_is_whole_and_only_the_start_is_held(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(sample("clip.mp4"))
    with path.open("r+b") as stream:
        stream.truncate(300_000_000)  # a sparse file: no disk is used
    facts = inspect_file(path)
    assert (facts.size_bytes, facts.complete, facts.problem) == (300_000_000, False, None)
    assert (facts.video_codec, facts.width) == ("h264", 320)


@pytest.mark.parametrize("name", ["missing.mp4", "a\0b", ".", "no/such/folder.mp4"])
def test_what_is_no_readable_file_is_a_usage_error_with_its_place(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError) as caught:
        inspect_file(tmp_path / name)
    assert caught.value.place == str(tmp_path / name)
    assert caught.value.hint


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UsageError, match="not a file"):
        inspect_file(tmp_path / "pipe.mp4")


# --- any bytes at all -------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2048), st.booleans())
def test_no_bytes_make_inspect_raise(data: bytes, complete: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
    facts = inspect(data, complete=complete)
    assert facts.size_bytes == len(data)
    assert facts.container


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=12),
    st.integers(0, 30_000),
    st.booleans(),
)
def test_no_damage_to_a_real_file_makes_inspect_raise_or_hang(
    name: str,
    damage: list[tuple[int, int]],
    length: int,
    complete: bool,  # noqa: FBT001  # drawn by hypothesis
) -> None:
    data = bytearray(sample(name)[: max(length, 8)])
    for place, value in damage:
        data[place % len(data)] = value
    started_s = time.monotonic()
    inspect(bytes(data), complete=complete)
    assert time.monotonic() - started_s < 6


@given(st.binary(max_size=300))
def test_every_container_that_is_sniffed_has_a_lower_case_name(data: bytes) -> None:
    assert sniff(data) == sniff(data).lower()
    assert sniff(data).isalnum()
