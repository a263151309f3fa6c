"""What of a body is kept, part by part as it comes, without holding a large one in memory?

Up to 64 KB anything is held and gated whole with its exchange, and so is text up to 16 MB. Larger
media slides through the gate's window into a file beside the tape. Larger text goes line by line
where lines are its form; where a secret is told by its place in a structure that nobody can hold,
the body is withheld, with the reason. An upload of fields and files goes part by part.
"""

from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.recordings.multipart import Multipart, is_multipart
from diagnostics.recordings.ways import TEXT_MOST, Lines, Media, Nothing, Way, is_media
from diagnostics.redact import Gate
from diagnostics.tape import BLOB_BYTES, Blob, BlobWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A body as it goes on the tape: in memory and to be gated, or a gated file beside it."""

    body: bytes = b""
    blob: Blob | None = None
    size_bytes: int = 0
    """As it came."""


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
        self._passed = 0
        self._way: Way | None = Multipart(gate, text_most) if is_multipart(kind) else None
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
        if self._way.reason:
            self.discard()
            return Kept(body=self._way.reason.encode(), size_bytes=self._size)
        if self._file is None:
            return Kept(body=b"".join(self._parts), size_bytes=self._size)
        return Kept(blob=self._file.finish(), size_bytes=self._size)

    def discard(self) -> None:
        """Nothing of it is kept."""
        self._parts.clear()
        if self._file is not None:
            self._file.discard()

    def _outgrown(self) -> None:
        head = b"".join(self._parts)
        if self._limit < self._text_most and not is_media(self._kind, head):
            self._limit = self._text_most
            return
        self._parts.clear()
        self._way = self._chosen(head)
        for at in range(0, len(head), BLOB_BYTES):
            self._pass(self._way.feed(head[at : at + BLOB_BYTES]))

    def _chosen(self, head: bytes) -> Way:
        if is_media(self._kind, head):
            return Media(self._gate)
        return (Lines if self._kind.startswith(Lines.kinds) else Nothing)(self._gate)

    def _pass(self, ready: bytes) -> None:
        """Bytes that may be written: to memory while they are few, then to a file."""
        if not ready or (self._way is not None and self._way.reason):
            return
        if self._file is None:
            self._parts.append(ready)
            self._passed += len(ready)
            if self._passed <= BLOB_BYTES:
                return
            self._file, ready = self._writer(), b"".join(self._parts)
            self._parts.clear()
        self._file.write(ready)
