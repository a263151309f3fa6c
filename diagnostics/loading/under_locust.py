"""How does a load run inside Locust? Its users, statistics and messages, around our engine.

    load = Load(environment, order=lambda environment: order, scenarios={"job": SCENARIO})
    runner = environment.create_local_runner()      # or a master's, or a worker's
    load.attach()                                   # unless the runner stood there before
    environment.shape_class = load.shape()          # where the profile's stages decide
    runner.start_shape()                            # else runner.start(users, rate)

The same in each process. Users (`Caller`) only wait, one greenlet turns the engine. Importing this
imports Locust, which replaces half of the standard library: never at the top of a command's module.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from random import Random
from time import perf_counter, time
from typing import Any

import gevent
from gevent.event import Event
from locust.exception import StopTest
from locust.runners import MasterRunner, WorkerRunner

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.drive.budget import Budget
from diagnostics.drive.policy import Policy
from diagnostics.errors import DiagnosticsError, Exit
from diagnostics.loading.arrivals import Mixer, schedule
from diagnostics.loading.asking import Asking
from diagnostics.loading.callers import Caller, ProfileShape
from diagnostics.loading.distributed import Alone, Master, Worker
from diagnostics.loading.driving import Driving, Sender, Stream
from diagnostics.loading.engine import Engine, Listener
from diagnostics.loading.keys import Keys, emulated
from diagnostics.loading.profile import Model
from diagnostics.loading.sharing import STREAMS, Known, Order
from diagnostics.loading.stages import Stages
from diagnostics.loading.statistics import FLUSH_S, Everybody, Statistics
from diagnostics.loading.tally import Tally
from diagnostics.model import Case, Json, Target, TargetKind
from diagnostics.scenario import Scenario

__all__ = ["Caller", "Load"]

SLICE_S = 0.005
"""So long the engine may turn before Locust's other greenlets get their time."""
_CONVERSATIONS = 10**9  # of one worker, so that their numbers differ
_log = logging.getLogger("locust.diagnostics")


class Load:
    """A load in one process. `tally` is what it came to: on a master, that of all workers.

    A listener may have, beside `answered`, `ended(conversation)` and `concluded(load)`, and
    `parts()`: who hears of answers in its place, asked when the order is known.
    """

    def __init__(  # noqa: PLR0913  # each a value made elsewhere
        self,
        environment: Any,
        *,
        order: Callable[[Any], Order],
        scenarios: Mapping[str, Scenario],
        keys: Keys = emulated,
        listeners: Sequence[Listener] = (),
        clean: Callable[[str], str] = lambda text: text,
    ) -> None:
        self.environment, self._order_for, self._scenarios = environment, order, scenarios
        self._keys, self._listeners, self._clean = keys, listeners, clean
        self.order: Order | None = None
        self.tally: Tally | None = None
        self.driving: Driving | None = None
        self.statistics: Statistics | None = None
        self.stopped_by = ""
        """Why no more is begun, where somebody said so (`halt`)."""
        self.broken: BaseException | None = None
        """Why the engine stopped by itself. It never should."""
        self.ready = Event()
        """The order is here, and asks may begin."""
        self.cases: dict[str, Case] = {}
        """By scenario: for judges."""
        self.callers: list[Caller] = []
        """Users of the open model."""
        self.role: Alone | Worker | Master = Alone()
        self._expected: Order | None = None
        self._stages, self._lapsed = Stages(), False
        self._budgets: dict[TargetKind, Budget] = {}
        environment.diagnostics_load = self
        events = environment.events
        events.test_start.add_listener(self._on_start)
        events.test_stopping.add_listener(self._on_stopping)
        events.test_stop.add_listener(self._on_stop)
        if environment.runner is not None:
            self.attach()

    def attach(self) -> None:
        """The runner stands: listen to whom it speaks with."""
        runner = self.environment.runner
        if isinstance(runner, MasterRunner):
            self.role = Master(self.environment, self._counting)
        elif isinstance(runner, WorkerRunner):
            self.role = Worker(
                self.environment,
                begin=self.begin,
                halt=self.halt,
                tell=self._told,
                refuse=self.refuse,
            )

    # --- what a command may ask ---------------------------------------------------------------

    @property
    def elapsed_s(self) -> float:
        """Since the first stage began; 0 before."""
        if self.order is None or self.order.start_at is None:
            return 0.0
        return max(0.0, time() - self.order.start_at)

    @property
    def flows(self) -> int:
        """Asks under way, in all processes."""
        if isinstance(self.role, Master):
            living = (w for w in self.role.desk.workers.values() if w.lost_after_s is None)
            return sum(worker.flows for worker in living)
        return self.driving.flows if self.driving is not None else 0

    @property
    def workers(self) -> Sequence[Known]:
        """Of a master: each, with what it has told last; `lost_after_s` where one died."""
        return list(self.role.desk.workers.values()) if isinstance(self.role, Master) else ()

    @property
    def spent(self) -> float:
        """Credits that this process has committed."""
        return sum(budget.committed for budget in self._budgets.values())

    @property
    def is_open(self) -> bool:
        """Arrivals a second, not users."""
        order = self.order
        return order is not None and order.shaped and order.profile.model is Model.OPEN

    def halt(self, why: str) -> None:
        """Begin nothing more: an objective has failed, a limit was found, a budget is used up."""
        self.stopped_by = self.stopped_by or why
        if isinstance(self.role, Master):
            self.role.halt(why)

    def shape(self) -> ProfileShape:
        """What tells Locust how many users there shall be."""
        made = ProfileShape(self)
        made.runner = self.environment.runner
        return made

    def expected(self) -> Order | None:
        """What will be loaded, before it has begun; None: it will be refused."""
        if self.order is None and self._expected is None:
            try:
                self._expected = self._order_for(self.environment)
            except DiagnosticsError:
                return None
        return self.order or self._expected

    # --- a test begins ------------------------------------------------------------------------

    def _on_start(self, **_event: Any) -> None:
        if isinstance(self.role, Worker):
            return
        try:
            self.begin(self._order_for(self.environment))
        except DiagnosticsError as error:
            self.refuse(error)

    def refuse(self, error: DiagnosticsError) -> None:
        """Say why nothing is sent, and end the test."""
        _log.error("%s", f"{error} ({error.hint})" if error.hint else error)
        self._end(error.exit)

    def _end(self, code: Exit) -> None:
        self.environment.process_exit_code = int(code)
        runner, options = self.environment.runner, self.environment.parsed_options
        headless = options is not None and options.headless
        gevent.spawn(runner.quit if headless else runner.stop)

    def begin(self, order: Order) -> None:
        """Make everything that sends, and turn it from now on."""
        role = self.role
        start_at = order.start_at
        if start_at is None:
            start_at = time() + role.head_start_s
        self.order = order = replace(order, start_at=start_at)
        self.stopped_by, self._stages, self._budgets = "", Stages(), {}
        self.environment.process_exit_code = None
        contracts = {name: contract_load.load(name) for name in order.targets}
        main = contracts[order.main]
        others = {name: one for name, one in contracts.items() if name != order.main}
        start_s = perf_counter() + start_at - time()
        self.tally = Tally(replace(main, partners=others), started_s=start_s, began_at=start_at)
        if isinstance(role, Master):
            role.begin(order, self.tally)
        else:
            self.statistics = self._counting()
            self.driving = self._driving(order, contracts, start_s)
            gevent.spawn(self._turn_until_over)
        self.ready.set()

    def _counting(self) -> Statistics:
        return Statistics(self.environment, now=perf_counter, clean=self._clean)

    def _driving(self, order: Order, contracts: Mapping[str, Contract], start_s: float) -> Driving:
        asking = Asking(
            main=order.main,
            contracts=contracts,
            targets=order.targets,
            scenarios=self._scenarios,
            retry=order.retry,
            budget=order.budget,
            seed=order.seed,
        )
        turns = asking.turns(order.profile)
        self.cases = {turn.share.scenario: turn.case for turn in turns}
        index = max(0, self.environment.runner.worker_index)
        made = Driving(
            engines={n: self._engine(order, t, contracts[n]) for n, t in order.targets.items()},
            turns=turns,
            mixer=Mixer(order.profile.mix, index=index),
            now=perf_counter,
            seed=f"{order.seed}/{index}",
            may=self._may,
            first=index * _CONVERSATIONS,
            over=self._ended,
        )
        made.start_s = start_s
        return made

    def _everybody(self) -> Listener:
        assert self.tally is not None  # noqa: S101  # `begin` made both
        assert self.statistics is not None  # noqa: S101  # as above
        stock = self.order is not None and self.order.stock  # then Locust's own client counts
        counting = [self.tally] if stock else [self.tally, self.statistics]
        return Everybody([*counting, *(part for one in self._listeners for part in _parts(one))])

    def _engine(self, order: Order, target: Target, contract: Contract) -> Sender:
        budget = self._budgets.setdefault(target.kind, Budget(kind=target.kind, limit=order.budget))
        policy = Policy(contract=contract, retry=order.retry, random=Random(order.seed))
        access, admits = self._keys(contract, target), order.fence().admits
        common: dict[str, Any] = {
            "contract": contract,
            "headers": access.headers,
            "renews": access.renews,
            "budget": budget,
            "policy": policy,
            "listener": self._everybody(),
            "admits": admits,
        }
        if order.stock:
            from diagnostics.loading.stock import Stock  # noqa: PLC0415  # only where asked for

            return Stock(self.environment, target=target, **common)
        return Engine(base_url=target.base_url, **common)

    # --- while it runs ------------------------------------------------------------------------

    def _may(self) -> bool:
        """Whether anything new may begin now."""
        order = self.order
        if order is None or self.stopped_by:
            return False
        if isinstance(self.role, Worker) and not self._leased(self.role):
            return False
        return not order.shaped or self.elapsed_s <= order.profile.duration_s

    def _leased(self, worker: Worker) -> bool:
        """A worker that its master may have taken for dead gives back what it had."""
        if not worker.leased:
            self._lapsed = True
        elif self._lapsed:
            self._lapsed = False
            for caller in self.callers:
                caller.again()
        return not self._lapsed

    def _ended(self, conversation: int) -> None:
        assert self.tally is not None  # noqa: S101  # as above
        self.tally.ended(conversation)
        for listener in self._listeners:
            ended = getattr(listener, "ended", None)
            if ended is not None:
                ended(conversation)

    def stream(self, index: int, from_s: float) -> Stream:
        """One share of the arrivals, from that moment on."""
        assert self.order is not None  # noqa: S101  # `begin` set both
        assert self.driving is not None  # noqa: S101  # as above
        order = self.order
        plan = schedule(order.profile, seed=order.seed, index=index, count=STREAMS)
        made = Stream(index, plan)
        self.driving.take(made, from_s)
        return made

    def _turn_until_over(self) -> None:
        try:
            self._turn()
        except KeyboardInterrupt as stop:  # it struck this greenlet by chance: Locust waits for it
            gevent.get_hub().handle_system_error(type(stop), stop)
        except Exception as error:  # noqa: BLE001  # whatever it is, the run is told and ends
            self.broken = error
            _log.error("the load stopped: %s: %s", type(error).__name__, error)
            _log.debug("as said", exc_info=True)
            self._end(Exit.INCONCLUSIVE)

    def _turn(self) -> None:
        driving, statistics = self.driving, self.statistics
        assert driving is not None  # noqa: S101  # `begin` made both
        assert statistics is not None  # noqa: S101  # as above
        merged_s = -inf
        while not driving.closed:
            now = until_s = perf_counter()
            until_s += SLICE_S
            while now < until_s:
                driving.round(until_s - now)
                now = perf_counter()
            if now - merged_s >= FLUSH_S:
                merged_s = now
                self._merge(statistics)
            self._tell(statistics)
            gevent.sleep(0)

    def _merge(self, statistics: Statistics) -> None:
        assert self.tally is not None  # noqa: S101  # as above
        if self.driving is not None:
            arrived = self.driving.news()
            self.tally.arrivals(due=arrived, begun=arrived)
        for step in self._stages.news(self.tally.jobs):
            statistics.note(step.name, step.duration_s, step.error)
        statistics.merge()

    def _tell(self, statistics: Statistics) -> None:
        try:
            statistics.tell()
        except StopTest as error:
            _log.error("%s", error)  # a listener ends the test: no failure of ours
            gevent.spawn(self.environment.runner.quit)

    def _told(self) -> dict[str, Json]:
        """What a worker reports to its master."""
        if self.tally is None:
            return {**_NOTHING}
        if self.statistics is not None:
            self._merge(self.statistics)
        jobs, driving = self.tally.jobs, self.driving
        return {
            "counts": self.tally.delta(),
            "until_s": self.elapsed_s,
            "requests": self.tally.requests,
            "flows": self.flows,
            "in_flight": driving.in_flight if driving is not None else 0,
            "jobs_open": jobs.in_flight,
            "spent": self.spent or self.tally.credits,
            "left_out": 0,
        }

    # --- a test ends --------------------------------------------------------------------------

    def _on_stopping(self, **_event: Any) -> None:
        """Locust stops: what is under way may end within `--stop-timeout`."""
        until_s = perf_counter() + float(self.environment.stop_timeout or 0.0)
        self.halt("stopped")
        if isinstance(self.role, Master):
            self.role.end()
        while self.flows and perf_counter() < until_s and self.broken is None:
            gevent.sleep(0.02)

    def _on_stop(self, **_event: Any) -> None:
        if self.driving is not None and not self.driving.closed:
            self.driving.close()
        if self.statistics is not None:
            for listener in self._listeners:
                concluded = getattr(listener, "concluded", None)
                if concluded is not None:
                    concluded(self)
            self._merge(self.statistics)
            self._tell(self.statistics)
        self.callers.clear()
        self.ready.clear()


def _parts(listener: Listener) -> Sequence[Listener]:
    found: Callable[[], Sequence[Listener]] | None = getattr(listener, "parts", None)
    return (listener,) if found is None else found()


_NOTHING: dict[str, Json] = {
    "counts": None,
    "until_s": 0.0,
    **dict.fromkeys(("requests", "flows", "in_flight", "jobs_open", "spent", "left_out"), 0),
}
