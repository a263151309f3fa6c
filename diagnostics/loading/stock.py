"""What if Locust's own client sent the requests? The same asks on FastHttpUser's session.

For comparison with our engine, and for plug-ins that know Locust's clients. An ask is a greenlet of
its own; Locust fires its events and keeps its statistics itself. Same contract, budget, policy and
keys; time is counted from when a request was due here as well, but only in the tally.
"""

import socket
import ssl
from collections.abc import Callable
from time import perf_counter, time
from typing import Any
from urllib.parse import urlsplit

import gevent
from locust.contrib.fasthttp import FastHttpSession

from diagnostics.contract import Contract
from diagnostics.drive.budget import Budget
from diagnostics.drive.policy import Policy
from diagnostics.loading.encode import Keys
from diagnostics.loading.engine import Listener
from diagnostics.loading.hosts import foreign
from diagnostics.loading.naming import Names
from diagnostics.loading.statistics import came, fault_of, shown
from diagnostics.model import (
    Answer,
    Ask,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    Purpose,
    Request,
    Response,
    Target,
    TargetKind,
    Together,
    Unsent,
    UnsentReason,
)

CONNECT_S, READ_S = 10.0, 60.0
_TURN_S = 0.001
_KINDS: tuple[tuple[type[BaseException], FaultKind, bool], ...] = (
    (ConnectionRefusedError, FaultKind.REFUSED, False),
    (socket.gaierror, FaultKind.DNS, False),
    (ssl.SSLError, FaultKind.TLS, False),
    (TimeoutError, FaultKind.READ_TIMEOUT, True),
    (ConnectionError, FaultKind.RESET, True),
    (OSError, FaultKind.CONNECT, True),
)


class Stock:
    """Sends as an `Engine` does, by Locust's client."""

    def __init__(  # noqa: PLR0913  # what an engine has
        self,
        environment: Any,
        *,
        contract: Contract,
        target: Target,
        headers: Keys,
        renews: Callable[[Exchange, Headers], bool] | None = None,
        budget: Budget,
        policy: Policy,
        listener: Listener,
        admits: Callable[[str], bool] = lambda _host: True,
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self._environment, self._contract, self._target = environment, contract, target
        self._headers, self._budget, self._policy = headers, budget, policy
        self._listener, self._now, self._admits = listener, now, admits
        self._renews = renews
        self._names = Names(contract)
        self._sessions: list[Any] = []
        self._asks: set[Any] = set()
        self._epoch_s = time() - now()
        self.in_flight = 0

    @property
    def flows(self) -> int:
        """Asks under way."""
        return len(self._asks)

    def begin(
        self,
        ask: Ask,
        *,
        due_s: float,
        scenario: str = "",
        conversation: int = 0,
        ended: Callable[[Any], None] | None = None,
    ) -> None:
        """Start an ask that is due then."""
        words = {"scenario": scenario, "conversation": conversation}
        made = gevent.spawn(self._run, ask, due_s, words)
        self._asks.add(made)
        made.link(lambda over: self._over(over, ended))

    def _over(self, greenlet: Any, ended: Callable[[Any], None] | None) -> None:
        self._asks.discard(greenlet)
        if ended is not None:
            ended(greenlet.value)

    def turn(self, most_s: float) -> None:
        """Greenlets do the work: let them."""
        gevent.sleep(min(most_s, _TURN_S))

    def close(self) -> None:
        """Drop everything."""
        gevent.killall(list(self._asks), block=False)

    # --- one ask ------------------------------------------------------------------------------

    def _run(self, ask: Ask, due_s: float, words: dict[str, Any]) -> Any:
        made: Any = None
        try:
            while True:
                wanted = ask.send(made)
                made = self._answer(wanted, due_s, words)
                due_s = self._now()
        except StopIteration as end:
            return end.value
        finally:
            ask.close()

    def _answer(self, wanted: Request | Together, due_s: float, words: dict[str, Any]) -> Any:
        if isinstance(wanted, Together):
            each = [gevent.spawn(self._run, one, due_s, words) for one in wanted.asks]
            gevent.joinall(each)
            return [one.value for one in each]
        due_s, attempt = due_s + wanted.wait_s, 1
        while True:
            gevent.sleep(max(0.0, due_s - self._now()))
            exchange, keys = self._attempt(wanted, due_s, attempt, words)
            delay_s: float | None = 0.0
            if self._renews is None or not self._renews(exchange, keys):
                delay_s = self._policy.delay_s(exchange, self._now() + self._epoch_s)
            if delay_s is None:
                return exchange
            due_s, attempt = self._now() + delay_s, attempt + 1

    def _attempt(
        self, request: Request, due_s: float, attempt: int, words: dict[str, Any]
    ) -> tuple[Exchange, Headers]:
        sent_s = self._now()
        name = request.operation or self._names.of(request)
        url = self._url(request)
        keys = self._keys(request, url)
        refused = self._refused(request, url, keys)
        if refused is not None:
            return self._told(request, refused, due_s, sent_s, attempt, name, words), ()
        self.in_flight += 1
        session = self._sessions.pop() if self._sessions else self._session()
        try:
            with session.request(
                request.method,
                url,
                name=shown(name, request.method),
                data=request.body or None,
                headers={**dict(request.headers), **dict(keys or ())},
                catch_response=True,
                allow_redirects=False,
            ) as told:
                answer = _answer_of(told)
                exchange = self._told(request, answer, due_s, sent_s, attempt, name, words)
                self._mark(told, exchange)
        finally:
            self.in_flight -= 1
            self._sessions.append(session)
        return exchange, keys or ()

    def _keys(self, request: Request, url: str) -> Headers | None:
        """For the provider's own hosts, and the target that stands for them."""
        own = {*self._contract.hosts, urlsplit(self._target.base_url).hostname}
        trusted = request.authenticated and urlsplit(url).hostname in own
        return self._headers(request) if trusted else ()

    def _refused(self, request: Request, url: str, keys: Headers | None) -> Unsent | None:
        """Why it stays here."""
        host = urlsplit(url).hostname or ""
        if not self._admits(host):
            return Unsent(reason=UnsentReason.FOREIGN_HOST, message=foreign(host))
        if keys is None:
            return Unsent(reason=UnsentReason.EARLIER_FAILURE, message="no token could be had")
        return self._budget.refuse(request) if request.spends else None

    def _mark(self, told: Any, exchange: Exchange) -> None:
        """A business error inside HTTP 200 is a failure, by its code; a 404 may be none."""
        ok, code = self._read(exchange)
        if ok:
            told.success()
        else:
            told.failure(fault_of(exchange, code))

    def _told(  # noqa: PLR0913, PLR0917  # what an exchange is made of
        self,
        request: Request,
        answer: Answer,
        due_s: float,
        sent_s: float,
        attempt: int,
        name: str,
        words: dict[str, Any],
    ) -> Exchange:
        exchange = Exchange(
            request=request,
            answer=answer,
            started_s=due_s,
            duration_s=self._now() - due_s,
            attempt=attempt,
            **words,
        )
        ok, code = self._read(exchange)
        self._listener.answered(exchange, due_s=due_s, sent_s=sent_s, name=name, code=code, ok=ok)
        return exchange

    def _read(self, exchange: Exchange) -> tuple[bool, str | None]:
        if exchange.response is None:
            return False, None
        contract = self._contract.of(exchange.request.provider)
        reading = contract.read(exchange.response, exchange.request.operation)
        return reading.ok or came(exchange), reading.code

    # --- Locust's client ----------------------------------------------------------------------

    def _session(self) -> Any:
        return FastHttpSession(
            self._target.base_url,
            self._environment.events.request,
            None,
            insecure=False,
            connection_timeout=CONNECT_S,
            network_timeout=READ_S,
            max_redirects=0,
            max_retries=0,
        )

    def _url(self, request: Request) -> str:
        parts = urlsplit(request.url)
        emulated = self._target.kind is TargetKind.EMULATOR
        ours = parts.hostname in self._contract.hosts
        if not ours and (not emulated or request.purpose is Purpose.MEDIA):
            return request.url
        query = f"?{parts.query}" if parts.query else ""
        return f"{self._target.base_url.rstrip('/')}{parts.path or '/'}{query}"


def _answer_of(told: Any) -> Answer:
    error = getattr(told, "error", None)
    if error is not None and not told.status_code:
        return _fault(error)
    body = told.content or b""
    return Response(
        status=told.status_code,
        headers=tuple((str(n), str(v)) for n, v in (told.headers or {}).items()),
        body=body,
        size_bytes=len(body),
    )


def _fault(error: BaseException) -> Fault:
    for known, kind, arrived in _KINDS:
        if isinstance(error, known):
            return Fault(kind=kind, message=type(error).__name__, may_have_arrived=arrived)
    return Fault(kind=FaultKind.PROTOCOL, message=type(error).__name__, may_have_arrived=True)
