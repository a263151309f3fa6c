"""What of a body is kept, part by part as it comes, without holding a large one in memory?

Up to 64 KB anything is held and gated whole with its exchange, and so is text up to 16 MB. Larger
media slides through the gate's window into a file beside the tape. Larger text goes line by line
where lines are its form; where a secret is told by its place in a structure that nobody can hold,
the body is withheld, with the reason.
"""

from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from typing import Protocol

from diagnostics.redact import Gate
from diagnostics.tape import BLOB_BYTES, Blob, BlobWriter

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
"""Types in which every line stands for itself."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A body as it goes on the tape: in memory and to be gated, or a gated file beside it."""

    body: bytes = b""
    blob: Blob | None = None
    size_bytes: int = 0
    """As it came."""
    withheld: str = ""


class _Way(Protocol):
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


class Keeper:
    """One body. `take` each part, then `finish`, or `discard`."""

    def __init__(
        self,
        gate: Gate,
        writer: Callable[[], BlobWriter],
        kind: str,
        *,
        text_most: int = TEXT_MOST,
    ) -> None:
        self._text_most = text_most
        self._gate, self._writer, self._kind = gate, writer, kind.lower()
        self._parts: list[bytes] = []
        self._size = 0
        self._limit = BLOB_BYTES
        self._way: _Way | None = None
        self._file: BlobWriter | None = None

    def take(self, part: bytes) -> None:
        """The next bytes, decoded."""
        self._size += len(part)
        if self._way is not None:
            self._pass(self._way.feed(part))
            return
        self._parts.append(part)
        if self._size > self._limit:
            self._outgrown()

    def finish(self) -> Kept:
        """What is kept of it."""
        if self._way is None:
            return Kept(body=b"".join(self._parts), size_bytes=self._size)
        self._pass(self._way.finish())
        if self._way.reason or self._file is None:
            self.discard()
            return Kept(
                body=self._way.reason.encode(), size_bytes=self._size, withheld=self._way.reason
            )
        return Kept(blob=self._file.finish(), size_bytes=self._size)

    def discard(self) -> None:
        """Nothing of it is kept."""
        self._parts.clear()
        if self._file is not None:
            self._file.discard()

    def _outgrown(self) -> None:
        head = b"".join(self._parts)
        if self._limit < self._text_most and not _is_media(self._kind, head):
            self._limit = self._text_most
            return
        self._parts.clear()
        self._way = self._chosen(head)
        for at in range(0, len(head), BLOB_BYTES):
            self._pass(self._way.feed(head[at : at + BLOB_BYTES]))

    def _chosen(self, head: bytes) -> _Way:
        if _is_media(self._kind, head) or self._kind.startswith("multipart/"):
            return _Media(self._gate)
        if self._kind.startswith(_LINES):
            return _Lines(self._gate)
        return _Nothing(self._gate)

    def _pass(self, ready: bytes) -> None:
        if not ready or (self._way is not None and self._way.reason):
            return
        if self._file is None:
            self._file = self._writer()
        self._file.write(ready)


def _is_media(kind: str, head: bytes) -> bool:
    if head[:2] == _GZIP or kind.startswith("multipart/"):
        return False
    return kind.startswith(_MEDIA) or b"\0" in head[:_SNIFFED]


class _Media:
    """Through the gate's sliding window."""

    def __init__(self, gate: Gate) -> None:
        self._window = gate.window()

    def feed(self, part: bytes) -> bytes:
        return self._window.feed(part)

    def finish(self) -> bytes:
        return self._window.finish()

    @property
    def reason(self) -> str:
        return self._window.withheld or ""


class _Lines:
    """Each line for itself; a private key that spans several is held together."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._passed = StringIO()
        self._stream = gate.stream(self._passed)
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")
        self._size = self._line = 0
        self.reason = ""

    def feed(self, part: bytes) -> bytes:
        self._size += len(part)
        newline = part.rfind(b"\n")
        self._line = len(part) - newline - 1 if newline >= 0 else self._line + len(part)
        if self.reason or max(self._line, newline) > _LINE_MOST:
            self.reason = self.reason or _TOO_LONG
            return b""
        self._stream.write(self._decoder.decode(part))
        return self._ready()

    def finish(self) -> bytes:
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


class _Nothing:
    """A structure that is too large to be held."""

    def __init__(self, gate: Gate) -> None:
        self._gate, self._size = gate, 0
        self.reason = "too large to look into"

    def feed(self, part: bytes) -> bytes:
        self._size += len(part)
        return b""

    def finish(self) -> bytes:
        self.reason = self._gate.withhold(self._size, self.reason)
        return b""


def discard_quietly(keeper: Keeper) -> None:
    """When something else went wrong already."""
    with suppress(Exception):
        keeper.discard()
