"""How does a picture lose its metadata (place, camera, names, thumbnails), and not one pixel?

JPEG, PNG, WebP and GIF are chains of pieces: those that draw are copied byte for byte, all others
are left out. No library does this: Pillow encodes anew (a JPEG changes), piexif and its kind know
EXIF only. Colour profiles stay; of EXIF only the orientation stays, without which a picture lies
on its side. What follows the picture's end (a motion photo's film with its GPS track) goes.
"""

import struct
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_GPS, _ORIENTATION, _TURNED = 0x8825, 0x0112, range(2, 9)
_JPEG, _PNG, _GIF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
PLACE = "picture"
RULES = {
    "picture-exif": "EXIF: camera, owner, times",
    "picture-gps": "EXIF: where it was taken",
    "picture-xmp": "XMP: authors, tools, history",
    "picture-iptc": "IPTC: names, captions",
    "picture-text": "text chunks of PNG and GIF",
    "picture-comment": "comments of JPEG and GIF",
    "picture-time": "when it was changed",
    "picture-thumbnail": "a small picture of an earlier state",
    "picture-trailer": "what follows the picture's end",
    "picture-other": "pieces that draw nothing",
}
"""Every rule that counts here, and what it takes out."""
_MARK, _STUFFED, _START, _END, _ALONE, _SCAN = 0xFF, 0x00, 0xD8, 0xD9, 0x01, 0xDA
_RESTARTS = range(0xD0, 0xD8)
_APP0, _APP1, _APP2, _APP13, _APP14, _COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
_JFIF_BYTES, _ADOBE_BYTES = 18, 12
_GIF_END, _GIF_IMAGE, _GIF_EXTENSION = 0x3B, 0x2C, 0x21
_GIF_TIMING, _GIF_APPLICATION, _GIF_COMMENT, _GIF_TEXT = 0xF9, 0xFF, 0xFE, 0x01
_DRAWS_JPEG = frozenset({*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD}) - {0xC8}
_DRAWS_PNG = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs hIST".split()
    + b"acTL fcTL fdAT cICP mDCv cLLI".split()
)
_DRAWS_WEBP = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_LOOPS_GIF = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/x"
_FRAME_HEAD = 16
_RULES_PNG = {b"eXIf": "picture-exif", b"tIME": "picture-time"}


class _NotAPictureError(ValueError):
    """These bytes do not hang together as the picture that they claim to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A picture without its metadata, and what kinds of it went."""

    data: bytes
    removed: Counter[str] = field(default_factory=Counter)


def clean_picture(data: bytes) -> bytes | None:
    """The picture without its metadata; None when it is none that can be cleaned without loss.

    The same object when there was nothing to take out. Pixels and colours stay as they are.
    """
    stripped = strip(data)
    return None if stripped is None else stripped.data


def strip(data: bytes) -> Stripped | None:
    """As `clean_picture`, with the rules that removed something."""
    walk = _walker(data)
    if walk is None:
        return None
    removed: Counter[str] = Counter()
    try:
        cleaned = walk(data, removed)
    except (_NotAPictureError, struct.error, IndexError):
        return None
    return Stripped(data=data if cleaned == data else cleaned, removed=removed)


def is_whole(data: bytes) -> bool:
    """Whether a picture's end stands in these bytes, as far as its format marks one."""
    if data.startswith(b"RIFF"):
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    ends = {_JPEG[:1]: b"\xff\xd9", _PNG[:1]: b"IEND", b"G": b"\0\x3b"}
    return ends.get(data[:1], b"") in data[4:]


def _walker(data: bytes) -> Callable[[bytes, Counter[str]], bytes] | None:
    if data.startswith(_JPEG):
        return _jpeg
    if data.startswith(_PNG):
        return _png
    if data.startswith(_GIF):
        return _gif
    return _webp if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


# --- EXIF -------------------------------------------------------------------------------------


def _exif(block: bytes, removed: Counter[str]) -> bytes:
    """What stays of an EXIF block (without its `Exif` mark): the orientation, or nothing."""
    from PIL.Image import Exif  # noqa: PLC0415  # only pictures need it

    exif = Exif()
    try:
        with warnings.catch_warnings(action="ignore"):
            exif.load(block)
            place, turned = _GPS in exif, exif.get(_ORIENTATION)
    except Exception:  # noqa: BLE001  # hostile bytes: Pillow raises a dozen kinds
        place, turned = False, None
    kept = _minimal(turned) if isinstance(turned, int) and turned in _TURNED else b""
    if kept != block:
        removed["picture-exif"] += 1
    if place:
        removed["picture-gps"] += 1
    return kept


def _minimal(turned: int) -> bytes:
    """An EXIF block that says how the picture is turned, and nothing else."""
    head = struct.pack(">2sHLH", b"MM", 42, 8, 1)
    return head + struct.pack(">HHLHHL", _ORIENTATION, 3, 1, turned, 0, 0)


# --- JPEG -------------------------------------------------------------------------------------


def _jpeg(data: bytes, removed: Counter[str]) -> bytes:
    made, at = [data[:2]], 2
    while True:
        marker, begin, end = _segment(data, at)
        if marker == _END:
            break
        made.append(_jpeg_piece(marker, data[begin:end], removed))
        at = end
        if marker == _SCAN:  # pixels follow, without a length
            at = _after_scan(data, end)
            made.append(data[end:at])
            if at == len(data):  # cut short within its pixels: all that came is there
                return b"".join(made)
    _count_trailer(data, end, removed)
    return b"".join([*made, b"\xff\xd9"])


def _segment(data: bytes, at: int) -> tuple[int, int, int]:
    """Marker, begin and end of the piece at that place; fill bytes before it are passed over."""
    while data[at] == _MARK and data[at + 1] == _MARK:
        at += 1
    marker = data[at + 1]
    if data[at] != _MARK or marker in {_STUFFED, _START}:
        raise _NotAPictureError
    if marker in {_END, _ALONE, *_RESTARTS}:
        return marker, at, at + 2
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if end < at + 4 or end > len(data):
        raise _NotAPictureError
    return marker, at, end


def _after_scan(data: bytes, at: int) -> int:
    """Where the next marker stands that is neither stuffing nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] in {_STUFFED, *_RESTARTS}:
            at += 2
        elif data[at + 1] == _MARK:
            at += 1
        else:
            return at


def _jpeg_piece(marker: int, piece: bytes, removed: Counter[str]) -> bytes:
    """One segment as it stays: whole, shortened or not at all."""
    held = piece[4:]
    if marker in _DRAWS_JPEG or (marker == _APP2 and held.startswith(b"ICC_PROFILE\0")):
        return piece
    if marker == _APP0 and held.startswith(b"JFIF\0"):
        return _jfif(piece, removed)
    if marker == _APP14 and held.startswith(b"Adobe"):  # how colours are meant
        return piece[:2] + b"\0\x0e" + held[:_ADOBE_BYTES] if len(held) >= _ADOBE_BYTES else b""
    if marker == _APP1 and held.startswith(_EXIF):
        kept = _exif(held[len(_EXIF) :], removed)
        block = _EXIF + kept
        return b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block if kept else b""
    removed[_jpeg_rule(marker, held)] += 1
    return b""


def _jfif(piece: bytes, removed: Counter[str]) -> bytes:
    """The head of a JPEG file without the thumbnail it may carry."""
    if len(piece) <= _JFIF_BYTES:
        return piece
    removed["picture-thumbnail"] += 1
    return piece[:2] + b"\0\x10" + piece[4:16] + b"\0\0"


def _jpeg_rule(marker: int, held: bytes) -> str:
    if held.startswith(_XMP):
        return "picture-xmp"
    return {
        _APP0: "picture-thumbnail",
        _APP1: "picture-exif",
        _APP13: "picture-iptc",
        _COMMENT: "picture-comment",
    }.get(marker, "picture-other")


def _count_trailer(data: bytes, end: int, removed: Counter[str]) -> None:
    if end < len(data):
        removed["picture-trailer"] += 1


# --- PNG --------------------------------------------------------------------------------------


def _png(data: bytes, removed: Counter[str]) -> bytes:
    if data[12:16] != b"IHDR":
        raise _NotAPictureError
    made, at, turned = [_PNG], len(_PNG), False
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">L4s", data, at)
        end = at + size + 12
        if end > len(data):  # cut short: pixels that came stay, a torn rest of anything else goes
            made.append(data[at:] if kind in {b"IDAT", b"fdAT"} else b"")
            break
        if kind in _DRAWS_PNG:
            made.append(data[at:end])
        elif kind == b"eXIf" and not turned and (kept := _exif(data[at + 8 : end - 4], removed)):
            made.append(_chunk(kind, kept))
            turned = True
        elif kind != b"eXIf":
            removed[_png_rule(kind, data[at + 8 : at + 30])] += 1
        at = end
        if kind == b"IEND":
            _count_trailer(data, end, removed)
            break
    return b"".join(made)


def _chunk(kind: bytes, held: bytes) -> bytes:
    from zlib import crc32  # noqa: PLC0415  # beside its use

    return struct.pack(">L", len(held)) + kind + held + struct.pack(">L", crc32(kind + held))


def _png_rule(kind: bytes, held: bytes) -> str:
    if kind in {b"tEXt", b"zTXt", b"iTXt"}:
        return "picture-xmp" if held.startswith(b"XML:com.adobe.xmp") else "picture-text"
    return _RULES_PNG.get(kind, "picture-other")


# --- WebP -------------------------------------------------------------------------------------


def _webp(data: bytes, removed: Counter[str]) -> bytes:
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    if end + (end & 1) < len(data):
        removed["picture-trailer"] += 1
    pieces = list(_riff(data, 12, end))
    if not pieces or pieces[0][0] not in {b"VP8 ", b"VP8L", b"VP8X"}:
        raise _NotAPictureError
    kept = [_webp_piece(kind, held, removed) for kind, held in pieces]
    turned = any(kind == b"EXIF" for kind, held in kept if held is not None)
    made = b"WEBP" + b"".join(
        _riff_piece(kind, _flags(held, turned=turned) if kind == b"VP8X" else held)
        for kind, held in kept
        if held is not None
    )
    return b"RIFF" + struct.pack("<L", len(made)) + made


def _riff(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sL", data, at)
        yield kind, data[at + 8 : min(at + 8 + size, end)]
        at += 8 + size + (size & 1)


def _riff_piece(kind: bytes, held: bytes) -> bytes:
    return kind + struct.pack("<L", len(held)) + held + b"\0" * (len(held) & 1)


def _webp_piece(kind: bytes, held: bytes, removed: Counter[str]) -> tuple[bytes, bytes | None]:
    if kind == b"ANMF":
        inner = [
            _riff_piece(sub, piece)
            for sub, piece in _riff(held, _FRAME_HEAD, len(held))
            if sub in _DRAWS_WEBP
        ]
        return kind, held[:_FRAME_HEAD] + b"".join(inner)
    if kind == b"EXIF":
        return kind, _exif(held.removeprefix(_EXIF), removed) or None
    if kind in _DRAWS_WEBP:
        return kind, held
    removed["picture-xmp" if kind == b"XMP " else "picture-other"] += 1
    return kind, None


def _flags(head: bytes, *, turned: bool) -> bytes:
    """The extended head must not promise what is gone."""
    kept = head[0] & ~0x0C | (0x08 if turned else 0)
    return bytes([kept]) + head[1:]


# --- GIF --------------------------------------------------------------------------------------


def _gif(data: bytes, removed: Counter[str]) -> bytes:
    at = 13 + _table(data[10])
    made = [data[:at]]
    while at < len(data):
        begin, kind = at, data[at]
        if kind == _GIF_END:
            made.append(b"\x3b")
            _count_trailer(data, at + 1, removed)
            break
        if kind == _GIF_IMAGE:
            at = _blocks(data, at + 11 + _table(data[at + 9]))
            made.append(data[begin:at])
        elif kind == _GIF_EXTENSION:
            at = _blocks(data, at + 2)
            made.append(_gif_extension(data[begin:at], removed))
        else:
            raise _NotAPictureError
    return b"".join(made)


def _table(flags: int) -> int:
    """The bytes of a colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data: bytes, at: int) -> int:
    """The end of a chain of blocks; a chain that is cut short ends with the file."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return min(at + 1, len(data))


def _gif_extension(piece: bytes, removed: Counter[str]) -> bytes:
    label = piece[1]
    if label == _GIF_TIMING or (label == _GIF_APPLICATION and piece[3:14] in _LOOPS_GIF):
        return piece
    names = {_GIF_COMMENT: "picture-comment", _GIF_TEXT: "picture-text"}
    rule = "picture-xmp" if piece[3:11] == b"XMP Data" else names.get(label, "picture-other")
    removed[rule] += 1
    return b""
