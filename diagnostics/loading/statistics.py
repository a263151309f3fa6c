"""How do Locust's own statistics learn of a hundred thousand answers a second, and lose none?

In batches: counts are kept a name at a time and merged into Locust's entries a few times a second.
The totals are those that an event for each answer would have given, to the last digit: times are
whole 1024ths of a millisecond, so that their sums do not depend on the order. Where somebody
listens on `events.request`, each answer is told as an event, as Locust itself would tell it.

What is no request stands beside the requests and not in their sum: the stages of jobs (type JOB)
and what the judges found (type FINDING).
"""

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from time import time
from typing import Any

from diagnostics.loading.engine import Listener
from diagnostics.model import Exchange, Fault, Purpose, Response, Unsent

JOB, FINDING = "JOB", "FINDING"
FLUSH_S = 0.25
ERRORS_MOST = 200
OTHER = "other errors"
"""A server that answers with a new code each time must not fill our memory."""
_GRAIN = 1024.0
_GRAINS = 1000.0 * _GRAIN
"""Of a second."""
_LENGTH_MOST = 80
_OWN = "Runner.__init__.<locals>."
_log = logging.getLogger(__name__)


def milliseconds(duration_s: float) -> float:
    """As Locust counts, in 1024ths: their sums are exact in any order."""
    return round(duration_s * _GRAINS) / _GRAIN


class Everybody:
    """Tells each listener in turn, and all of them that a file that came is no failure."""

    __slots__ = ("_listeners",)

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners = tuple(listener.answered for listener in listeners)

    def answered(  # noqa: PLR0913  # the engine's listener
        self,
        exchange: Exchange,
        *,
        due_s: float,
        sent_s: float,
        name: str,
        code: str | None,
        ok: bool,
    ) -> None:
        """One attempt."""
        if not ok:
            ok = came(exchange)
        for answered in self._listeners:
            answered(exchange, due_s=due_s, sent_s=sent_s, name=name, code=code, ok=ok)


class Row:
    """What one name was answered since the last merge."""

    __slots__ = ("errors", "length", "method", "name", "times_s")

    def __init__(self, name: str, method: str) -> None:
        self.name, self.method = name, method
        self.times_s: list[float] = []
        self.length = 0
        self.errors: dict[str, int] = {}


class Statistics:
    """A listener of the engine that keeps `environment.stats`, and its events, up to date.

    `now` is the engine's clock; `clean` is the gate for a provider's own words.
    """

    def __init__(
        self,
        environment: Any,
        *,
        now: Callable[[], float],
        clean: Callable[[str], str] = lambda text: text,
    ) -> None:
        # here and not above: to import Locust replaces half of the standard library, and whoever
        # has an environment has done so
        from locust import stats  # noqa: PLC0415  # as said above
        from locust.exception import CatchResponseError  # noqa: PLC0415  # as said above

        self._locust, self._failure = stats, CatchResponseError
        self._environment, self._now, self._clean = environment, now, clean
        self._wall_s = time() - now()
        self._rows: dict[str, Row] = {}
        self._second_ends_s = 0.0
        self._errors: dict[str, str] = {}
        self._events: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self._handlers: Sequence[Any] = environment.events.request._handlers  # noqa: SLF001  # Locust offers no other way to ask who listens
        self._listeners: tuple[Any, ...] = ()
        self._known, self._quiet = -1, False

    # --- as the engine tells it ---------------------------------------------------------------

    def answered(  # noqa: PLR0913  # the engine's listener
        self,
        exchange: Exchange,
        *,
        due_s: float,
        sent_s: float,  # noqa: ARG002  # as above
        name: str,
        code: str | None,
        ok: bool,
    ) -> None:
        """One attempt. What was kept back was no request."""
        duration_s, answer = exchange.duration_s, exchange.answer
        if due_s + duration_s >= self._second_ends_s:
            self._next_second(due_s + duration_s)
        if ok and self._quiet and len(self._handlers) == self._known:  # the way of nearly all
            row = self._rows.get(name)
            if row is not None and row.method == exchange.request.method:
                row.times_s.append(duration_s)
                row.length += answer.size_bytes or len(answer.body)  # type: ignore[union-attr]  # what is well has a body
                return
        if type(answer) is Unsent:
            return
        length = answer.size_bytes or len(answer.body) if type(answer) is Response else 0
        error = "" if ok else self._shown(fault_of(exchange, code))
        self._count(exchange.request.method, name, duration_s, length, error)
        self._look()
        if self._listeners:
            self._event(exchange.request.method, name, duration_s, length, error, exchange)

    def note(self, name: str, duration_s: float, error: str = "", kind: str = JOB) -> None:
        """What is no request: a stage of a job."""
        ended_s = self._now()
        if ended_s >= self._second_ends_s:
            self._next_second(ended_s)
        clean = self._shown(error) if error else ""
        self._count(kind, name, duration_s, 0, clean)
        self._look()
        if self._listeners:
            self._event(kind, name, duration_s, 0, clean, None)

    def _count(self, method: str, name: str, duration_s: float, length: int, error: str) -> None:
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = Row(name, method)
        elif row.method != method:  # one name, several methods: seldom
            row = self._rows.setdefault(f"{method} {name}", Row(name, method))
        row.times_s.append(duration_s)
        row.length += length
        if error:
            row.errors[error] = row.errors.get(error, 0) + 1

    def _shown(self, error: str) -> str:
        known = self._errors.get(error)
        if known is None:
            if len(self._errors) >= ERRORS_MOST:
                return OTHER
            known = self._errors[error] = self._clean(error[:_LENGTH_MOST])
        return known

    def _next_second(self, ended_s: float) -> None:
        self.merge()
        self._second_ends_s = float(int(ended_s + self._wall_s) + 1) - self._wall_s

    # --- into Locust's entries ----------------------------------------------------------------

    def merge(self) -> None:
        """Everything counted since the last time, all of it of one second, into the entries."""
        rows, self._rows = self._rows, {}
        stats = self._environment.stats
        at_s = min(self._now(), self._second_ends_s - 1e-3) + self._wall_s
        for row in rows.values():
            method, name = row.method, shown(row.name, row.method)
            times = Times(row.times_s, self._locust.bucket_response_time)
            failed = sum(row.errors.values())
            entries = [stats.entries[name, method]]
            if method not in (JOB, FINDING):
                entries.append(stats.total)
            for entry in entries:
                _add(entry, times, row.length, at_s)
                if failed:
                    entry.num_failures += failed
                    entry.num_fail_per_sec[int(at_s)] += failed
            for error, count in row.errors.items():
                self._error(method, name, error, count, at_s)

    def error(self, kind: str, name: str, error: str, count: int = 1) -> None:
        """What went wrong beside the requests: a worker that died, a finding."""
        self._error(kind, name, self._clean(error), count, self._now() + self._wall_s)

    def _error(self, method: str, name: str, error: str, count: int, at_s: float) -> None:
        """As `RequestStats.log_error` does, for many at once."""
        known, exception = self._locust.StatsError, self._failure(error)
        key = known.create_key(method, name, exception)
        errors = self._environment.stats.errors
        if key not in errors:
            errors[key] = known(method, name, exception)
        errors[key].occurrences += count
        errors[key].first_seen = errors[key].first_seen or at_s
        errors[key].last_seen = at_s

    # --- events, where somebody listens -------------------------------------------------------

    def _look(self) -> None:
        """Who listens on `events.request`, beside Locust's own statistics, which are kept above."""
        every = tuple(self._handlers)
        self._known = len(every)
        self._listeners = tuple(
            one for one in every if not getattr(one, "__qualname__", "").startswith(_OWN)
        )
        self._quiet = not self._listeners

    def _event(  # noqa: PLR0913, PLR0917  # what Locust's own event has
        self,
        method: str,
        name: str,
        duration_s: float,
        length: int,
        error: str,
        exchange: Exchange | None,
    ) -> None:
        event = {
            "request_type": method,
            "name": shown(name, method),
            "response_time": milliseconds(duration_s),
            "response_length": length,
            "exception": self._failure(error) if error else None,
            "context": {},
            "response": Seen(exchange) if exchange is not None else None,
            "start_time": time() - duration_s,
            "url": exchange.request.url if exchange is not None else name,
        }
        self._events.append((self._listeners, event))

    def tell(self) -> None:
        """Fire the events that wait; never while the engine is in the middle of its round."""
        waiting, self._events = self._events, []
        for listeners, event in waiting:
            for listener in listeners:
                self._one(listener, event)

    def _one(self, listener: Any, event: dict[str, Any]) -> None:
        """As `EventHook.fire` does: a listener that fails is logged, and stops nobody else."""
        from locust.exception import StopTest  # noqa: PLC0415  # as above

        try:
            listener(**event)
        except StopTest:
            raise
        except Exception:  # noqa: BLE001  # a stranger's code: as Locust does
            _log.error("Uncaught exception in event handler: \n%s", traceback.format_exc())


class Times:
    """Many response times at once: each that occurs is looked at once, however often it does."""

    __slots__ = ("buckets", "count", "least_ms", "most_ms", "total_ms")

    def __init__(self, times_s: Sequence[float], bucket: Callable[[float], int]) -> None:
        found = Counter([round(one * _GRAINS) for one in times_s])
        self.count = len(times_s)
        self.least_ms, self.most_ms = min(found) / _GRAIN, max(found) / _GRAIN
        self.total_ms = sum(grains * count for grains, count in found.items()) / _GRAIN
        self.buckets: Counter[int] = Counter()
        for grains, count in found.items():
            self.buckets[bucket(grains / _GRAIN)] += count


def _add(entry: Any, times: Times, length: int, at_s: float) -> None:
    """As `StatsEntry.log` does, for many of one second at once."""
    second, last_s = int(at_s), entry.last_request_timestamp
    if entry.use_response_times_cache and last_s and second > int(last_s):
        entry._cache_response_times(second - 1)  # noqa: SLF001  # what `log` does when a second is over
    entry.num_requests += times.count
    entry.num_reqs_per_sec[second] += times.count
    entry.last_request_timestamp = at_s
    entry.total_content_length += length
    entry.total_response_time += times.total_ms
    known = entry.min_response_time
    entry.min_response_time = times.least_ms if known is None else min(known, times.least_ms)
    entry.max_response_time = max(entry.max_response_time, times.most_ms)
    for bucket, count in times.buckets.items():
        entry.response_times[bucket] += count


def fault_of(exchange: Exchange, code: str | None) -> str:
    """What an answer that failed is counted as: few kinds, no address, no number that varies."""
    answer = exchange.answer
    if isinstance(answer, Fault):
        return str(answer.kind.value)
    if code is not None:
        return f"code {code}"
    return f"HTTP {answer.status}" if isinstance(answer, Response) else "unsent"


def shown(name: str, method: str) -> str:
    """A name that is no operation begins with its method, which Locust tells in a column."""
    return name.removeprefix(f"{method} ")


def came(exchange: Exchange) -> bool:
    """A file that came is no failure, though no contract says what is in it."""
    answer = exchange.answer
    if not isinstance(answer, Response) or exchange.request.purpose is not Purpose.MEDIA:
        return False
    return 200 <= answer.status < 300  # noqa: PLR2004  # HTTP's own borders of success


class Seen:
    """An answer in the words that listeners of Locust know from its own clients."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def status_code(self) -> int:
        """Of the answer; 0: there was none."""
        response = self._exchange.response
        return response.status if response else 0

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer."""
        response = self._exchange.response
        return dict(response.headers) if response else {}

    @property
    def content(self) -> bytes:
        """The body, decoded of its content encoding."""
        response = self._exchange.response
        return response.body if response else b""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    @property
    def url(self) -> str:
        """As the scenario asked it."""
        return self._exchange.request.url

    @property
    def exchange(self) -> Exchange:
        """All of it."""
        return self._exchange
