"""How is a stream gated when secrets may be split over writes? By whole lines."""

from collections.abc import Callable, Iterable
from io import TextIOBase
from typing import TextIO

_HELD_MOST = 1 << 20
"""A line longer than this is passed on in gated parts, their ends held back."""
_OVERLAP = 8192
_KEY_BEGINS, _KEY_ENDS = "PRIVATE KEY-----", "-----END"


class GatedStream(TextIOBase):
    """A text stream whose every line passes the gate before it reaches the one beneath."""

    def __init__(self, beneath: TextIO, gate: Callable[[str], str]) -> None:
        self._beneath, self._gate = beneath, gate
        self._held = ""

    def write(self, text: str) -> int:
        """Pass on whole lines; hold the rest until its newline comes."""
        self._held += text
        cut = max(self._held.rfind("\n"), self._held.rfind("\r")) + 1
        if self._is_inside_key(cut):
            cut = self._held.find("-----BEGIN")
        if not cut and len(self._held) > _HELD_MOST:
            cut = len(self._held) - _OVERLAP
        if cut > 0:
            self._pass(cut)
        return len(text)

    def _is_inside_key(self, cut: int) -> bool:
        begins = self._held.rfind(_KEY_BEGINS, 0, cut)
        ended = self._held.find(_KEY_ENDS, begins) >= 0
        return begins >= 0 and not ended and len(self._held) < _HELD_MOST

    def _pass(self, cut: int) -> None:
        ready, self._held = self._held[:cut], self._held[cut:]
        self._beneath.write(self._gate(ready))

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]  # as above
        """Each in turn."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Gate and pass on what is held, then flush what is beneath."""
        if self.closed:
            return
        if self._held:
            self._pass(len(self._held))
        self._beneath.flush()

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
