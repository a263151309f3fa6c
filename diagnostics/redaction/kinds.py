"""What is this file, as far as cleaning it is concerned? Told by its bytes; names lie."""

from enum import StrEnum
from pathlib import PurePosixPath

from diagnostics.redaction.outcome import Reason

HEAD_BYTES = 4096


class Kind(StrEnum):
    """How its bytes are to be cleaned."""

    TEXT = "text"
    PICTURE = "picture"
    ZIP = "zip"
    TAR = "tar"
    GZIP = "gz"
    BZIP = "bz2"
    MEDIA = "media"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    BINARY = "binary"


PACKED = frozenset({Kind.ZIP, Kind.TAR, Kind.GZIP, Kind.BZIP})
REFUSED = {
    Kind.MEDIA: Reason.MEDIA,
    Kind.DOCUMENT: Reason.DOCUMENT,
    Kind.ARCHIVE: Reason.ARCHIVE,
    Kind.BINARY: Reason.BINARY,
}
_STARTS = (
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZIP),
    (b"%PDF-", Kind.DOCUMENT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.DOCUMENT),
    (b"\xfd7zXZ\0", Kind.ARCHIVE),
    (b"(\xb5/\xfd", Kind.ARCHIVE),
    (b"Rar!\x1a\x07", Kind.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
)
_DOCUMENTS = frozenset(
    [".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub", ".pages", ".key", ".jar", ".whl"]
)
_PICTURES = frozenset({"jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "heic"})
_NO_MEDIA = frozenset({"unknown", "empty", "pdf", "doc", "docx", "zip", "gzip", "rar", "7z"})
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(sorted({*range(0x20), 0x7F} - {*b"\t\n\r\f\v\b\x1b"}))
_CONTROLS_MOST = 0.005
"""Of all bytes. A log with colours has none of these; compressed bytes have a tenth."""


def kind_of(raw: bytes, name: str) -> Kind:
    """What these bytes are; all of them, or the first `HEAD_BYTES` of a large file."""
    suffix = PurePosixPath(name).suffix.lower()
    for start, kind in _STARTS:
        if raw.startswith(start):
            return Kind.DOCUMENT if kind is Kind.ZIP and suffix in _DOCUMENTS else kind
    if raw[257:262] == b"ustar" or (suffix == ".tar" and b"\0" in raw[:512]):
        return Kind.TAR
    return Kind.TEXT if is_text(raw) else _binary(raw)


def is_text(raw: bytes) -> bool:
    """Whether it can be read as text of any encoding that shows its letters one by one."""
    if raw.startswith(_WIDE):
        return len(raw) % 2 == 0 or len(raw) >= HEAD_BYTES
    if b"\0" in raw:
        return False
    controls = len(raw) - len(raw.translate(None, _CONTROLS))
    return controls <= _CONTROLS_MOST * len(raw)


def _binary(raw: bytes) -> Kind:
    from diagnostics.inspection.sniff import sniff  # noqa: PLC0415  # only for what is no text

    container = sniff(raw[:HEAD_BYTES])
    if container in _PICTURES:
        return Kind.PICTURE
    return Kind.BINARY if container in _NO_MEDIA else Kind.MEDIA


def format_of(name: str) -> str:
    """What a text is called after its name's end."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in {".yaml", ".yml"}:
        return "yaml"
    return {".json": "json", ".har": "har", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(
        suffix, "text"
    )
