"""Which container are these bytes? Decided by content alone: names and headers lie."""

import json
import re

HEAD_BYTES = 4096
"""What the first look at a file needs."""

_MARKS = tuple(
    (re.compile(mark, re.DOTALL), name)
    for mark, name in (
        (rb"\xff\xd8\xff", "jpeg"),
        (rb"\x89PNG\r\n\x1a\n", "png"),
        (rb"GIF8[79]a", "gif"),
        (rb"RIFF....WEBP", "webp"),
        (rb"BM....\0\0\0\0", "bmp"),
        (rb"II\*\0|MM\0\*", "tiff"),
        (rb"....ftypavi[fs]", "avif"),
        (rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", "heic"),
        (rb"....ftypqt  |....(moov|mdat|wide|pnot)", "mov"),
        (rb"....ftypM4[AB] ", "m4a"),
        (rb"....ftyp", "mp4"),
        (rb"RIFF....AVI ", "avi"),
        (rb"\x1a\x45\xdf\xa3.{0,60}webm", "webm"),
        (rb"\x1a\x45\xdf\xa3", "mkv"),
        (rb"FLV\x01", "flv"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
        (rb"\0\0\x01\xba", "mpeg"),
        (rb"G.{187}G", "mpegts"),
        (rb"R(IFF|F64)....WAVE", "wav"),
        (rb"OggS", "ogg"),
        (rb"fLaC", "flac"),
        (rb"FORM....AIF[FC]", "aiff"),
        (rb"#!AMR", "amr"),
        (rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]", "mp3"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "aac"),
        (rb"%PDF-", "pdf"),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
        (rb"PK\x03\x04.{,4000}word/", "docx"),
        (rb"PK\x03\x04", "zip"),
        (rb"\x1f\x8b\x08", "gzip"),
        (rb"Rar!\x1a\x07", "rar"),
        (rb"7z\xbc\xaf\x27\x1c", "7z"),
    )
)
_TEXT_CONTROLS = frozenset("\t\n\r\f\v\x1b")
_SUBTITLE_TIME = re.compile(r"\d{1,2}:\d{2}:\d{2}[,.]\d{3} --> ")
_HTML = re.compile(r"<!doctype\s+html|<(html|head|body|script|title)[\s>]", re.IGNORECASE)
_MARKUP = re.compile(r"<[!?a-z]", re.IGNORECASE)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def sniff(data: bytes) -> str:
    """The container's name (see `MediaFacts.container`); `unknown` when nothing fits."""
    head = data[:HEAD_BYTES]
    if not head:
        return "empty"
    binary = next((name for mark, name in _MARKS if mark.match(head)), None)
    return binary or _text(data) or "unknown"


def _text(data: bytes) -> str | None:
    """Text of any kind, or None when these bytes are not text."""
    text = _decoded(data[:HEAD_BYTES])
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n")
    if _MARKUP.match(start):
        return _markup(start)
    if start[:1] in {"{", "["} and _is_json(data):
        return "json"
    if start.startswith("#EXTM3U"):
        return "m3u8"
    if start.startswith("[Script Info]"):
        return "ass"
    return "srt" if _SUBTITLE_TIME.search(start) else "text"


def _markup(start: str) -> str:
    lowered = start.lower()
    if lowered.startswith("<svg") or (lowered.startswith("<?xml") and "<svg" in lowered):
        return "svg"
    return "html" if _HTML.search(start) else "xml"


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded(head: bytes) -> str | None:
    """The head as text; None when a byte or character in it cannot be text."""
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
    try:
        text = head.decode(encoding)
    except UnicodeDecodeError as error:
        if not _cut_at_the_end(head, error):
            text = _single_byte(head)
        else:
            text = head[: error.start].decode(encoding)
    printable = all(c.isprintable() or c in _TEXT_CONTROLS or c == "\ufeff" for c in text)
    return text if text.strip() and printable else None


def _cut_at_the_end(head: bytes, error: UnicodeDecodeError) -> bool:
    """A character that `HEAD_BYTES` cut in two is still text."""
    return len(head) == HEAD_BYTES and error.start >= len(head) - 4


def _single_byte(head: bytes) -> str:
    """An older page in windows-1251 or latin-1: text only when it is markup."""
    text = head.decode("latin-1")
    plain = "".join(c if c.isprintable() or c in _TEXT_CONTROLS else "?" for c in text)
    return plain if _HTML.search(plain[:1024]) and "\0" not in text else "\0"
