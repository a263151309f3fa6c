"""How does one exchange become a line of the tape, while the client already reads the answer?

Each part of the answer is passed on as it comes, and noted. When the last has come, or the
connection breaks, or the client has enough, the exchange is gated and written.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from diagnostics.model import Exchange, Fault, Headers, Json, Request, Response
from diagnostics.recordings.about import request_about
from diagnostics.recordings.encoding import Bomb, Decoding, Undecodable
from diagnostics.recordings.failures import KINDS, RAISED, SAID, fault_of, notes_of
from diagnostics.recordings.flows import FLOW
from diagnostics.recordings.keeping import Keeper, Kept
from diagnostics.recordings.library import library_of, loaded_body, stream_class, texts
from diagnostics.recordings.phases import Phases
from diagnostics.tape import Bodies

if TYPE_CHECKING:
    from diagnostics.recordings.desk import Desk

CHUNKS_MOST = 4096
"""Parts of one answer that are told apart; the last then grows."""
HEAD_S, ENCODED, LEFT = "head_s", "encoded", "left"
"""Notes: when the head came; the body could not be decoded; the client had enough."""
_PART_BYTES = 1 << 20
_BODILESS = frozenset({204, 304})


class Note:
    """One exchange under way."""

    def __init__(self, desk: "Desk", request: Any) -> None:
        self._desk = desk
        self._started_s, self._began_s = desk.clock(), perf_counter()
        self._flow = desk.label(FLOW.get())
        self._phases = Phases(request.extensions.get("trace"))
        self._headers = texts(request.headers.raw)
        self._body = loaded_body(request)
        self._request_keeper = self._keeper(self._headers)
        self._over = False
        self._head_s: float | None = None
        self._asked(request)

    def _asked(self, request: Any) -> None:
        asked = Request(
            method=request.method,
            url=str(request.url),
            headers=self._headers,
            body=self._body if self._body is not None and len(self._body) <= _PART_BYTES else b"",
        )
        self._about = self._desk.asked(asked, self._flow, self._started_s)
        self.asked = request_about(self._about, asked)
        self._desk.announce(self._about, self.asked, self._flow, self._started_s)

    def outgoing(self, request: Any, *, awaited: bool) -> Any:
        """The request as it goes on: traced, and its stream noted."""
        phases = self._phases
        trace = phases.async_extension() if awaited else phases.extension()
        stream = request.stream
        if self._body is None:
            stream = stream_class(Uploaded, library_of(request))(stream, self)
        return type(request)(
            request.method,
            request.url,
            headers=request.headers,
            stream=stream,
            extensions={**request.extensions, "trace": trace},
        )

    # --- what comes ---------------------------------------------------------------------------

    def uploaded(self, part: bytes) -> None:
        """A part of the request's body left."""
        self._desk.safely(self._request_keeper.take, part)

    def head(self, response: Any) -> None:
        """The head of the answer came."""
        self._arrived_s = perf_counter()
        self._head_s = self._arrived_s - self._began_s
        self._response = Response(
            status=response.status_code,
            headers=texts(response.headers.raw),
            reason=response.reason_phrase,
            http_version=response.http_version,
        )
        self._decoding = Decoding(response.headers.get("content-encoding", ""))
        self._keeper_ = self._keeper(self._response.headers)
        self._chunks: list[tuple[float, int]] = []
        self._raw_bytes = 0
        self._broken: Undecodable | None = None

    def part(self, part: bytes) -> None:
        """A part of the answer came."""
        at_s = perf_counter() - self._arrived_s
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
        self._desk.safely(self._keeper_.take, part)

    # --- how it ends --------------------------------------------------------------------------

    def done(self) -> None:
        """The answer is whole."""
        self._finish(cut=False)

    def leave(self) -> None:
        """The client has enough of it, whether or not there was more."""
        if not self._over:
            self._finish(cut=self._head_s is not None and self._is_cut())

    def fail(self, error: BaseException) -> None:
        """The connection broke, or nobody waits any more."""
        if self._over:
            return
        self._over = True
        if self._head_s is None:
            self._desk.safely(self._write, fault_of(error), Kept(), notes_of(error))
            return
        self._desk.safely(self._write_cut, error)

    def _is_cut(self) -> bool:
        if self.asked.method == "HEAD" or self._response.status in _BODILESS:
            return False
        told = self._response.header("content-length") or ""
        return not (told.isdecimal() and self._raw_bytes >= int(told[:18]))

    def _finish(self, *, cut: bool) -> None:
        if self._over or self._head_s is None:
            return
        self._over = True
        self._desk.safely(self._write_answer, cut)

    def _write_cut(self, error: BaseException) -> None:
        kept = self._keeper_.finish()
        answer = fault_of(error, self._response.status, self._response.headers, kept.body)
        self._write(answer, kept, notes_of(error) | self._timed())

    def _write_answer(self, cut: bool) -> None:  # noqa: FBT001  # goes through `safely`
        kept = self._keeper_.finish()
        notes = self._timed()
        if self._broken is not None and not isinstance(self._broken, Bomb):
            kind, message, _ = KINDS["DecodingError"]
            broken = Fault(
                kind=kind,
                message=message,
                may_have_arrived=True,
                status=self._response.status,
                headers=self._response.headers,
                body=kept.body,
            )
            self._write(
                broken, kept, notes | {RAISED: "DecodingError", SAID: str(self._broken) or message}
            )
            return
        if not self._decoding.known:
            notes[ENCODED] = True
        cut = cut or self._broken is not None  # a bomb: its end is not kept
        if cut:
            notes[LEFT] = True
        chunks = tuple(self._chunks) if len(self._chunks) > 1 else ()
        answer = replace(
            self._response,
            body=kept.body,
            size_bytes=kept.size_bytes,
            truncated=cut,
            chunks=chunks,
        )
        self._write(answer, kept, notes)

    def _timed(self) -> dict[str, Json]:
        return {HEAD_S: round(self._head_s or 0.0, 6)} if len(self._chunks) > 1 else {}

    def _write(self, answer: Response | Fault, kept: Kept, notes: dict[str, Json]) -> None:
        sent = self._request_kept()
        request = replace(self.asked, body=sent.body)
        bodies = Bodies(request=sent.blob, answer=kept.blob)
        self._desk.write(self._about, self._exchange(request, answer), bodies, notes)

    def _request_kept(self) -> Kept:
        keeper, body = self._request_keeper, self._body
        if body is not None:
            for at in range(0, len(body), _PART_BYTES):
                keeper.take(body[at : at + _PART_BYTES])
        return keeper.finish()

    def _exchange(self, request: Request, answer: Response | Fault) -> Exchange:
        now_s = perf_counter()
        body_s = None if self._head_s is None else now_s - self._arrived_s
        return Exchange(
            request=request,
            answer=answer,
            started_s=self._started_s,
            duration_s=now_s - self._began_s,
            attempt=self._about.attempt,
            conversation=self._about.conversation,
            wire=self._phases.wire(self._head_s, body_s),
            flow=self._flow,
        )

    def _keeper(self, headers: Headers) -> Keeper:
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        return Keeper(self._desk.gate, self._desk.blob_writer, kind)


class Uploaded:
    """The client's own stream, each part noted as it leaves."""

    def __init__(self, stream: Any, note: Note) -> None:
        self._stream, self._note = stream, note

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            self._note.uploaded(part)
            yield part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._note.uploaded(part)
            yield part


class Downloaded:
    """The answer's stream, each part noted before the client gets it."""

    def __init__(self, stream: Any, note: Note) -> None:
        self._stream, self._note = stream, note

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._stream:
                self._note.part(part)
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            self._note.fail(error)
            raise
        self._note.done()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                self._note.part(part)
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            self._note.fail(error)
            raise
        self._note.done()

    def close(self) -> None:
        """The client is through with it."""
        try:
            self._stream.close()
        finally:
            self._note.leave()

    async def aclose(self) -> None:
        """As above."""
        try:
            await self._stream.aclose()
        finally:
            self._note.leave()
