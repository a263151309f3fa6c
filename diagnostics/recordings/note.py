"""How does one exchange become a line of the tape, while the client already reads the answer?

Each part of the answer is noted and passed on as it comes. When the last has come, or the
connection breaks, or the client has enough, the exchange is gated and written.
"""

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from diagnostics.model import Exchange, Fault, Headers, Request, Response
from diagnostics.recordings.coming import Coming, Told
from diagnostics.recordings.failures import fault_of, notes_of
from diagnostics.recordings.flows import FLOW
from diagnostics.recordings.keeping import Keeper, Kept
from diagnostics.recordings.library import library_of, loaded_body, stream_class, texts
from diagnostics.recordings.passing import Uploaded
from diagnostics.recordings.phases import Phases
from diagnostics.tape import Bodies

if TYPE_CHECKING:
    from diagnostics.recordings.desk import Desk

_PART_BYTES = 1 << 20


class Note:
    """One exchange under way."""

    def __init__(self, desk: "Desk", request: Any) -> None:
        self._desk = desk
        self._started_s, self._began_s = desk.clock(), perf_counter()
        self._flow = desk.label(FLOW.get())
        self._phases = Phases(request.extensions.get("trace"))
        self._body = loaded_body(request)
        headers = texts(request.headers.raw)
        self._upload = self._keeper(headers)
        self._coming: Coming | None = None
        self._over = False
        short = self._body is not None and len(self._body) <= _PART_BYTES
        asked = Request(
            method=request.method,
            url=str(request.url),
            headers=headers,
            body=self._body if short and self._body is not None else b"",
        )
        self._about, self._asked = desk.asked(asked, self._flow)
        desk.begun(self, self._about, self._asked, self._flow, self._started_s)

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
        self._desk.safely(self._upload.take, part)

    def head(self, response: Any) -> None:
        """The head of the answer came."""
        self._coming = self._desk.safely(self._headed, response)

    def part(self, part: bytes) -> None:
        """A part of the answer came."""
        if self._coming is not None and not self._over:
            self._desk.safely(self._coming.take, part)

    # --- how it ends --------------------------------------------------------------------------

    def done(self) -> None:
        """The answer is whole."""
        if self._ends() and self._coming is not None:
            self._desk.safely(self._answered, self._coming, cut=False)

    def leave(self) -> None:
        """The client has enough of it, whether or not there was more."""
        coming = self._coming
        if coming is None:
            self.fail(InterruptedError())
        elif self._ends():
            self._desk.safely(self._answered, coming, cut=coming.is_cut(self._asked.method))

    def fail(self, error: BaseException) -> None:
        """The connection broke, or nobody waits any more."""
        if self._ends():
            self._desk.safely(self._failed, error)

    def _headed(self, response: Any) -> Coming:
        keeper = self._keeper(texts(response.headers.raw))
        return Coming(response, keeper, perf_counter() - self._began_s)

    def _ends(self) -> bool:
        """Only once."""
        if self._over:
            return False
        self._over = True
        self._desk.over(self)
        return True

    def _answered(self, coming: Coming, *, cut: bool) -> None:
        self._write(coming.ended(cut=cut))

    def _failed(self, error: BaseException) -> None:
        if self._coming is None:
            self._write((fault_of(error), Kept(), notes_of(error)))
        else:
            self._write(self._coming.broke(error))

    def _write(self, told: Told) -> None:
        answer, kept, notes = told
        sent = self._sent()
        request = replace(self._asked, body=sent.body)
        bodies = Bodies(request=sent.blob, answer=kept.blob)
        self._desk.write(self._about, self._exchange(request, answer), bodies, notes)

    def _sent(self) -> Kept:
        body = self._body or b""
        for at in range(0, len(body), _PART_BYTES):
            self._upload.take(body[at : at + _PART_BYTES])
        return self._upload.finish()

    def _exchange(self, request: Request, answer: Response | Fault) -> Exchange:
        now_s, coming = perf_counter(), self._coming
        head_s = coming.head_s if coming else None
        body_s = now_s - coming.arrived_s if coming else None
        return Exchange(
            request=request,
            answer=answer,
            started_s=self._started_s,
            duration_s=now_s - self._began_s,
            attempt=self._about.attempt,
            conversation=self._about.conversation,
            wire=self._phases.wire(head_s, body_s),
            flow=self._flow,
        )

    def _keeper(self, headers: Headers) -> Keeper:
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        return Keeper(self._desk.gate, self._desk.blob_writer, kind)
