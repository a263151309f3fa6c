"""How are thousands of `ask`s carried out at once by one loop over non-blocking sockets?

The load driver. It speaks to the same contract, policy, budget and credentials as the live driver,
and differs in what it leaves out: no task, no lock and no timer for a request that is under way.
Time is honest: an exchange starts when it was *due*, so a server that stalls is not hidden by users
who wait for it (coordinated omission), and how late the loop itself was is told beside it.
"""

import heapq
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from time import perf_counter
from typing import Any, Protocol

from diagnostics.contract import Contract
from diagnostics.drive.budget import Budget
from diagnostics.drive.live import Bounds
from diagnostics.drive.policy import Policy
from diagnostics.loading.encode import Encoder
from diagnostics.loading.line import CHUNK, READ, SILENT, WRITE, Line
from diagnostics.loading.origin import Origin
from diagnostics.loading.poll import poller
from diagnostics.model import (
    Answer,
    Ask,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    Request,
    Response,
    Together,
)

_ROUND_MOST = 4096
_SWEEP_S = 0.25


class Listener(Protocol):
    """Hears of every attempt, once."""

    def answered(  # noqa: PLR0913  # what a tally needs, without building a value for it
        self,
        exchange: Exchange,
        *,
        due_s: float,
        sent_s: float,
        name: str,
        code: str | None,
        ok: bool,
    ) -> None:
        """`due_s` and `sent_s` are of the engine's own clock, as `started_s` of the exchange."""
        ...


class Flow:
    """One `ask` under way."""

    __slots__ = (
        "attempt",
        "close",
        "conversation",
        "due_s",
        "ended",
        "line",
        "place",
        "request",
        "results",
        "scenario",
        "send",
        "sent_s",
        "waits_for",
    )

    def __init__(
        self, ask: Ask, scenario: str, conversation: int, ended: Callable[[Any], None] | None
    ) -> None:
        self.send, self.close = ask.send, ask.close
        self.scenario, self.conversation, self.ended = scenario, conversation, ended
        self.attempt = 1
        self.due_s = self.sent_s = 0.0
        self.request: Request | None = None
        self.line: Line | None = None
        self.results: list[Any] = []
        self.waits_for = 0
        self.place = 0


class Engine:
    """Carries out asks until they end. Nothing happens but in `turn`."""

    def __init__(  # noqa: PLR0913  # everything a sender needs, each a value made elsewhere
        self,
        *,
        contract: Contract,
        base_url: str,
        headers: Callable[[Request], Headers] = lambda _request: (),
        budget: Budget,
        policy: Policy,
        listener: Listener,
        bounds: Bounds | None = None,
        context: ssl.SSLContext | None = None,
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self._contract = contract
        self._encoder = Encoder(
            base_url=base_url, hosts=contract.hosts, keys=lambda request, _host: headers(request)
        )
        self._budget, self._policy, self._listener = budget, policy, listener
        self._bounds, self._context = bounds or Bounds(), context
        self._poll, self.now = poller(), now
        self._lines: dict[int, Line] = {}
        self._timers: list[tuple[float, int, Flow, Request]] = []
        self._order = count()
        self._swept_s = 0.0
        self.flows = 0
        """Asks under way, waiting ones included."""
        self.in_flight = 0
        """Requests whose answer is due."""

    # --- asks ---------------------------------------------------------------------------------

    def begin(
        self,
        ask: Ask,
        *,
        due_s: float,
        scenario: str = "",
        conversation: int = 0,
        ended: Callable[[Any], None] | None = None,
    ) -> Flow:
        """Start an ask that is due then; `ended` is told what it returned."""
        flow = Flow(ask, scenario, conversation, ended)
        flow.due_s = due_s
        self.flows += 1
        self._advance(flow, None, due_s)
        return flow

    def _advance(self, flow: Flow, result: Any, at_s: float) -> None:
        """Hand the ask its result, and do what it wants next."""
        try:
            wanted = flow.send(result)
        except StopIteration as end:
            self._over(flow, end.value)
            return
        if type(wanted) is Together:
            self._together(flow, wanted, at_s)
            return
        flow.attempt = 1
        self._at(flow, wanted, at_s + wanted.wait_s if wanted.wait_s else at_s)

    def _at(self, flow: Flow, request: Request, due_s: float) -> None:
        flow.due_s = due_s
        if due_s > self.now():
            heapq.heappush(self._timers, (due_s, next(self._order), flow, request))
        else:
            self._go(flow, request)

    def _over(self, flow: Flow, value: Any) -> None:
        self.flows -= 1
        if flow.ended is not None:
            flow.ended(value)

    def _together(self, flow: Flow, wanted: Together, at_s: float) -> None:
        flow.results = [None] * len(wanted.asks)
        flow.waits_for = len(wanted.asks)
        if not wanted.asks:
            self._advance(flow, [], at_s)
        for place, ask in enumerate(wanted.asks):
            self.begin(
                ask,
                due_s=at_s,
                scenario=flow.scenario,
                conversation=flow.conversation,
                ended=self._collector(flow, place),
            )

    def _collector(self, flow: Flow, place: int) -> Callable[[Any], None]:
        def collect(value: Any) -> None:
            flow.results[place] = value
            flow.waits_for -= 1
            if not flow.waits_for:
                self._advance(flow, flow.results, self.now())

        return collect

    # --- sending ------------------------------------------------------------------------------

    def _go(self, flow: Flow, request: Request) -> None:
        flow.request = request
        flow.sent_s = self.now()
        if request.spends:
            refused = self._budget.refuse(request)
            if refused is not None:
                self._settle(flow, refused)
                return
        try:
            origin, data = self._encoder.encode(request)
            line = origin.idle.pop() if origin.idle else self._connect(origin)
        except (OSError, ValueError) as error:
            self._settle(flow, _unsendable(error))
            return
        line.flow, flow.line = flow, line
        self.in_flight += 1
        try:
            line.begin(data, flow.sent_s, headless=request.method == "HEAD")
        except OSError:
            self._broken(
                line,
                Fault(
                    kind=FaultKind.WRITE,
                    message="connection broke while sending",
                    may_have_arrived=True,
                ),
            )
            return
        wanted = line.interest
        if wanted != line.watched:
            self._poll.modify(line.fd, wanted)
            line.watched = wanted

    def _connect(self, origin: Origin) -> Line:
        context = self._context if origin.scheme == "https" else None
        line = Line(origin, context, self._bounds.body_bytes)
        self._lines[line.fd] = line
        line.watched = READ | WRITE
        self._poll.register(line.fd, line.watched)
        return line

    # --- one round ----------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Requests that are not due yet."""
        return len(self._timers)

    def turn(self, most_s: float) -> None:
        """Answers that are here, requests that are due; waits `most_s` at most for either."""
        lines, now = self._lines, self.now
        for fd, event in self._poll.poll(self._patience(most_s), _ROUND_MOST):
            line = lines.get(fd)
            if line is None:
                continue
            if event & WRITE and line.watched & WRITE and not self._writable(line):
                continue
            if event & ~WRITE and line.open:
                self._readable(line)
        timers = self._timers
        at_s = now()
        while timers and timers[0][0] <= at_s:
            _, _, flow, request = heapq.heappop(timers)
            self._go(flow, request)
        if at_s - self._swept_s >= _SWEEP_S:
            self._sweep(at_s)

    def _patience(self, most_s: float) -> float:
        if self._timers:
            most_s = min(most_s, self._timers[0][0] - self.now())
        return max(0.0, most_s)

    def _writable(self, line: Line) -> bool:
        fault = line.on_writable()
        if fault is not None:
            self._broken(line, fault)
            return False
        wanted = line.interest
        if wanted != line.watched:
            self._poll.modify(line.fd, wanted)
            line.watched = wanted
        return True

    def _readable(self, line: Line) -> None:
        try:
            data = line.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._broken(line, line.reset())
            return
        if line.flow is None:  # an idle connection was closed, or talks out of turn
            self._drop(line)
            return
        line.since_s = self.now()
        answer = line.feed(data)
        if answer is None:
            return
        if type(answer) is Response and data and line.keeps:
            flow, line.flow = line.flow, None
            line.origin.idle.append(line)
            self.in_flight -= 1
            self._settle(flow, answer)
        else:
            self._broken(line, answer)

    def _broken(self, line: Line, answer: Answer) -> None:
        """The connection is of no more use; whoever waited gets what there is."""
        flow, line.flow = line.flow, None
        self._drop(line)
        if flow is not None:
            self.in_flight -= 1
            self._settle(flow, answer)

    def _drop(self, line: Line) -> None:
        if self._lines.pop(line.fd, None) is not None:
            self._poll.unregister(line.fd)
            if line in line.origin.idle:
                line.origin.idle.remove(line)
            line.close()

    def _sweep(self, at_s: float) -> None:
        """Give up what has been silent for too long; cheaper than a timer for each request."""
        self._swept_s = at_s
        bounds = self._bounds
        for line in list(self._lines.values()):
            if line.flow is None:
                continue
            if not line.open and at_s - line.since_s > bounds.connect_s:
                self._broken(
                    line, Fault(kind=FaultKind.CONNECT_TIMEOUT, message="no connection in time")
                )
            elif at_s - line.since_s > bounds.read_s or at_s - line.flow.sent_s > bounds.total_s:
                self._broken(line, line.silent())

    # --- answers ------------------------------------------------------------------------------

    def _settle(self, flow: Flow, answer: Answer) -> None:
        """An attempt is over: tell the listener, then repeat it or hand it to the ask."""
        request = flow.request
        assert request is not None  # noqa: S101  # set when it was sent
        ended_s, due_s = self.now(), flow.due_s
        exchange = Exchange(
            request=request,
            answer=answer,
            started_s=due_s,
            duration_s=ended_s - due_s,
            attempt=flow.attempt,
            conversation=flow.conversation,
            scenario=flow.scenario,
        )
        ok, code = False, None
        if type(answer) is Response:
            contract = (
                self._contract if not request.provider else self._contract.of(request.provider)
            )
            reading = contract.read(answer, request.operation)
            ok, code = reading.ok, reading.code
        self._listener.answered(
            exchange,
            due_s=due_s,
            sent_s=flow.sent_s,
            name=request.operation or request.url,
            code=code,
            ok=ok,
        )
        if not ok:
            delay_s = self._policy.delay_s(exchange, ended_s)
            if delay_s is not None:
                flow.attempt += 1
                self._at(flow, request, ended_s + delay_s)
                return
        self._advance(flow, exchange, ended_s)

    def close(self) -> None:
        """Close every connection, and every ask that is still under way."""
        for line in list(self._lines.values()):
            flow, line.flow = line.flow, None
            self._drop(line)
            if flow is not None:
                flow.close()
        for _, _, flow, _ in self._timers:
            flow.close()
        self._timers.clear()


def _unsendable(error: Exception) -> Fault:
    kind = FaultKind.CONNECT if isinstance(error, OSError) else FaultKind.BAD_REQUEST
    return Fault(kind=kind, message=str(error))
