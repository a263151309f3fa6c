"""How does a load run inside Locust? Its users, shape, statistics and messages, around our engine.

    load = Load(environment, order=lambda environment: order, scenarios={"job": SCENARIO})
    environment.shape_class = load.shape()          # only where the profile's stages decide
    environment.runner.start_shape()                # or runner.start(users, rate)

in each process: alone, master or worker, whatever the environment's runner is. Users are of the
class `Caller`; their greenlets only wait, one greenlet turns the engine. Importing this imports
Locust, which replaces half of the standard library: never at the top of a module of the command.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from time import perf_counter, time
from typing import Any

import gevent
from gevent.event import Event
from locust import LoadTestShape, User, task
from locust.exception import StopTest, StopUser
from locust.runners import MasterRunner, WorkerRunner

from diagnostics import contract_load
from diagnostics.contract import Contract
from diagnostics.drive.budget import Budget
from diagnostics.drive.policy import Policy
from diagnostics.errors import DiagnosticsError
from diagnostics.loading.arrivals import Mixer, schedule
from diagnostics.loading.asking import Asking
from diagnostics.loading.driving import Driving, Slot, Stream
from diagnostics.loading.engine import Engine, Listener
from diagnostics.loading.keys import Keys, emulated
from diagnostics.loading.profile import Model
from diagnostics.loading.sharing import STREAMS, Order
from diagnostics.loading.statistics import FLUSH_S, Statistics
from diagnostics.loading.tally import Tally
from diagnostics.model import Exchange, Target
from diagnostics.scenario import Scenario

SLICE_S = 0.005
"""So long the engine may turn before Locust's other greenlets get their time."""
DRAIN_S = 30.0
"""So long asks that are under way may go on when the profile's time is over."""
_CONVERSATIONS = 10**9
"""Of one worker; so that their numbers differ between workers."""
_log = logging.getLogger("locust.diagnostics")


class Load:
    """A load in one process. `tally` is what it came to: on a master, that of all workers."""

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
        self.ready = Event()
        """The order is here, and asks may begin."""
        self._loop: Any = None
        self.free = list(range(STREAMS))
        """Streams that nobody here holds."""
        environment.diagnostics_load = self
        events = environment.events
        events.test_start.add_listener(self._on_start)
        events.test_stopping.add_listener(self._on_stopping)
        events.test_stop.add_listener(self._on_stop)

    # --- what a command may ask ---------------------------------------------------------------

    @property
    def elapsed_s(self) -> float:
        """Since the first stage began; 0 before."""
        if self.order is None or self.order.start_at is None:
            return 0.0
        return max(0.0, time() - self.order.start_at)

    @property
    def flows(self) -> int:
        """Asks under way."""
        return self.driving.flows if self.driving is not None else 0

    def halt(self, why: str) -> None:
        """Begin nothing more: an objective has failed, a limit was found, a budget is used up."""
        self.stopped_by = self.stopped_by or why

    def shape(self) -> "ProfileShape":
        """What tells Locust how many users there shall be."""
        made = ProfileShape(self)
        made.runner = self.environment.runner
        return made

    # --- a test begins and ends ---------------------------------------------------------------

    def _on_start(self, **_event: Any) -> None:
        if isinstance(self.environment.runner, WorkerRunner):
            return
        try:
            self.begin(self._order_for(self.environment))
        except DiagnosticsError as error:
            self.refuse(error)

    def refuse(self, error: DiagnosticsError) -> None:
        """Say why nothing is sent, and end the test."""
        _log.error("%s%s", error, f" ({error.hint})" if error.hint else "")
        self.environment.process_exit_code = int(error.exit)
        runner, options = self.environment.runner, self.environment.parsed_options
        headless = options is not None and options.headless
        gevent.spawn(runner.quit if headless else runner.stop)

    def begin(self, order: Order) -> None:
        """Make everything that sends, and turn it from now on."""
        start_at = time() if order.start_at is None else order.start_at
        self.order = order = replace(order, start_at=start_at)
        contracts = {name: contract_load.load(name) for name in order.targets}
        start_s = perf_counter() + start_at - time()
        self.tally = Tally(contracts[order.main], started_s=start_s, began_at=start_at)
        if isinstance(self.environment.runner, MasterRunner):
            self.ready.set()
            return
        self.statistics = Statistics(self.environment, now=perf_counter, clean=self._clean)
        self.driving = self._driving(order, contracts, start_s)
        self.ready.set()
        self._loop = gevent.spawn(self._turn_until_over)

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
        index = max(0, self.environment.runner.worker_index)
        made = Driving(
            engines={n: self._engine(order, t, contracts[n]) for n, t in order.targets.items()},
            turns=asking.turns(order.profile),
            mixer=Mixer(order.profile.mix, index=index),
            now=perf_counter,
            seed=f"{order.seed}/{index}",
            may=self._may,
            first=index * _CONVERSATIONS,
        )
        made.start_s = start_s
        return made

    def _engine(self, order: Order, target: Target, contract: Contract) -> Engine:
        return Engine(
            contract=contract,
            base_url=target.base_url,
            headers=self._keys(contract, target),
            budget=Budget(kind=target.kind, limit=order.budget),
            policy=Policy(contract=contract, retry=order.retry, random=Random(order.seed)),
            listener=self,
        )

    def _may(self) -> bool:
        """Whether anything new may begin now."""
        order = self.order
        if order is None or self.stopped_by:
            return False
        return not order.shaped or self.elapsed_s <= order.profile.duration_s

    def answered(self, exchange: Exchange, **told: Any) -> None:
        """To everybody who counts."""
        assert self.tally is not None  # noqa: S101  # made before the engine was
        assert self.statistics is not None  # noqa: S101  # as above
        self.tally.answered(exchange, **told)
        self.statistics.answered(exchange, **told)
        for listener in self._listeners:
            listener.answered(exchange, **told)

    # --- turning ------------------------------------------------------------------------------

    def _turn_until_over(self) -> None:
        driving, statistics = self.driving, self.statistics
        assert driving is not None  # noqa: S101  # `begin` made both
        assert statistics is not None  # noqa: S101  # as above
        merged_s = 0.0
        while not driving.closed:
            now = until_s = perf_counter()
            until_s += SLICE_S
            while now < until_s:
                driving.round(until_s - now)
                now = perf_counter()
            if now - merged_s >= FLUSH_S:
                merged_s = now
                statistics.merge()
            self._tell(statistics)
            gevent.sleep(0)

    def _tell(self, statistics: Statistics) -> None:
        try:
            statistics.tell()
        except StopTest as error:
            _log.error("%s", error)  # a listener ends the test: no failure of ours
            gevent.spawn(self.environment.runner.quit)

    def _on_stopping(self, **_event: Any) -> None:
        """Locust stops: what is under way may end within `--stop-timeout`."""
        until_s = perf_counter() + float(self.environment.stop_timeout or 0.0)
        self.halt("stopped")
        while self.flows and perf_counter() < until_s and self._loop:
            gevent.sleep(0.02)

    def _on_stop(self, **_event: Any) -> None:
        if self.driving is not None and not self.driving.closed:
            self.driving.close()
        if self.statistics is not None:
            self.statistics.merge()
            self._tell(self.statistics)
        self.ready.clear()

    # --- users --------------------------------------------------------------------------------

    def enter(self) -> Slot | None:
        """A user of the closed model."""
        return self.driving.enter() if self.driving is not None else None

    def stream(self, index: int, from_s: float = 0.0) -> Stream:
        """One share of the arrivals, from that moment on."""
        assert self.order is not None  # noqa: S101  # `begin` set both
        assert self.driving is not None  # noqa: S101  # as above
        order = self.order
        plan = schedule(order.profile, seed=order.seed, index=index, count=STREAMS)
        made = Stream(index, plan, Mixer(order.profile.mix, index=index, count=STREAMS))
        self.driving.take(made, from_s)
        return made

    @property
    def is_open(self) -> bool:
        """Arrivals a second, not users."""
        return self.order is not None and self.order.profile.model is Model.OPEN


class Caller(User):  # type: ignore[misc]  # Locust is untyped
    """Asks what the profile's mix holds. Its greenlet only waits: the engine does the rest."""

    def on_start(self) -> None:
        """Take a place: a user's, or a share of the arrivals."""
        self.left = Event()
        self.slot: Slot | None = None
        self.share: Stream | None = None
        self.load: Load = self.environment.diagnostics_load
        self.load.ready.wait()
        if self.load.is_open and self.load.order is not None and self.load.order.shaped:
            self.share = self.load.stream(self.load.free.pop(0))
        else:
            self.slot = self.load.enter()

    @task
    def wait_for_the_end(self) -> None:
        """Until Locust stops this user."""
        self.left.wait()
        raise StopUser

    def stop(self, force: bool = False) -> bool:  # noqa: FBT001, FBT002  # Locust's own signature
        """Let the ask under way end, unless forced."""
        self._leave()
        return bool(super().stop(force))

    def on_stop(self) -> None:
        """Ask nothing more."""
        self._leave()

    def _leave(self) -> None:
        if getattr(self, "slot", None) is not None:
            self.slot.leave(self.left.set)
        elif hasattr(self, "left"):
            self.left.set()


class ProfileShape(LoadTestShape):  # type: ignore[misc]  # Locust is untyped
    """The stages of a profile, as Locust asks for them once a second."""

    abstract = True  # so that Locust makes none by itself where a locustfile imports this

    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load

    def tick(self) -> tuple[int, float] | None:
        """How many users there shall be; None: it is over."""
        load, order = self._load, self._load.order
        if order is None:
            return (1, 1.0)
        profile, at_s = order.profile, load.elapsed_s
        if at_s < profile.duration_s and not load.stopped_by:
            if load.is_open:
                return (STREAMS, float(STREAMS))
            users = max(1, round(profile.level(min(at_s + 0.5, profile.duration_s * 0.999))))
            return (users, float(users))
        if load.flows and at_s < profile.duration_s + DRAIN_S and not load.stopped_by:
            return (STREAMS, float(STREAMS)) if load.is_open else (0, 100.0)
        return None
