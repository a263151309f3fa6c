"""How are thousands of `ask`s carried out at once by one loop over non-blocking sockets?

The load driver. It speaks to the same contract, policy, budget and credentials as the live driver,
and differs in what it leaves out: no task, no lock and no timer for a request that is under way.
Time is honest: an exchange starts when it was *due*, so a server that stalls is not hidden by users
who wait for it (coordinated omission), and how late the loop itself was is told beside it.
"""

import heapq
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from itertools import count
from typing import Any, Protocol

from diagnostics.contract import Contract
from diagnostics.drafts import draft
from diagnostics.drive.budget import Budget
from diagnostics.drive.live import Bounds
from diagnostics.drive.policy import Policy
from diagnostics.loading.encode import (
    Encoder,
    Keys,
    StrayError,
    UnsendableError,
    WithheldError,
)
from diagnostics.loading.flow import Flow, Group
from diagnostics.loading.line import unconnected
from diagnostics.loading.naming import Names
from diagnostics.loading.origin import UnknownNameError
from diagnostics.loading.poll import Poll, poller
from diagnostics.loading.pool import Pool
from diagnostics.model import (
    Answer,
    Ask,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    MediaFacts,
    Purpose,
    Request,
    Response,
    TargetKind,
    Together,
    Unsent,
    UnsentReason,
)

_ROUND_MOST = 128
"""Requests that are due, before answers are looked at again."""

_MEDIA = Purpose.MEDIA
"""A name of the module's own: Python 3.11 takes its time with members of an enumeration."""
_ExchangeDraft = draft(Exchange)
_INTERRUPTED = Fault(
    kind=FaultKind.RESET,
    message="cut off while under way: the load was stopped",
    may_have_arrived=True,
)


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


class Engine:
    """Carries out asks until they end. Nothing happens but in `begin` and `turn`."""

    def __init__(  # noqa: PLR0913  # everything a sender needs, each a value made elsewhere
        self,
        *,
        contract: Contract,
        base_url: str,
        headers: Keys = lambda _request: (),
        renews: Callable[[Exchange, Headers], bool] | None = None,
        budget: Budget,
        policy: Policy,
        listener: Listener,
        bounds: Bounds | None = None,
        context: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.perf_counter,
        poll: Poll | None = None,
        admits: Callable[[str], bool] = lambda _host: True,
    ) -> None:
        """`headers` gives the credentials, asked for the provider's own hosts only.

        `admits` (`hosts.Fence`) says of a host whether requests may go there at all.

        `renews` is `Authority.renews`, where tokens are bought: a call refused for a worn token is
        sent again at once.
        """
        self._contract, self._budget, self._policy = contract, budget, policy
        self._answered, self._renews = listener.answered, renews
        self.now = now
        self._encoder = Encoder(
            base_url=base_url,
            hosts=contract.hosts,
            keys=headers,
            elsewhere=budget.kind is TargetKind.EMULATOR,
            admits=admits,
        )
        self._pool = Pool(
            poll=poll or poller(),
            bounds=bounds or Bounds(),
            context=context,
            now=now,
            answered=self._answer,
        )
        self._names = Names(contract)
        self._epoch_s = time.time() - now()
        self._flows: set[Flow] = set()
        self._timers: list[tuple[float, int, Flow, Request]] = []
        self._ready: deque[Callable[[], None]] = deque()
        """What follows without waiting; never done at once, lest it nest without end."""
        self._order = count()

    @property
    def in_flight(self) -> int:
        """Requests whose answer is due."""
        return self._pool.in_flight

    @property
    def connections(self) -> int:
        """Open ones, idle ones included."""
        return self._pool.open

    @property
    def waiting(self) -> int:
        """Requests that are not due yet."""
        return len(self._timers)

    @property
    def flows(self) -> int:
        """Asks under way: with a request, waiting for one, or for others."""
        return len(self._flows)

    # --- asks ---------------------------------------------------------------------------------

    def begin(
        self,
        ask: Ask,
        *,
        due_s: float,
        scenario: str = "",
        conversation: int = 0,
        ended: Callable[[Any], None] | None = None,
    ) -> None:
        """Start an ask whose first request is due then; `ended` is told what it returned."""
        flow = Flow(ask, scenario, conversation, ended)
        self._flows.add(flow)
        self._advance(flow, None, due_s)

    def _advance(self, flow: Flow, result: Any, at_s: float) -> None:
        """Hand the ask its result, and do what it wants next."""
        flow.left -= 1
        if flow.left < 0:
            flow.close()
            self._over(flow, None)
            return
        try:
            wanted = flow.send(result)
        except StopIteration as end:
            self._over(flow, end.value)
            return
        except BaseException:
            self._over(flow, None)
            raise
        if isinstance(wanted, Together):
            self._together(flow, wanted, at_s)
            return
        flow.attempt = 1
        if wanted.wait_s > 0.0:
            at_s += wanted.wait_s
        flow.due_s = at_s
        if at_s <= self.now():
            self._go(flow, wanted)
        else:
            heapq.heappush(self._timers, (at_s, next(self._order), flow, wanted))

    def _over(self, flow: Flow, value: Any) -> None:
        self._ready.append(partial(self._tell_end, flow, value))

    def _tell_end(self, flow: Flow, value: Any) -> None:
        self._flows.discard(flow)
        if flow.ended is not None:
            flow.ended(value)

    def _resume(self, flow: Flow, result: Any) -> None:
        self._advance(flow, result, self.now())

    def _together(self, flow: Flow, wanted: Together, at_s: float) -> None:
        group = Group(len(wanted.asks), partial(self._resume, flow))
        if not wanted.asks:
            self._ready.append(partial(self._resume, flow, []))
        for place, ask in enumerate(wanted.asks):
            self.begin(
                ask,
                due_s=at_s,
                scenario=flow.scenario,
                conversation=flow.conversation,
                ended=partial(group.take, place),
            )

    # --- sending ------------------------------------------------------------------------------

    def _go(self, flow: Flow, request: Request) -> None:
        """Send it now, or say at once why not."""
        flow.request = request
        sent_s = flow.sent_s = self.now()
        refused: Answer | None = self._budget.refuse(request) if request.spends else None
        if refused is None:
            encoder = self._encoder
            try:
                origin, data = encoder.encode(request)
                flow.keys = encoder.keys
                self._pool.send(flow, request, origin, data)
            except (UnknownNameError, UnsendableError, WithheldError, OSError) as error:
                refused = _unsent(error)
            else:
                return
        exchange = self._tell(flow, request, refused, sent_s)
        if not self._again(flow, exchange, sent_s):
            self._ready.append(partial(self._resume, flow, exchange))

    # --- one round ----------------------------------------------------------------------------

    def turn(self, most_s: float) -> None:
        """Answers that are here, requests that are due; waits `most_s` at most for either."""
        self._pool.round(self._patience(most_s))
        at_s = self.now()
        timers = self._timers
        for _ in range(_ROUND_MOST):
            if not timers or timers[0][0] > at_s:
                break
            _, _, flow, request = heapq.heappop(timers)
            self._go(flow, request)
        self._pool.sweep(at_s)
        ready = self._ready
        for _ in range(min(len(ready), _ROUND_MOST)):
            ready.popleft()()

    def _patience(self, most_s: float) -> float:
        if self._ready:
            return 0.0
        return min(most_s, self._timers[0][0] - self.now()) if self._timers else most_s

    # --- answers ------------------------------------------------------------------------------

    def _answer(self, flow: Flow, answer: Answer, ended_s: float) -> None:
        """An attempt is over: it is told of, then repeated, or handed to the ask."""
        request = flow.request
        assert request is not None  # noqa: S101  # set when it was sent
        if request.purpose is _MEDIA:
            answer = _described(answer)
        exchange = self._tell(flow, request, answer, ended_s)
        if (flow.ok and self._renews is None) or not self._again(flow, exchange, ended_s):
            self._advance(flow, exchange, ended_s)

    def _tell(self, flow: Flow, request: Request, answer: Answer, ended_s: float) -> Exchange:
        """Once for every attempt."""
        due_s = flow.due_s
        made = _ExchangeDraft()
        made.request, made.answer = request, answer
        made.started_s, made.duration_s = due_s, ended_s - due_s
        made.attempt, made.conversation = flow.attempt, flow.conversation
        made.scenario, made.position = flow.scenario, 0
        made.wire, made.flow, made.source = None, "", ""
        made.__class__ = Exchange
        exchange: Exchange = made
        ok, code = False, None
        if type(answer) is Response:
            contract = self._contract.of(request.provider) if request.provider else self._contract
            reading = contract.read(answer, request.operation)
            ok, code = reading.ok, reading.code
        name = request.operation or self._names.of(request)
        self._answered(exchange, due_s=due_s, sent_s=flow.sent_s, name=name, code=code, ok=ok)
        flow.ok = ok
        return exchange

    def _again(self, flow: Flow, exchange: Exchange, ended_s: float) -> bool:
        """Whether it is sent once more: with another token at once, else when the policy says."""
        if self._renews is not None and self._renews(exchange, flow.keys):
            delay_s: float | None = 0.0
        else:
            delay_s = self._policy.delay_s(exchange, ended_s + self._epoch_s)
        if delay_s is None:
            return False
        flow.attempt += 1
        flow.due_s = ended_s + delay_s
        heapq.heappush(self._timers, (flow.due_s, next(self._order), flow, exchange.request))
        return True

    def close(self) -> None:
        """End every ask. A paid call that is under way is told of: nobody knows what came of it."""
        at_s = self.now()
        for flow in self._pool.close():
            if flow.request is not None and flow.request.spends:
                self._tell(flow, flow.request, _INTERRUPTED, at_s)
        for flow in self._flows:
            flow.close()
        self._flows.clear()
        self._timers.clear()
        self._ready.clear()


def _unsent(error: Exception) -> Answer:
    """Why it never left, or found nobody to take it."""
    if isinstance(error, UnknownNameError):
        return Fault(kind=FaultKind.DNS, message=str(error))
    if isinstance(error, StrayError):
        return Unsent(reason=UnsentReason.FOREIGN_HOST, message=str(error))
    if isinstance(error, UnsendableError):
        return Fault(kind=FaultKind.BAD_REQUEST, message=str(error))
    if isinstance(error, OSError):
        return unconnected(error)
    return Unsent(reason=UnsentReason.EARLIER_FAILURE, message="no token could be had")


def _described(answer: Answer) -> Answer:
    """As the live driver keeps a file: its facts in place of its bytes."""
    if not isinstance(answer, Response) or not 200 <= answer.status < 300:  # noqa: PLR2004  # HTTP's own borders of success
        return answer
    whole = not (answer.truncated or answer.status == 206)  # noqa: PLR2004  # Partial Content
    known = _facts if len(answer.body) <= _REMEMBERED_BYTES_MAX else _facts.__wrapped__
    return replace(answer, body=b"", media=known(answer.body, whole=whole))


@lru_cache(maxsize=64)
def _facts(body: bytes, *, whole: bool) -> MediaFacts:
    """A file that comes again and again is looked at once: that costs milliseconds."""
    from diagnostics.media import inspect  # noqa: PLC0415  # heavy, and rarely needed

    return inspect(body, complete=whole)


_REMEMBERED_BYTES_MAX = 256 * 1024
