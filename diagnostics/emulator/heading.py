"""What stands at the head of every answer? Its fields, with a date and an id of its own."""

import random
from email.utils import formatdate

from diagnostics.drive.clock import Clock
from diagnostics.emulator.call import Fields
from diagnostics.emulator.reply import JSON, Reply, put

BODILESS = frozenset({204, 205, 304})
_ORDINARY = (
    b"HTTP/1.1 200 OK\r\ncontent-type: " + JSON + b"\r\ncontent-length: %d\r\ndate: %b\r\n"
    b"server: diagnostics-emulator\r\nx-diagnostics-emulator: 1\r\nx-request-id: %016x\r\n\r\n%b"
)
"""What `fields` comes to for most answers; a test compares them."""


class Heading:
    """Fields of one emulator's answers."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._ids = random.Random(f"requests:{seed}")
        self._date = (-1, b"")

    def fields(self, reply: Reply, length: int, skew_s: float) -> Fields:
        """All of them, ours first."""
        made = [
            (b"content-type", reply.media_type),
            (b"content-length", b"%d" % length),
            (b"date", self._dated(skew_s)),
            (b"server", b"diagnostics-emulator"),
            (b"x-diagnostics-emulator", b"1"),
            (b"x-request-id", b"%016x" % self._ids.getrandbits(64)),
        ]
        if reply.status in BODILESS:
            del made[:2]
        made.extend(reply.headers)
        return made

    def whole(self, reply: Reply, skew_s: float) -> bytes:
        """An answer as it stands on the wire, head and body."""
        if reply.status == 200 and not reply.headers and reply.media_type is JSON:  # noqa: PLR2004  # OK
            number, body = self._ids.getrandbits(64), reply.body
            return _ORDINARY % (len(body), self._dated(skew_s), number, body)
        body = b"" if reply.status in BODILESS else reply.body
        return put(reply.status, self.fields(reply, len(body), skew_s), body)

    def _dated(self, skew_s: float) -> bytes:
        second = int(self._clock.now() + skew_s)
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]
