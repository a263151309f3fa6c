"""Which recorded exchange answers this request? Found by hash, in the order of the recording."""

from pathlib import Path
from typing import Self

from diagnostics.model import Exchange
from diagnostics.taping.recorded import Recorded


class TapeIndex:
    """A tape of any size, opened at once; exchanges are read when they are asked for.

    `take` never gives the same recording twice (unless `repeat_last`), may be called from several
    threads, and takes: of the caller's own flow first, then unlabelled ones, then others; among
    them those of the same host first, in order of start.
    """

    @classmethod
    def open(cls, path: Path, *, repeat_last: bool = False) -> Self:
        """Of a run folder or a `tape.jsonl`."""
        raise NotImplementedError

    def take(self, method: str, url: str, body: bytes, *, flow: str = "") -> Recorded | None:
        """The answer to play next to this request; None: nothing (more) was recorded for it."""
        raise NotImplementedError

    def take_key(self, key: bytes, url: str, *, flow: str = "") -> Recorded | None:
        """As `take`, by `drive.key.streamed_key` of a body that does not stand in memory."""
        raise NotImplementedError

    def exchange(self, position: int) -> Exchange:
        """A whole exchange of the tape."""
        raise NotImplementedError

    def unplayed(self) -> list[Exchange]:
        """What was never taken."""
        raise NotImplementedError

    def miss(self, method: str, url: str, body: bytes, *, flow: str = "") -> str:
        """Why `take` gave nothing: the nearest recording, and the difference. Bounded in time."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing more will be asked."""
        raise NotImplementedError
