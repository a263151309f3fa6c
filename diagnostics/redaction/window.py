"""How is a body gated that is too large to hold? Through a window that slides over its parts."""

from diagnostics.redaction.ledger import Ledger
from diagnostics.redaction.names import Place
from diagnostics.redaction.rules import leaks

_OVERLAP = 16 * 1024
"""More than the longest spelling of a key: none can pass half in one part, half in the next."""
_SIZE = 1 << 20
_WIDTHS = bytes(112 if 32 < n < 127 else 48 if n == 0 else 32 for n in range(256))  # noqa: PLR2004  # ASCII
_WIDE = b"p0" * 4
"""Four characters of two bytes each: as short as a secret gets."""


def in_media(ledger: Ledger, raw: bytes) -> str | None:
    """The kind of a secret that stands in bytes which are no text, one byte wide or two."""
    text = raw.decode("latin-1")
    kind = ledger.plainly_in(text) or leaks(text)
    if kind is None and _WIDE in raw.translate(_WIDTHS):
        narrow = text.replace("\0", "")
        kind = ledger.plainly_in(narrow) or leaks(narrow)
    return kind


class Window:
    """Takes the parts of a media body as they come, gives back the bytes that may be written.

    The last 16 KB are held back until `finish`. When a known secret, or a value that is a secret
    by its shape, stands in the window, nothing more is given: `withheld` then holds the marker
    (`<withheld:data#1 104857600 bytes: heygen api key>`) that `finish` returns, and what was given
    before it is clean. Text that has a structure belongs to `Gate.body`, which hides less.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._held = bytearray()
        self._looked_at = 0
        self._kind: str | None = None
        self.size_bytes = 0
        self.withheld: str | None = None

    def feed(self, part: bytes) -> bytes:
        """The bytes that may be written now; often those of an earlier part."""
        self.size_bytes += len(part)
        if self._kind is not None:
            return b""
        self._held += part
        if len(self._held) - self._looked_at < _SIZE:
            return b""
        return self._pass(len(self._held) - _OVERLAP)

    def finish(self) -> bytes:
        """What was still held back, or the marker of a body that is withheld."""
        ready = self._pass(len(self._held))
        if self._kind is None:
            return ready
        self.withheld = self._ledger.withhold(self.size_bytes, self._kind, Place.TEXT)
        return self.withheld.encode()

    def _pass(self, cut: int) -> bytes:
        if self._kind is None:
            self._kind = self._look(bytes(self._held))
        if self._kind is not None:
            self._held.clear()
            return b""
        ready = bytes(self._held[:cut])
        del self._held[:cut]
        self._looked_at = len(self._held)
        return ready

    def _look(self, window: bytes) -> str | None:
        return in_media(self._ledger, window)
