"""What has come of an answer so far: head, parts, times, and what of the body is kept?"""

from dataclasses import replace
from time import perf_counter
from typing import Any

from diagnostics.model import Fault, Json, Response
from diagnostics.recordings.encoding import Bomb, Decoding, Undecodable
from diagnostics.recordings.failures import KINDS, RAISED, SAID, fault_of, notes_of
from diagnostics.recordings.keeping import Keeper, Kept
from diagnostics.recordings.library import texts

CHUNKS_MOST = 4096
"""Parts of one answer that are told apart; the last then grows."""
HEAD_S, ENCODED, LEFT = "head_s", "encoded", "left"
"""Notes: when the head came; the body could not be decoded; the client had enough."""
_BODILESS = frozenset({204, 304})

Told = tuple[Response | Fault, Kept, dict[str, Json]]
"""The answer as it goes on the tape, its body, and notes for a replay."""


class Coming:
    """One answer whose head came `head_s` after its request began."""

    def __init__(self, response: Any, keeper: Keeper, head_s: float) -> None:
        self.head_s = head_s
        self.arrived_s = perf_counter()
        self._keeper = keeper
        self._decoding = Decoding(response.headers.get("content-encoding", ""))
        self._chunks: list[tuple[float, int]] = []
        self._raw_bytes = 0
        self._broken: Undecodable | None = None
        self._response = Response(
            status=response.status_code,
            headers=texts(response.headers.raw),
            reason=response.reason_phrase,
            http_version=response.http_version,
        )

    def take(self, part: bytes) -> None:
        """A part of the body came; sizes are counted without the encoding."""
        at_s = perf_counter() - self.arrived_s
        self._raw_bytes += len(part)
        if self._broken is not None:
            return
        try:
            part = self._decoding.take(part)
        except Undecodable as error:
            self._broken = error
            return
        if len(self._chunks) < CHUNKS_MOST:
            self._chunks.append((round(at_s, 6), len(part)))
        else:
            self._chunks[-1] = (self._chunks[-1][0], self._chunks[-1][1] + len(part))
        self._keeper.take(part)

    def is_cut(self, method: str) -> bool:
        """There was, or may have been, more than was read."""
        if method == "HEAD" or self._response.status in _BODILESS:
            return False
        told = self._response.header("content-length") or ""
        return not (told.isdecimal() and self._raw_bytes >= int(told[:18]))

    def broke(self, error: BaseException) -> Told:
        """The connection ended before the body did."""
        kept = self._keeper.finish()
        answer = fault_of(error, self._response.status, self._response.headers, kept.body)
        return answer, kept, notes_of(error) | self._timed()

    def ended(self, *, cut: bool) -> Told:
        """The body is whole, or the client read no more of it."""
        kept, notes = self._keeper.finish(), self._timed()
        if self._broken is not None and not isinstance(self._broken, Bomb):
            return self._undecoded(self._broken, kept, notes)
        if not self._decoding.known:
            notes[ENCODED] = True
        cut = cut or self._broken is not None  # a bomb: its end is not kept
        if cut:
            notes[LEFT] = True
        answer = replace(
            self._response,
            body=kept.body,
            size_bytes=kept.size_bytes,
            truncated=cut,
            chunks=tuple(self._chunks) if len(self._chunks) > 1 else (),
        )
        return answer, kept, notes

    def _undecoded(self, error: Undecodable, kept: Kept, notes: dict[str, Json]) -> Told:
        """What the client makes of such a body is an exception of its own."""
        kind, message, _ = KINDS["DecodingError"]
        fault = Fault(
            kind=kind,
            message=message,
            may_have_arrived=True,
            status=self._response.status,
            headers=self._response.headers,
            body=kept.body,
        )
        return fault, kept, notes | {RAISED: "DecodingError", SAID: str(error) or message}

    def _timed(self) -> dict[str, Json]:
        return {HEAD_S: round(self.head_s, 6)} if len(self._chunks) > 1 else {}
