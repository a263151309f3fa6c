"""What listens to a load in each of its processes, beside Locust and the tally?

Whoever imports Locust does so before this makes a `Process`: everything heavy is imported then.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter, process_time, time
from typing import TYPE_CHECKING, Any

from diagnostics.model import Exchange, Json

if TYPE_CHECKING:  # brought by Locust's processes only
    from diagnostics.loading.sampling import Kept
    from diagnostics.loading.sharing import Order

BUSY_S = 2.0
SAMPLES = "diagnostics_samples"
"""Locust's message from a worker to its master: conversations that were kept, and a limit."""


class Process:
    """A load in one process, with what listens beside the tally."""

    def __init__(self, environment: Any, order: "Callable[[Any], Order]") -> None:
        from diagnostics.cli import discover  # noqa: PLC0415  # after Locust, see `main`
        from diagnostics.loading.keys import users  # noqa: PLC0415  # as above
        from diagnostics.loading.under_locust import Load  # noqa: PLC0415  # as above
        from diagnostics.redact import Gate  # noqa: PLC0415  # as above

        self.gate = Gate()
        self.environment = environment
        self.kept: list[Json] = []
        self.limit: Json = None
        self._listeners: list[Any] = []
        self._limits: Any = None
        self._wall_s = time() - perf_counter()
        self.load = Load(
            environment,
            order=order,
            scenarios=discover.scenarios(),
            keys=users(self.gate),
            listeners=[self],
            clean=self.gate.text,
        )
        self._busy = Busy()

    def _listen(self) -> None:
        """The order is here: whom to listen to is known."""
        from diagnostics import contract_load  # noqa: PLC0415  # after Locust
        from diagnostics.loading.sampling import Sampling  # noqa: PLC0415  # as above
        from diagnostics.loading.seeking import LimitSeeking  # noqa: PLC0415  # as above

        order = self.load.order
        if order is None or self._listeners:
            return
        contract = contract_load.load(order.main)
        self._listeners.append(Sampling(contract=contract, keep=self._keep))
        if order.profile.seeks_limit:
            start_s = (order.start_at or time()) - self._wall_s
            self._limits = LimitSeeking(
                contract=contract,
                start_s=start_s,
                level=order.profile.level,
                duration_s=order.profile.duration_s,
            )
            self._listeners.append(self._limits)

    def answered(self, exchange: Exchange, **told: Any) -> None:
        """The engine's listener; `parts` hear in its place."""
        for listener in self.parts():
            listener.answered(exchange, **told)

    def parts(self) -> list[Any]:
        """Who hears of every answer: one call less for each."""
        self._listen()
        return self._listeners

    def ended(self, conversation: int) -> None:
        """An ask is over."""
        for listener in self._listeners[:1]:
            listener.ended(conversation)

    def concluded(self, _load: Any) -> None:
        """The load is over. A worker tells its master before it says that it has stopped."""
        runner = self.environment.runner
        if runner.worker_index >= 0 and hasattr(runner, "master_host"):
            news = self.finish()
            if news:
                runner.send_message(SAMPLES, news)

    def busy(self) -> None:
        """How much of its core this process uses."""
        share = self._busy.share()
        if share is not None and self.load.tally is not None:
            self.load.tally.busy(share)

    def _keep(self, kept: "Kept") -> None:
        from diagnostics.loading.result import plain  # noqa: PLC0415  # after Locust
        from diagnostics.tape_values import exchange_to  # noqa: PLC0415  # as above

        sample = replace(kept.sample, started_s=kept.sample.started_s + self._wall_s)
        exchanges = [
            exchange_to(self.gate.exchange(replace(one, started_s=one.started_s + self._wall_s)))
            for one in kept.exchanges
        ]
        self.kept.append({"sample": plain(sample), "exchanges": exchanges})

    def news(self, *, over: bool = False) -> list[Mapping[str, Json]]:
        """What was kept since the last time, and a limit, once."""
        from diagnostics.loading.result import plain  # noqa: PLC0415  # after Locust

        found: list[Mapping[str, Json]] = [{"kind": "kept", **one} for one in self.kept]
        self.kept = []
        if self._limits is not None and self.limit is None:
            limit = self._limits.limit() if over else self._limits.found(perf_counter())
            if limit is not None:
                self.limit = plain(limit)
                found.append({"kind": "limit", "limit": self.limit})
        return found

    def finish(self) -> list[Mapping[str, Json]]:
        """The load is over: the slowest, and whatever is known of a limit."""
        for listener in self._listeners[:1]:
            listener.finish()
        return self.news(over=True)


class Busy:
    """How much of its core this process uses, every two seconds."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = perf_counter(), process_time()

    def share(self) -> float | None:
        """Since the last time; None: it is too early."""
        wall_s, cpu_s = perf_counter() - self._wall_s, process_time() - self._cpu_s
        if wall_s < BUSY_S:
            return None
        self._wall_s, self._cpu_s = perf_counter(), process_time()
        return cpu_s / wall_s
