"""How is a stream gated when secrets may be split over writes? By whole lines."""

from collections.abc import Callable, Iterable
from io import TextIOBase
from typing import TextIO

_HELD_MOST = 1 << 20
"""A line longer than this is passed on in gated parts, their ends held back."""
_OVERLAP = 8192
_KEY_BEGINS, _KEY_IS, _KEY_ENDS = "-----BEGIN", "PRIVATE KEY", "-----END"
_KEY_LINE = 80


class GatedStream(TextIOBase):
    """A text stream whose every line passes the gate before it reaches the one beneath."""

    def __init__(self, beneath: TextIO, gate: Callable[[str], str]) -> None:
        self._beneath, self._gate = beneath, gate
        self._held = ""

    def write(self, text: str) -> int:
        """Pass on whole lines; hold the rest until its newline comes."""
        self._held += text
        cut = max(self._held.rfind("\n"), self._held.rfind("\r")) + 1
        cut = self._before_key(cut)
        if not cut and len(self._held) > _HELD_MOST:
            cut = len(self._held) - _OVERLAP
        if cut > 0:
            self._pass(cut)
        return len(text)

    def _before_key(self, cut: int) -> int:
        """Where a private key begins whose end has not come yet; else the cut as it was."""
        begins = self._held.rfind(_KEY_BEGINS, 0, cut)
        is_key = begins >= 0 and _KEY_IS in self._held[begins : begins + _KEY_LINE]
        if not is_key or len(self._held) >= _HELD_MOST or _KEY_ENDS in self._held[begins:]:
            return cut
        return begins

    def _pass(self, cut: int) -> None:
        ready, self._held = self._held[:cut], self._held[cut:]
        self._beneath.write(self._gate(ready))

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]  # as above
        """Each in turn."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Gate and pass on what is held, then flush what is beneath."""
        if self.closed or self._beneath.closed:
            return
        cut = self._before_key(len(self._held))
        if cut:
            self._pass(cut)
        self._beneath.flush()

    def close(self) -> None:
        """Pass on what is left; what is beneath stays open, it is not ours."""
        if not self.closed and self._held and not self._beneath.closed:
            self._pass(len(self._held))
        super().close()

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def isatty(self) -> bool:
        """What the stream beneath says: colours and live displays depend on it."""
        return self._beneath.isatty()

    def fileno(self) -> int:
        """The stream beneath's, for asking the terminal's size; writing to it passes no gate."""
        return self._beneath.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # TextIOBase leaves it unset
        """The stream beneath's."""
        return self._beneath.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # TextIOBase leaves it unset
        """The stream beneath's."""
        return self._beneath.errors
