"""How much may archives unpack to, all of one call together? What is beyond is left out."""

import io
from dataclasses import dataclass
from typing import BinaryIO

from diagnostics.redaction.outcome import Reason

BYTES_MOST = 2 << 30
MEMBERS_MOST = 50_000
STEP_BYTES = 1 << 20
_ONE_READ_MOST = 16 << 20
"""A header of a tar that asks for more is no header."""


class WithheldError(Exception):
    """Here something is left out, or all that follows; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(slots=True)
class Budget:
    """What is left of it."""

    bytes_left: int = BYTES_MOST
    members_left: int = MEMBERS_MOST

    def spend(self, size: int) -> None:
        """That much has been unpacked."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise WithheldError(Reason.BOMB)

    def enter(self) -> None:
        """One more member."""
        self.members_left -= 1
        if self.members_left < 0:
            raise WithheldError(Reason.TOO_MANY)


class Bounded(io.RawIOBase):
    """A packed stream that is charged for what it unpacks to, and is only read forwards.

    `tarfile` reads headers of any size at once, skips by seeking, and has gone round in circles
    on negative offsets before.
    """

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream, self._budget = stream, budget
        self._charged, self._sought = 0, -1
        self.last = b""
        """What was read last: at the end of a tar, zeros or nothing at all."""

    def read(self, size: int = -1) -> bytes:
        """No more than a header or a step at once."""
        if not 0 <= size <= _ONE_READ_MOST:
            raise WithheldError(Reason.TORN)
        self.last = self._stream.read(size)
        self._charge(self._stream.tell())
        return self.last

    def tell(self) -> int:
        """Bytes unpacked so far."""
        return self._stream.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Forwards, in steps that are charged for."""
        if whence != io.SEEK_SET or offset < self._sought:
            raise WithheldError(Reason.TORN)
        self._sought = offset
        while (at := self._stream.tell()) < offset:
            passed = self._stream.read(min(STEP_BYTES, offset - at))
            self._charge(self._stream.tell())
            if not passed:
                return at
        return self._stream.seek(offset)

    def _charge(self, at: int) -> None:
        if at > self._charged:
            self._budget.spend(at - self._charged)
            self._charged = at
