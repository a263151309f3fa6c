"""Which connections carry what, and what became of it? A pool of them for each origin, one poll.

Its owner hands it requests as bytes and is told of each answer, or `Fault`, once. A connection that
broke is of no more use; whoever waited for it gets what there is. As in the live driver nothing is
sent anew here: whether that may be done is for the policy to say.
"""

import ssl
from collections.abc import Callable, Iterator

import httpx

from diagnostics.drive.live import Bounds
from diagnostics.loading.flow import Flow
from diagnostics.loading.hearing import SILENT, Known
from diagnostics.loading.line import CHUNK, Line, unconnected
from diagnostics.loading.origin import Origin
from diagnostics.loading.poll import READ, WRITE, Poll
from diagnostics.model import Answer, Fault, FaultKind, Purpose, Request

_ROUND_MOST = 128
"""Answers, before requests that are due are looked at again."""
_KEEP_S = 4.5
"""A connection that stood idle for so long is not used: common servers hang up after five."""
_SWEEPS_S = (0.01, 1.0)

_MEDIA = Purpose.MEDIA
_UNCONNECTED = Fault(kind=FaultKind.CONNECT_TIMEOUT, message="no connection in time")
_UNSENT = Fault(kind=FaultKind.WRITE, message="could not send in time", may_have_arrived=True)
_SILENT = Fault(kind=FaultKind.READ_TIMEOUT, message=SILENT, may_have_arrived=True)

Answered = Callable[[Flow, Answer, float], None]
"""Whose answer it is, the answer, and when it was whole."""


class Pool:
    """The connections of one engine."""

    def __init__(
        self,
        *,
        poll: Poll,
        bounds: Bounds,
        context: ssl.SSLContext | None,
        now: Callable[[], float],
        answered: Answered,
    ) -> None:
        self._poll, self._bounds, self._context = poll, bounds, context
        self._now, self._answered = now, answered
        self._body_bytes, self._media_bytes = bounds.body_bytes, bounds.media_bytes
        self._lines: dict[int, Line] = {}
        self._heads: dict[bytes, Known] = {}
        least = min(bounds.connect_s, bounds.read_s, bounds.total_s)
        self._sweep_s = min(max(least / 8, _SWEEPS_S[0]), _SWEEPS_S[1])
        self._sweeps_s = now() + self._sweep_s
        self.in_flight = 0
        """Requests whose answer is due."""

    @property
    def open(self) -> int:
        """Connections, idle ones included."""
        return len(self._lines)

    def send(self, flow: Flow, request: Request, origin: Origin, data: bytes) -> None:
        """Raises `OSError` and `UnknownNameError` if there is no way to connect."""
        sent_s = flow.sent_s
        line = self._line(origin, sent_s)
        line.flow = flow
        self.in_flight += 1
        hearing = line.hearing
        hearing.limit = self._media_bytes if request.purpose is _MEDIA else self._body_bytes
        hearing.headless, hearing.keeps = request.method == "HEAD", False
        if not line.begin(data, sent_s):
            self._watch(line)

    def _line(self, origin: Origin, at_s: float) -> Line:
        """A connection that stands idle, or a new one."""
        idle = origin.idle
        if idle:
            line: Line = idle.pop()
            if at_s - line.since_s < _KEEP_S:
                return line
            self._drop(line)
        origin.resolve(at_s)
        return self._connect(origin, 0)

    def _connect(self, origin: Origin, number: int) -> Line:
        if origin.scheme == "https" and self._context is None:
            self._context = httpx.create_ssl_context()
        context = self._context if origin.scheme == "https" else None
        line = Line(origin, number, context, self._heads)
        self._lines[line.fd] = line
        line.watched = READ | WRITE
        self._poll.register(line.fd, line.watched)
        return line

    def _watch(self, line: Line) -> None:
        wanted = line.interest
        if wanted != line.watched:
            self._poll.modify(line.fd, wanted)
            line.watched = wanted

    # --- one round ----------------------------------------------------------------------------

    def round(self, most_s: float) -> None:
        """Whatever is ready; waits `most_s` at most for it."""
        lines = self._lines
        if self.in_flight:
            most_s = min(most_s, self._sweeps_s - self._now())
        for fd, event in self._poll.poll(most_s, _ROUND_MOST):
            line = lines.get(fd)
            if line is None or (line.watched & WRITE and not self._writable(line)):
                continue
            if event & ~WRITE:
                self._readable(line)

    def _writable(self, line: Line) -> bool:
        """Go on sending; False when the connection is of no use."""
        opening = not line.open
        fault = line.on_writable()
        if fault is not None:
            self._elsewhere(line, fault)
            return False
        if opening and line.open:
            line.since_s = self._now()
            line.origin.prefer(line.number)
        self._watch(line)
        return line.open

    def _elsewhere(self, line: Line, fault: Fault) -> None:
        """No connection: the name may have another address."""
        number = line.number + 1
        if number >= len(line.origin.addresses) or fault.kind is FaultKind.TLS:
            self._broken(line, fault)
            return
        try:
            another = self._connect(line.origin, number)
        except OSError as error:
            self._broken(line, unconnected(error))
            return
        another.take_over(line)
        self._drop(line)

    def _readable(self, line: Line) -> None:
        try:
            data = line.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._broken(line, line.hearing.reset())
            return
        flow = line.flow
        if flow is None:  # an idle connection was closed, or talks out of turn
            self._drop(line)
            return
        hearing = line.hearing
        answer = hearing.feed(data)
        at_s = line.since_s = self._now()
        if answer is None:
            return
        if not hearing.keeps or line.unsent:
            self._broken(line, answer)
            return
        line.flow = None
        line.origin.idle.append(line)
        self.in_flight -= 1
        self._answered(flow, answer, at_s)

    def _broken(self, line: Line, answer: Answer) -> None:
        """The connection is of no more use; whoever waited gets what there is."""
        flow, line.flow = line.flow, None
        self._drop(line)
        if flow is not None:
            self.in_flight -= 1
            self._answered(flow, answer, self._now())

    def _drop(self, line: Line) -> None:
        if self._lines.pop(line.fd, None) is not None:
            self._poll.unregister(line.fd)
            if line in line.origin.idle:
                line.origin.idle.remove(line)
            line.close()

    def sweep(self, at_s: float) -> None:
        """Give up what has been silent for too long; cheaper than a timer for each request."""
        if at_s < self._sweeps_s:
            return
        self._sweeps_s = at_s + self._sweep_s
        bounds = self._bounds
        for line in list(self._lines.values()):
            silent_s = at_s - line.since_s
            if line.flow is None:
                if silent_s > _KEEP_S:
                    self._drop(line)
            elif at_s - line.flow.sent_s > bounds.total_s:
                self._broken(line, _SILENT)
            elif not line.open and silent_s > bounds.connect_s:
                self._broken(line, _UNCONNECTED)
            elif silent_s > bounds.read_s:
                self._broken(line, _UNSENT if line.unsent else line.hearing.silent())

    def close(self) -> Iterator[Flow]:
        """Close every connection; gives whose requests were under way."""
        for line in list(self._lines.values()):
            flow, line.flow = line.flow, None
            self._drop(line)
            if flow is not None:
                yield flow
        self.in_flight = 0
        self._poll.close()
