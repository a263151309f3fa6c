"""How do master and workers of Locust carry one load together? By Locust's own messages.

The master sends each worker the order with its part of the budget. A Locust user of the open model
asks the master for a stream of arrivals; so Locust's dispatcher decides who has how many, and the
master who has which. Reports carry what was counted since the last one. What a dead worker had is
told by its name, and its streams go to whoever Locust gives its users to.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from time import time
from typing import Any, Protocol

import gevent
from locust import runners

from diagnostics.errors import DiagnosticsError
from diagnostics.loading.arrivals import schedule
from diagnostics.loading.sharing import LEASE_S, STREAMS, Desk, Known, Order, shares
from diagnostics.loading.statistics import Statistics
from diagnostics.loading.tally import Tally
from diagnostics.model import Json

REPORT_S = 1.0
"""A worker that dies takes with it what it has not told yet: three seconds would be much."""
WATCH_S = 0.25
ORDER, STREAMS_ARE, HALT = "diagnostics_order", "diagnostics_streams", "diagnostics_halt"
HELLO, WANT, BACK = "diagnostics_hello", "diagnostics_want", "diagnostics_back"
WORKER = "WORKER"
_log = logging.getLogger("locust.diagnostics")


class Seat(Protocol):
    """A Locust user of the open model, waiting for its stream."""

    gone: bool

    def take(self, index: int, from_s: float) -> None:
        """Its stream, and from when on it is nobody's."""
        ...


class Alone:
    """Streams of a load in one process."""

    head_start_s = 0.2
    """Users have to be there when the first arrival is due, lest it be late."""

    def __init__(self) -> None:
        self._desk = Desk()

    def want(self, seat: Seat) -> None:
        """At once."""
        for index, from_s in self._desk.give("", 1).items():
            seat.take(index, from_s)

    def back(self, index: int, until_s: float) -> None:
        """A user was stopped; another may go on with its arrivals."""
        self._desk.take_back("", {index: until_s})


class Worker:
    """Speaks to the master. `begin` is told the order; `halt` that nothing more is to begin."""

    head_start_s = 0.0

    def __init__(
        self,
        environment: Any,
        *,
        begin: Callable[[Order], None],
        halt: Callable[[str], None],
        tell: Callable[[], dict[str, Json]],
        refuse: Callable[[DiagnosticsError], None],
    ) -> None:
        self._runner, self._environment = environment.runner, environment
        self._begin, self._halt, self._tell, self._refuse = begin, halt, tell, refuse
        self._waiting: deque[Seat] = deque()
        self._asked = 0
        runners.WORKER_REPORT_INTERVAL = REPORT_S
        self._runner.register_message(ORDER, self._order)
        self._runner.register_message(STREAMS_ARE, self._streams)
        self._runner.register_message(HALT, self._halted)
        environment.events.report_to_master.add_listener(self._report)
        self._runner.send_message(HELLO, None)

    @property
    def leased(self) -> bool:
        """The master has been heard lately: what it gave us is still ours."""
        heard = self._runner.last_heartbeat_timestamp
        return heard is None or time() - heard < LEASE_S

    def want(self, seat: Seat) -> None:
        """Ask for a stream; those of one moment in one message."""
        self._waiting.append(seat)
        if not self._asked:
            gevent.spawn(self._ask)
        self._asked += 1

    def _ask(self) -> None:
        count, self._asked = self._asked, 0
        self._runner.send_message(WANT, {"count": count})

    def back(self, index: int, until_s: float) -> None:
        """A user was stopped: its arrivals from then on are somebody else's."""
        self._runner.send_message(BACK, {"streams": {str(index): until_s}})

    def _order(self, msg: Any, **_environment: Any) -> None:
        try:
            self._begin(Order.from_data(msg.data))
        except DiagnosticsError as error:
            self._refuse(error)

    def _streams(self, msg: Any, **_environment: Any) -> None:
        for index, from_s in msg.data.items():
            while self._waiting and self._waiting[0].gone:
                self._waiting.popleft()
            if self._waiting:
                self._waiting.popleft().take(int(index), float(from_s))
            else:
                self.back(int(index), float(from_s))

    def _halted(self, msg: Any, **_environment: Any) -> None:
        self._halt(str(msg.data))

    def _report(self, data: dict[str, Any], **_others: Any) -> None:
        data["diagnostics"] = self._tell()


class Master:
    """Shares the load out, adds up what comes back, and says who died with what."""

    head_start_s = 0.7
    """From the order to the first arrival: every worker has its users by then."""

    def __init__(self, environment: Any, statistics: Callable[[], Statistics]) -> None:
        self._environment, self._runner = environment, environment.runner
        self._statistics = statistics
        self.desk = Desk()
        self.order: Order | None = None
        self._tally: Tally | None = None
        self._over = True
        self._runner.register_message(HELLO, self._hello)
        self._runner.register_message(WANT, self._want)
        self._runner.register_message(BACK, self._back)
        environment.events.worker_report.add_listener(self._report)
        if environment.parsed_options is not None:
            environment.parsed_options.enable_rebalancing = True

    # --- the run ------------------------------------------------------------------------------

    def begin(self, order: Order, tally: Tally) -> None:
        """Tell every worker."""
        self.order, self._tally, self._over = order, tally, False
        self.desk = Desk()
        names = [client.id for client in self._runner.clients.all if client.state != _MISSING]
        for name, part in shares(order.budget, names).items():
            self._send_order(name, part)
        gevent.spawn(self._watch)

    def _send_order(self, name: str, budget: float | None) -> None:
        if self.order is None:
            return
        self.desk.known(name).index = self._runner.get_worker_index(name)
        told = replace(self.order, budget=budget).to_data()
        self._runner.send_message(ORDER, told, client_id=name)

    def halt(self, why: str) -> None:
        """Nobody begins anything more."""
        self._runner.send_message(HALT, why)

    def end(self) -> None:
        """The test is over: who leaves now has not died."""
        self._over = True

    def want(self, seat: Seat) -> None:
        """A master has no users."""

    def back(self, index: int, until_s: float) -> None:
        """As `want`."""

    # --- what workers say ---------------------------------------------------------------------

    def _hello(self, msg: Any, **_environment: Any) -> None:
        """A worker that comes while a load is running: no budget is left for it."""
        if not self._over and self.order is not None and msg.node_id not in self.desk.workers:
            self._send_order(msg.node_id, None if self.order.budget is None else 0.0)

    def _want(self, msg: Any, **_environment: Any) -> None:
        given = self.desk.give(msg.node_id, int(msg.data["count"]))
        self._runner.send_message(
            STREAMS_ARE, {str(n): s for n, s in given.items()}, client_id=msg.node_id
        )

    def _back(self, msg: Any, **_environment: Any) -> None:
        streams = {int(n): float(s) for n, s in msg.data["streams"].items()}
        self.desk.take_back(msg.node_id, streams)

    def _report(self, client_id: str, data: dict[str, Any], **_others: Any) -> None:
        told = data.get("diagnostics")
        if not isinstance(told, dict) or self._tally is None:
            return
        worker = self.desk.known(client_id)
        for name in ("flows", "in_flight", "jobs_open", "spent", "left_out", "requests"):
            setattr(worker, name, told[name])
        worker.until_s = float(told["until_s"])
        if worker.lost_after_s is not None and self._lives(client_id):
            worker.lost_after_s = None
            _log.warning("worker %d is back; it had only fallen silent", worker.index)
        if told["counts"] is not None:
            self._tally.apply(told["counts"])

    # --- who died -----------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._over:
            for name, worker in list(self.desk.workers.items()):
                if worker.lost_after_s is None and not self._lives(name):
                    self._lose(name)
            gevent.sleep(WATCH_S)

    def _lives(self, name: str) -> bool:
        client = self._runner.clients.get(name)
        return client is not None and client.state != _MISSING

    def _lose(self, name: str) -> None:
        assert self.order is not None  # noqa: S101  # a watch begins with an order
        assert self.order.start_at is not None  # noqa: S101  # as above
        at_s = time() - self.order.start_at
        held = tuple(self.desk.known(name).streams)
        worker = self.desk.lose(name, at_s)
        worker.left_out = self._unknown(held, worker.until_s, at_s)
        if self._tally is not None:
            self._tally.arrivals(due=worker.left_out, begun=0)
        _log.error("%s (%s)", told_of(worker), name)
        self._statistics().error(WORKER, f"worker {worker.index}", told_of(worker))
        if not self._runner.rebalancing_enabled():
            gevent.spawn(
                self._runner.start, self._runner.target_user_count, self._runner.spawn_rate
            )

    def _unknown(self, streams: tuple[int, ...], from_s: float, until_s: float) -> int:
        """Arrivals of which nobody knows whether the dead worker began them."""
        assert self.order is not None  # noqa: S101  # as above
        order, found = self.order, 0
        for index in streams:
            plan = schedule(order.profile, seed=order.seed, index=index, count=STREAMS)
            plan.skip(from_s)
            found += plan.skip(until_s)
        return found


_MISSING = runners.STATE_MISSING


def told_of(worker: Known) -> str:
    """What is known of a worker that died, in one line."""
    return (
        f"died {worker.lost_after_s or 0:.1f} s into the load; its last report, at "
        f"{worker.until_s:.1f} s: {worker.requests} requests, {worker.flows} asks under way, "
        f"{worker.jobs_open} jobs open, {worker.spent:g} credits; "
        f"{worker.left_out} arrivals since then are not sent again"
    )
