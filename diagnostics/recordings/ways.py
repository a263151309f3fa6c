"""In which ways may a large body be gated? By a window, line by line, or not at all."""

from codecs import getincrementaldecoder
from io import StringIO
from typing import Protocol

from diagnostics.redact import Gate

TEXT_MOST = 16 * 2**20
_LINE_MOST = 2**20
_SNIFFED = 2048
_MEDIA = ("image/", "video/", "audio/", "font/", "application/octet-stream", "application/zip")
_LINES = (
    "text/event-stream",
    "text/plain",
    "text/csv",
    "application/x-ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/jsonlines",
)
_GZIP = b"\x1f\x8b"


class Way(Protocol):
    """How the parts of a large body are gated."""

    def feed(self, part: bytes) -> bytes:
        """The bytes that may be written now."""
        ...

    def finish(self) -> bytes:
        """Those that were held back."""
        ...

    @property
    def reason(self) -> str:
        """Why nothing of it may be kept; empty: it may."""
        ...


def is_media(kind: str, head: bytes) -> bool:
    """It has no structure that could tell a secret; packed text has."""
    if head[:2] == _GZIP:
        return False
    return kind.startswith(_MEDIA) or b"\0" in head[:_SNIFFED]


class Media:
    """Through the gate's sliding window."""

    def __init__(self, gate: Gate) -> None:
        self._window = gate.window()

    def feed(self, part: bytes) -> bytes:
        """See `Way`."""
        return self._window.feed(part)

    def finish(self) -> bytes:
        """See `Way`."""
        return self._window.finish()

    @property
    def reason(self) -> str:
        """See `Way`."""
        return self._window.withheld or ""


class Lines:
    """Each line for itself; a private key that spans several is held together."""

    kinds = _LINES
    """Types in which every line stands for itself."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._passed = StringIO()
        self._stream = gate.stream(self._passed)
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")
        self._size = self._line = 0
        self.reason = ""

    def feed(self, part: bytes) -> bytes:
        """See `Way`."""
        self._size += len(part)
        newline = part.rfind(b"\n")
        self._line = len(part) - newline - 1 if newline >= 0 else self._line + len(part)
        if self.reason or max(self._line, newline) > _LINE_MOST:
            self.reason = self.reason or _TOO_LONG
            return b""
        self._stream.write(self._decoder.decode(part))
        return self._ready()

    def finish(self) -> bytes:
        """See `Way`."""
        if self.reason:
            self.reason = self._gate.withhold(self._size, self.reason)
            return b""
        self._stream.write(self._decoder.decode(b"", final=True))
        self._stream.flush()
        return self._ready()

    def _ready(self) -> bytes:
        text = self._passed.getvalue()
        self._passed.seek(0)
        self._passed.truncate()
        return text.encode("utf-8", "surrogateescape")


_TOO_LONG = "a line is too long to look into"


class Nothing:
    """A structure that is too large to be held."""

    def __init__(self, gate: Gate) -> None:
        self._gate, self._size = gate, 0
        self.reason = "too large to look into"

    def feed(self, part: bytes) -> bytes:
        """See `Way`."""
        self._size += len(part)
        return b""

    def finish(self) -> bytes:
        """See `Way`."""
        self.reason = self._gate.withhold(self._size, self.reason)
        return b""
