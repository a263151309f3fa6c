"""How is an upload gated whose fields are text and whose files are films? Part by part.

A field is gated with its name, for the name tells a secret; a file by what it is.
"""

from collections.abc import Iterator
from email.message import Message

from diagnostics.recordings.ways import TEXT_MOST, Lines, Media, Nothing, Way, is_media
from diagnostics.redact import Gate

_HEAD_MOST = 16 * 1024
_HELD_MOST = 64 * 1024
_BREAK, _GAP = b"\r\n", b"\r\n\r\n"


def is_multipart(kind: str | None) -> bool:
    """By its content type."""
    return (kind or "").lower().startswith("multipart/")


class Multipart:
    """Takes a body in any parts, gives the bytes that may be written."""

    def __init__(self, gate: Gate, text_most: int = TEXT_MOST) -> None:
        self._gate, self._text_most = gate, text_most
        self._held = b""
        self._mark = b""
        self._value: _Value | None = None
        self._over = False
        self._size = 0
        self.reason = ""

    def feed(self, part: bytes) -> bytes:
        """The next bytes."""
        self._size += len(part)
        if self._over:
            self._held += part[:2]
        if self.reason or self._over:
            return b""
        self._held += part
        return b"".join(self._steps())

    def finish(self) -> bytes:
        """What was held back; an upload may have been cut anywhere."""
        if self.reason:
            self.reason = self._gate.withhold(self._size, self.reason)
            return b""
        if self._over:  # whatever stands after the end is nobody's
            return _BREAK if self._held.startswith(_BREAK) else b""
        if self._value is None:
            return self._clean(self._held)
        return self._value.feed(self._held) + self._value.finish()

    def _steps(self) -> Iterator[bytes]:
        """Every step that the bytes at hand allow."""
        more = True
        while more and not self.reason and not self._over:
            before = len(self._held), self._value
            if not self._mark:
                yield self._opening()
            elif self._value is None:
                yield self._head()
            else:
                yield self._body(self._value)
            more = before != (len(self._held), self._value)

    def _opening(self) -> bytes:
        line, found, rest = self._held.partition(_BREAK)
        if not found and len(self._held) <= _HEAD_MOST:
            return b""
        if not found or not line.startswith(b"--"):
            self.reason = "no multipart body"
            return b""
        self._mark, self._held = _BREAK + line, _BREAK + rest
        return line

    def _head(self) -> bytes:
        """Between a boundary and what it announces; two dashes there end it all."""
        if self._held.startswith(b"--"):
            self._over, self._held = True, self._held[2:]
            return b"--"
        end = self._held.find(_GAP)
        if end < 0:
            self.reason = "no multipart body" if len(self._held) > _HEAD_MOST else ""
            return b""
        head, self._held = self._held[: end + len(_GAP)], self._held[end + len(_GAP) :]
        self._value = _Value(self._gate, head, self._text_most)
        return b""

    def _body(self, value: "_Value") -> bytes:
        end = self._held.find(self._mark)
        if end >= 0:
            ready = value.feed(self._held[:end]) + value.finish() + self._mark
            self._held, self._value = self._held[end + len(self._mark) :], None
            return ready
        cut = max(0, len(self._held) - len(self._mark) + 1)
        ready, self._held = self._held[:cut], self._held[cut:]
        return value.feed(ready)

    def _clean(self, text: bytes) -> bytes:
        return self._gate.body(text, "text/plain")


class _Value:
    """One part: its head, and a field's value or a file's bytes."""

    def __init__(self, gate: Gate, head: bytes, text_most: int) -> None:
        self._gate, self._head, self._text_most = gate, head, text_most
        told = _told(head)
        self._is_file = told.get_filename() is not None
        self._kind = told.get_content_type() if told.get("content-type") else ""
        self._parts: list[bytes] = []
        self._size = 0
        self._way: Way | None = None

    def feed(self, part: bytes) -> bytes:
        """What may be written now, the head first."""
        self._size += len(part)
        if self._way is not None:
            return self._way.feed(part)
        self._parts.append(part)
        return self._outgrown() if self._size > _HELD_MOST else b""

    def finish(self) -> bytes:
        """The rest."""
        if self._way is not None:
            rest = self._way.finish()
            return self._way.reason.encode() if self._way.reason else rest
        value = b"".join(self._parts)
        if self._is_file:
            return self._shown() + self._gate.body(value, self._kind)
        whole = self._gate.body(b"--x" + self._head + value + b"\r\n--x--", "multipart/form-data")
        return whole.removeprefix(b"--x").removesuffix(b"\r\n--x--")

    def _outgrown(self) -> bytes:
        value = b"".join(self._parts)
        media = self._is_file and is_media(self._kind, value)
        if not media and self._size <= self._text_most:
            self._parts = [value]
            return b""
        lines = self._kind.startswith(Lines.kinds)
        self._way = Media(self._gate) if media else (Lines if lines else Nothing)(self._gate)
        self._parts.clear()
        return self._shown() + self._way.feed(value)

    def _shown(self) -> bytes:
        """The head, whose file name may say more than it should."""
        return self._gate.body(self._head, "text/plain")


def _told(head: bytes) -> Message:
    made = Message()
    for line in head.decode("utf-8", "replace").splitlines():
        name, found, value = line.partition(":")
        if found and name.strip() and name.isascii():
            made[name.strip()] = value.strip()
    return made
