"""Does a picture lose its metadata and nothing else?"""

import base64
import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from diagnostics.redact import Gate
from diagnostics.redaction.files import clean_text
from diagnostics.redaction.pictures import RULES, clean_picture, strip

NAME = b"Inv3nted Photographer"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><creator>' + NAME + b"</creator></x:xmpmeta>"


def photo() -> Image.Image:
    """Colours that no compression could leave alike by chance."""
    made = Image.new("RGB", (48, 32))
    made.putdata([(x * 5 % 256, y * 7 % 256, (x * y) % 256) for y in range(32) for x in range(48)])
    return made


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x0112], made[0x013B], made[0x010F] = orientation, NAME.decode(), "Invented Camera"
    gps = made.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (55.0, 45.0, 7.0), "E", (37.0, 37.0, 2.0)
    return made.tobytes()


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()


def jpeg(orientation: int = 1, **options: Any) -> bytes:
    facts = {"exif": exif(orientation), "xmp": XMP, "comment": NAME, "icc_profile": profile()}
    return save(photo(), "JPEG", **facts, **options)


def png() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", NAME.decode())
    notes.add_text("Comment", NAME.decode(), zip=True)
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return save(photo(), "PNG", pnginfo=notes, exif=exif(6), icc_profile=profile(), dpi=(72, 72))


def webp() -> bytes:
    return save(photo(), "WEBP", lossless=True, exif=exif(6), xmp=XMP, icc_profile=profile())


def gif(frames: int = 1) -> bytes:
    others = [photo().rotate(90 * n).convert("P") for n in range(1, frames)]
    options: dict[str, Any] = {"save_all": True, "append_images": others} if others else {}
    return save(photo().convert("P"), "GIF", comment=NAME, loop=0, **options)


def animated_webp() -> bytes:
    others = [photo().rotate(90)]
    return save(photo(), "WEBP", save_all=True, append_images=others, lossless=True, exif=exif())


def frames(data: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    with Image.open(io.BytesIO(data)) as image:
        shown = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            shown.append((image.mode, image.size, image.tobytes()))
        return shown


SAMPLES: dict[str, Callable[[], bytes]] = {
    "jpeg": jpeg,
    "progressive": lambda: jpeg(progressive=True),
    "restarts": lambda: jpeg(restart_marker_rows=1),
    "png": png,
    "webp": webp,
    "gif": gif,
    "animated gif": lambda: gif(3),
    "animated webp": animated_webp,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_metadata_goes_and_every_pixel_stays(name: str) -> None:
    data = SAMPLES[name]()
    cleaned = clean_picture(data)
    assert cleaned is not None
    assert cleaned != data
    assert NAME not in cleaned
    assert b"Invented" not in cleaned
    assert frames(cleaned) == frames(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_rule_that_counts_is_listed(name: str) -> None:
    stripped = strip(SAMPLES[name]() + b"trailer")
    assert stripped is not None
    assert stripped.removed
    assert set(stripped.removed) <= set(RULES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_clean_picture_stays_as_it_is(name: str) -> None:
    cleaned = clean_picture(SAMPLES[name]())
    assert cleaned is not None
    again = strip(cleaned)
    assert again is not None
    assert again.data is cleaned
    assert not again.removed


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
def test_the_colour_profile_stays(name: str) -> None:
    cleaned = clean_picture(SAMPLES[name]())
    assert cleaned is not None
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.info["icc_profile"] == profile()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_of_exif_only_the_orientation_stays(kind: str) -> None:
    cleaned = clean_picture(save(photo(), kind, exif=exif(6)))
    assert cleaned is not None
    with Image.open(io.BytesIO(cleaned)) as image:
        assert dict(image.getexif()) == {0x0112: 6}
        assert not image.getexif().get_ifd(0x8825)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_is_not_turned_keeps_no_exif_at_all(kind: str) -> None:
    cleaned = clean_picture(save(photo(), kind, exif=exif(1)))
    assert cleaned is not None
    with Image.open(io.BytesIO(cleaned)) as image:
        assert not image.getexif()


def test_what_went_is_told_by_rule() -> None:
    stripped = strip(jpeg())
    assert stripped is not None
    told = {"picture-exif", "picture-gps", "picture-xmp", "picture-comment"}
    assert set(stripped.removed) == told
    stripped = strip(png())
    assert stripped is not None
    assert set(stripped.removed) == {"picture-exif", "picture-gps", "picture-xmp", "picture-text"}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_follows_the_end_of_a_picture_goes(name: str) -> None:
    data = SAMPLES[name]()
    stripped = strip(data + b"\0\0\0\x18ftypmp42" + NAME)
    assert stripped is not None
    assert NAME not in stripped.data
    assert stripped.data == clean_picture(data)
    assert stripped.removed["picture-trailer"] == 1


def test_thumbnails_of_all_kinds_go() -> None:
    plain = save(photo(), "JPEG")
    small = b"\xff\xe0" + struct.pack(">H", 16 + 3 * 4) + plain[6:18] + b"\x02\x02" + b"\x11" * 12
    extension = b"\xff\xe0" + struct.pack(">H", 8 + 9) + b"JFXX\0\x10" + b"thumbnail"
    photoshop = b"\xff\xed" + struct.pack(">H", 2 + 14 + 9) + b"Photoshop 3.0\0" + b"thumbnail"
    stripped = strip(plain[:2] + small + extension + photoshop + plain[20:])
    assert stripped is not None
    assert stripped.data == plain
    assert stripped.removed == {"picture-thumbnail": 2, "picture-iptc": 1}


def test_fill_bytes_and_the_note_how_colours_are_meant_do_not_disturb() -> None:
    note = b"\xff\xee\0\x12Adobe\0\x64\0\0\0\0\0" + NAME[:4]
    short = b"\xff\xee\0\x09Adobe\0\0"
    plain = save(photo(), "JPEG")
    data = plain[:20] + b"\xff\xff" + note + short + plain[20:-2] + b"\xff\xff\xff\xd9"
    cleaned = clean_picture(data)
    assert cleaned is not None
    assert NAME[:4] not in cleaned
    assert cleaned.count(b"Adobe") == 1
    assert frames(cleaned)[0][1] == (48, 32)
    inks = save(photo().convert("CMYK"), "JPEG", comment=NAME)
    assert frames(clean_picture(inks) or b"") == frames(inks)


def test_pieces_that_nobody_knows_go() -> None:
    plain = save(photo(), "PNG")
    chunk = b"prVt" + NAME
    unknown = struct.pack(">L", len(NAME)) + chunk + struct.pack(">L", zlib.crc32(chunk))
    stripped = strip(plain[:33] + unknown + plain[33:])
    assert stripped is not None
    assert stripped.data == plain


@pytest.mark.parametrize("name", SAMPLES)
def test_no_cut_makes_it_raise_or_keep_a_name(name: str) -> None:
    data = SAMPLES[name]()
    for end in range(0, len(data), 7):
        cleaned = clean_picture(data[:end])
        assert cleaned is None or NAME[:12] not in cleaned


def test_a_download_cut_within_its_pixels_keeps_what_came() -> None:
    data = save(photo(), "JPEG", comment=NAME)
    cleaned = clean_picture(data[:-40])
    assert cleaned is not None
    assert cleaned.endswith(data[-80:-40])
    assert NAME not in cleaned


@pytest.mark.parametrize("data", [b"", b"II*\0", b"BM", b"\0\0\0\x18ftypheic", b"hello"])
def test_what_is_no_such_picture_is_not_taken_for_one(data: bytes) -> None:
    assert clean_picture(data) is None


@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\xff\0\0\0WEBP", b""]),
    st.binary(max_size=400),
)
def test_no_bytes_make_it_raise(head: bytes, rest: bytes) -> None:
    cleaned = clean_picture(head + rest)
    assert cleaned is None or clean_picture(cleaned) in {cleaned, None}


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 3000), st.binary(min_size=1, max_size=8))
def test_no_change_of_a_real_picture_makes_it_raise(name: str, at: int, other: bytes) -> None:
    data = bytearray(SAMPLES[name]())
    data[at : at + len(other)] = other
    clean_picture(bytes(data))


# --- within texts -----------------------------------------------------------------------------


def in_har(packed: str) -> tuple[str, str]:
    content = {"mimeType": "image/jpeg", "encoding": "base64", "text": packed}
    return "har", json.dumps({"log": {"entries": [{"response": {"content": content}}]}})


def in_escaped_json(packed: str) -> tuple[str, str]:
    return "json", json.dumps({"image": packed}).replace("/", "\\/")


def in_data_url(packed: str) -> tuple[str, str]:
    return "text", f"<img src='data:image/jpeg;base64,{packed}'>"


def in_tape(packed: str) -> tuple[str, str]:
    request = {"method": "POST", "url": "https://h.test/", "body64": packed}
    return "jsonl", json.dumps({"request": request, "answer": {"status": 200}}) + "\n"


def in_cassette(packed: str) -> tuple[str, str]:
    return "yaml", yaml.safe_dump({"body": {"string": base64.b64decode(packed)}})


@pytest.mark.parametrize("way", [in_har, in_escaped_json, in_data_url, in_tape, in_cassette])
@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif"])
def test_a_picture_within_a_text_loses_its_metadata_too(
    way: Callable[[str], tuple[str, str]], name: str
) -> None:
    gate = Gate(("", ""))
    data = SAMPLES[name]()
    shape, text = way(base64.b64encode(data).decode())
    shown = clean_text(gate, text, shape)
    expected = base64.b64encode(clean_picture(data) or b"").decode()
    bare = shown.replace("\\/", "/").replace("\n", "").replace(" ", "")
    assert expected in bare or shape == "text"
    assert base64.b64encode(data).decode() not in bare
    assert sum(gate.removed.values()) >= 1


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n  "])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_picture_over_many_lines_loses_its_metadata_and_nothing_after_it(
    name: str, ending: str
) -> None:
    data = SAMPLES[name]()
    packed = base64.encodebytes(data).decode().strip().replace("\n", ending)
    shown = clean_text(Gate(("", "")), f"see:\n{packed}\nhello\nthere {packed[:76]}", "text")
    assert shown.startswith("see:\n")
    picture, after = shown.removeprefix("see:\n").split("\nhello\n")
    assert base64.b64decode(picture) == clean_picture(data)
    assert after == f"there {packed[:76]}"


def test_a_clean_picture_within_a_text_stays_letter_by_letter() -> None:
    cleaned = clean_picture(jpeg()) or b""
    for data in (cleaned, b"GIF89a" + bytes(20) + b"\xfe\0\x3b"):
        text = json.dumps({"image": base64.b64encode(data).decode()})
        assert clean_text(Gate(("", "")), text, "json") == text


def test_a_word_after_a_picture_on_one_line_stays() -> None:
    data = jpeg()
    shown = clean_text(Gate(("", "")), base64.b64encode(data).decode() + "\nword\n", "text")
    assert shown == base64.b64encode(clean_picture(data) or b"").decode() + "\nword\n"


@pytest.mark.parametrize("name", SAMPLES)
def test_one_line_of_a_picture_is_not_taken_for_all_of_it(name: str) -> None:
    line = base64.encodebytes(SAMPLES[name]()).decode().splitlines()[0]
    assert clean_text(Gate(("", "")), f"begins: {line}!", "text") == f"begins: {line}!"


def test_what_only_begins_like_a_picture_stays() -> None:
    for text in (
        '{"a": "/9j/AAAAA"}',
        '{"a": "/9j/AAAA"}',
        "/9j/AAAA\nAAAAAAAA",
        '{"a": "UklGRinvented"}',
        "see /9j/ there",
    ):
        assert clean_text(Gate(("", "")), text, "json") == text
