"""What did a load come to? Hears of every answer, adds it up, and answers for its figures.

One tally a process. What several workers counted comes together in any order (`delta` there,
`apply` here). A request is counted in the second in which its answer ended.
"""

from collections.abc import Mapping
from typing import Self

from diagnostics.contract import Contract
from diagnostics.loading import lateness, metrics
from diagnostics.loading.adding import add
from diagnostics.loading.counts import Batch, Counts, Named
from diagnostics.loading.jobs import Jobs
from diagnostics.loading.lateness import Lateness
from diagnostics.loading.timeline import Timeline
from diagnostics.loading.watch import STUCK_S, SWEEP_S, Watch
from diagnostics.model import Exchange, Fault, Json, Purpose, Request, Response, Text, Unsent

_BATCH = 8192


class Tally:
    """A `Listener` of the engine, whose clock told `started_s` when the wall clock told `began_at`.

    Every `ask` has a conversation number of its own. Jobs are followed by the contracts given: the
    provider's, and those of the others that are loaded beside it.
    """

    def __init__(
        self,
        contract: Contract | None = None,
        *others: Contract,
        started_s: float = 0.0,
        began_at: float = 0.0,
        stuck_s: float = STUCK_S,
    ) -> None:
        self._offset_s, self._began_at = began_at - started_s, began_at
        self._second, self._ended_s = 0, started_s
        self._batches: dict[str, Batch] = {}
        self._new, self._whole = Counts(), Counts()
        self._untold: Counts | None = None
        self.watch = Watch(_every(contract, *others).values(), stuck_s)
        self._swept_s = started_s

    # --- hearing ------------------------------------------------------------------------------

    def answered(  # noqa: PLR0913  # the engine's `Listener`
        self,
        exchange: Exchange,
        *,
        due_s: float,
        sent_s: float,
        name: str,
        code: str | None,
        ok: bool,
    ) -> None:
        """Count one attempt."""
        request, answer, latency_s = exchange.request, exchange.answer, exchange.duration_s
        received_bytes = 0
        if type(answer) is Response:
            received_bytes = answer.size_bytes or len(answer.body)
        elif type(answer) is Unsent:
            add(self._new.named(name).unsent, answer.reason.value)
            return
        ended_s = exchange.started_s + latency_s
        if ended_s > self._ended_s:  # noqa: PLR1730  # a call of `max` is a twentieth of all this costs
            self._ended_s = ended_s
        second = int(ended_s + self._offset_s)
        if second != self._second:
            self._turn(second)
        batch = self._batches.get(name) or self._batch(name, request)
        batch.sent_bytes += len(request.body)
        batch.received_bytes += received_bytes
        batch.latency_s.append(latency_s)
        batch.late_s.append(sent_s - due_s)
        if not ok:
            ok = self._amiss(exchange, name, code)
        if batch.of_jobs or request.spends:
            self._follow(exchange, ok=ok)
        if len(batch.latency_s) >= _BATCH:
            batch.count(name, second, self._new)

    def _batch(self, name: str, request: Request) -> Batch:
        of_jobs = request.operation is None or request.operation in self.watch.operations
        made = self._batches[name] = Batch(request.method, of_jobs=of_jobs)
        return made

    def _amiss(self, exchange: Exchange, name: str, code: str | None) -> bool:
        """Count a failure; a file that came is none, though no contract says what is in it."""
        answer = exchange.answer
        if isinstance(answer, Response) and exchange.request.purpose is _MEDIA and _came(answer):
            return True
        named, row = self._new.named(name), self._new.timeline.row(self._second)
        named.failures += 1
        row.failures += 1
        if isinstance(answer, Fault):
            add(named.faults, answer.kind.value)
            add(row.codes, answer.kind.value)
        elif isinstance(answer, Response):
            told = code or f"HTTP {answer.status}"
            add(named.codes, told)
            add(row.codes, told)
        return False

    def _follow(self, exchange: Exchange, *, ok: bool) -> None:
        new, request = self._new, exchange.request
        if request.spends and ok:
            if request.credits is None:
                new.unpriced += 1
            else:
                microcredits = round(request.credits * 1e6)
                new.microcredits += microcredits
                new.timeline.row(self._second).microcredits += microcredits
        self.watch.heard(exchange, new, self._second, ok=ok)

    def ended(self, conversation: int) -> None:
        """An ask is over: what is still open of its jobs is told as stuck, lost or undelivered."""
        self.watch.ended(conversation, self._new, self._second)

    def arrivals(self, *, due: int, begun: int) -> None:
        """So many more were due, and so many of them were begun (open model)."""
        self._new.lateness.due += due
        self._new.lateness.begun += begun

    def busy(self, share: float) -> None:
        """The generator used that share of its core; the busiest moment or worker counts."""
        self._whole.busy(share)
        if self._untold is not None:
            self._untold.busy(share)

    # --- adding up ----------------------------------------------------------------------------

    def _turn(self, second: int) -> None:
        """A second is over: count what came in it."""
        self._count()
        self._second = second
        if self._ended_s - self._swept_s >= SWEEP_S:
            self._swept_s = self._ended_s
            self.watch.sweep(self._ended_s, self._new, second)

    def _count(self) -> None:
        for name, batch in self._batches.items():
            if batch.latency_s:
                batch.count(name, self._second, self._new)

    def counts(self) -> Counts:
        """Everything so far."""
        self._count()
        new = self._new
        if new.timeline.rows or new.lateness.due:
            new.began_at, new.ended_at = self._began_at, self._ended_s + self._offset_s
        self._take(new)
        self._new = Counts()
        self._batches.clear()
        return self._whole

    def _take(self, more: Counts) -> None:
        self._whole.merge(more)
        if self._untold is not None:
            self._untold.merge(more)

    def merge(self, other: Self) -> None:
        """Count what the other one has counted."""
        self.counts()
        self._take(other.counts())

    def delta(self) -> Json:
        """What was counted since this was last asked, for `apply` elsewhere."""
        whole = self.counts()
        told = whole if self._untold is None else self._untold
        found = told.to_json()
        self._untold = Counts()
        return found

    def apply(self, delta: Json) -> None:
        """Count what a `delta` tells; a wrong one is a `UsageError` and changes nothing."""
        more = Counts.from_json(delta)
        self.counts()
        self._take(more)

    def to_json(self) -> Json:
        """As plain data."""
        return self.counts().to_json()

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """What `to_json` wrote; anything else is a `UsageError`."""
        made = cls()
        made.apply(told)
        return made

    # --- questions ----------------------------------------------------------------------------

    @property
    def names(self) -> Mapping[str, Named]:
        """The counts of each name."""
        return self.counts().names

    @property
    def timeline(self) -> Timeline:
        """What happened in each second."""
        return self.counts().timeline

    @property
    def jobs(self) -> Jobs:
        """What became of the jobs."""
        return self.counts().jobs

    @property
    def lateness(self) -> Lateness:
        """How late the generator was."""
        return self.counts().lateness

    @property
    def requests(self) -> int:
        """How many were sent."""
        return metrics.requests(self.counts())

    @property
    def failures(self) -> int:
        """How many came to no good answer."""
        return metrics.failures(self.counts())

    @property
    def credits(self) -> float:
        """Spent, as far as prices are known."""
        return self.counts().microcredits / 1e6

    def metric(self, subject: str) -> float | None:
        """What an objective speaks of, in its base unit; None: nothing was measured."""
        return metrics.metric(self.counts(), subject)

    def served(self, subject: str) -> float | None:
        """The same with times from when a request was sent: without the generator's lateness."""
        return metrics.metric(self.counts(), subject, served=True)

    def bottleneck(self) -> Text | None:
        """Why no verdict can be given on these figures; None: the generator kept up."""
        counts = self.counts()
        median_s = counts.latency().percentile(0.5)
        return lateness.bottleneck(counts.lateness, median_s, counts.busy_share)


_MEDIA = Purpose.MEDIA


def _every(*contracts: Contract | None) -> dict[str, Contract]:
    """By name: the contracts themselves, and those of the partners that they name."""
    given = [one for one in contracts if one is not None]
    partners = {name: one for contract in given for name, one in contract.partners.items()}
    return {**partners, **{one.name: one for one in given}}


def _came(answer: Response) -> bool:
    return 200 <= answer.status < 300  # noqa: PLR2004  # HTTP's own borders of success
