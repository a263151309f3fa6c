"""What does an answer tell of which job, and what does that add to the counts?

Read off the exchanges in the contract's own words (`x-job`), one after the other, without a tape:
of each job under way a few numbers are kept. Times are those at which an answer told of it, so a
stage is known to within the poll interval.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diagnostics.contract import Contract, first
from diagnostics.drive.policy import ambiguous
from diagnostics.following.answer import Poll
from diagnostics.following.words import Status, status_of
from diagnostics.jobs import asked_id, at_once, identity, poll_of
from diagnostics.loading.adding import add
from diagnostics.loading.counts import Counts
from diagnostics.model import Exchange, Purpose
from diagnostics.promise import Job, Operation, State, StateKind

STUCK_S = 600.0
"""Unchanged for so long a job is stuck, where the contract does not say how long one may take."""
SWEEP_S = 5.0
_FAILED_MOST = 100_000
"""Asks whose create failed, if nobody says that they have ended."""
_RANKS = {StateKind.PENDING: 1, StateKind.RUNNING: 2}
_SUBMITTED, _QUEUED, _RUNNING, _DONE = range(4)
_MEDIA, _CALL = Purpose.MEDIA, Purpose.CALL
"""Names of the module's own: Python 3.11 takes its time with members of an enumeration."""
_GOOD = frozenset({StateKind.DONE, StateKind.READY})


class Live:
    """One job under way."""

    __slots__ = (
        "body",
        "changed_s",
        "conversation",
        "done_s",
        "due_s",
        "failing",
        "job",
        "key",
        "output",
        "since_s",
        "stage",
        "stuck",
        "value",
    )

    def __init__(self, job: Job, exchange: Exchange, due_s: float, key: str) -> None:
        self.job, self.key, self.due_s = job, key, due_s
        self.conversation, self.body = exchange.conversation, hash(exchange.request.body)
        self.since_s = self.changed_s = _end_s(exchange)
        self.done_s = 0.0
        self.stage, self.value, self.output = _SUBMITTED, "", ""
        self.stuck = self.failing = False


@dataclass(frozen=True, slots=True)
class Part:
    """What an operation has to do with jobs: it creates them, or tells of those of `creator`."""

    contract: Contract
    creator: Operation
    job: Job
    host: str
    reads: bool

    def key(self, job_id: str) -> str:
        """Of a job among those of all providers."""
        return f"{self.contract.name} {job_id}"


class Watch:
    """Follows the jobs of a load, by the contracts of all providers that are loaded."""

    def __init__(self, contracts: Iterable[Contract], stuck_s: float = STUCK_S) -> None:
        self._stuck_s = stuck_s
        self._by_key: dict[str, Live] = {}
        self._by_conversation: dict[int, list[Live]] = {}
        self._failed: dict[int, dict[int, tuple[float, bool]]] = {}
        """Of creates that failed, by conversation and body: first due when, and ambiguous."""
        self.operations: dict[str, list[Part]] = {}
        """Whoever answers to one of these, or with a result file, is to be `heard`."""
        for contract in contracts:
            for part in _parts(contract):
                self.operations.setdefault(part[0], []).append(part[1])

    def __len__(self) -> int:
        return len(self._by_key) + len(self._by_conversation) + len(self._failed)

    # --- what is heard ------------------------------------------------------------------------

    def heard(self, exchange: Exchange, counts: Counts, second: int, *, ok: bool) -> None:
        """One more answer."""
        request = exchange.request
        if request.purpose is _MEDIA:
            self._fetched(exchange, counts, second, ok=ok)
            return
        parts = self.operations.get(request.operation or "")
        if parts is None or request.purpose is not _CALL:
            return
        part = parts[0]
        if len(parts) > 1:  # two providers have operations of that name
            part = next((one for one in parts if request.url.startswith(one.host)), part)
        if part.reads:
            self._read(part, exchange, counts, second)
        else:
            self._create(part, exchange, counts, second, ok=ok)

    def _create(
        self, part: Part, exchange: Exchange, counts: Counts, second: int, *, ok: bool
    ) -> None:
        due_s = self._earlier(exchange, counts)
        if not ok:
            unknown = ambiguous(part.contract, exchange)
            counts.jobs.ambiguous += unknown
            counts.jobs.refused += not unknown
            self._remember(exchange, due_s, unknown=unknown)
            return
        counts.jobs.created += 1
        counts.timeline.row(second).created += 1
        counts.jobs.submit.record(_end_s(exchange) - due_s)
        job_id = identity(part.contract, part.creator, exchange)
        key = part.key(job_id or "")
        if job_id is None or key in self._by_key:  # no job of its own
            counts.jobs.lost += 1
            _over(counts, second)
            return
        live = self._began(Live(part.job, exchange, due_s, key), counts)
        if under_way(part.contract, part.job, exchange) is None:
            told = at_once(part.contract, part.creator, exchange)
            if told is not None:
                self._said(live, told, _end_s(exchange), counts, second)

    def _remember(self, exchange: Exchange, due_s: float, *, unknown: bool) -> None:
        if len(self._failed) >= _FAILED_MOST:
            del self._failed[next(iter(self._failed))]
        failed = self._failed.setdefault(exchange.conversation, {})
        failed[hash(exchange.request.body)] = due_s, unknown

    def _earlier(self, exchange: Exchange, counts: Counts) -> float:
        """When this create was first due: an attempt that failed before is taken back."""
        if not self._failed or exchange.conversation not in self._failed:
            return exchange.started_s
        failed = self._failed[exchange.conversation]
        due_s, unknown = failed.pop(hash(exchange.request.body), (exchange.started_s, None))
        if not failed:
            del self._failed[exchange.conversation]
        if unknown is False:
            counts.jobs.refused -= 1
        elif unknown:
            counts.jobs.risked += 1
        return due_s

    def _began(self, live: Live, counts: Counts) -> Live:
        others = self._by_conversation.setdefault(live.conversation, [])
        counts.jobs.doubled += any(one.body == live.body for one in others)
        others.append(live)
        self._by_key[live.key] = live
        return live

    def _read(self, part: Part, exchange: Exchange, counts: Counts, second: int) -> None:
        label = exchange.request.label
        live = self._by_key.get(part.key(label or asked_id(part.creator, exchange)))
        if live is None:
            return
        at_s, state = _end_s(exchange), under_way(part.contract, live.job, exchange)
        live.failing = False
        if state is not None:
            self._goes_on(live, state, at_s, counts, second)
            return
        told = poll_of(part.contract, live.job, exchange)
        live.failing = told is None
        if told is not None:
            self._said(live, told, at_s, counts, second)

    # --- what it means ------------------------------------------------------------------------

    def _goes_on(self, live: Live, state: State, at_s: float, counts: Counts, second: int) -> None:
        """Queued or running; a job that is told to be further back stays where it was."""
        self._named(live, state.value, at_s, counts, second)
        rank = _RANKS[state.kind]
        if rank > live.stage:
            if rank == _RUNNING:
                counts.jobs.queue.record(at_s - live.since_s)
                live.since_s = at_s
            live.stage = rank

    def _named(self, live: Live, value: str, at_s: float, counts: Counts, second: int) -> None:
        """Its state is called that; another word than before is news."""
        if value == live.value:
            return
        live.value, live.changed_s = value, at_s
        self._unstuck(live, counts, second)

    def _said(self, live: Live, told: Poll, at_s: float, counts: Counts, second: int) -> None:
        """A status answer that has to be read with care."""
        state, jobs = told.state, counts.jobs
        if state is None or not state.final:
            if state is None:
                self._named(live, told.value or "", at_s, counts, second)
            else:
                self._goes_on(live, state, at_s, counts, second)
            return
        self._unstuck(live, counts, second)
        if state.kind in _GOOD:
            self._done(live, told, at_s, counts, second)
        elif live.stage != _DONE:
            lost = status_of(state) is Status.NOT_FOUND
            jobs.lost += lost
            jobs.failed += not lost
            if not lost:
                add(jobs.codes, told.code or told.value or state.kind.value)
            self._forget(live, counts, second)

    def _done(self, live: Live, told: Poll, at_s: float, counts: Counts, second: int) -> None:
        if live.stage != _DONE:
            stage = counts.jobs.queue if live.stage == _QUEUED else counts.jobs.run
            stage.record(at_s - live.since_s)
            counts.jobs.done += 1
            live.stage, live.done_s = _DONE, at_s
        if not told.settled and told.done:  # the result is not there yet
            return
        if told.output is not None and told.output.startswith(("http://", "https://")):
            live.output = told.output
            return
        counts.jobs.total.record(at_s - live.due_s)
        self._forget(live, counts, second)

    def _fetched(self, exchange: Exchange, counts: Counts, second: int, *, ok: bool) -> None:
        """The result file came, or did not."""
        url, at_s = exchange.request.url, _end_s(exchange)
        for live in self._by_conversation.get(exchange.conversation, ()):
            if live.output == url and url:
                counts.jobs.fetched += ok
                counts.jobs.undelivered += not ok
                if ok:
                    counts.jobs.fetch.record(at_s - live.done_s)
                    counts.jobs.total.record(at_s - live.due_s)
                self._forget(live, counts, second)
                return

    # --- what is heard no more ----------------------------------------------------------------

    def ended(self, conversation: int, counts: Counts, second: int) -> None:
        """An ask is over: nobody asks for its jobs any more."""
        self._failed.pop(conversation, None)
        for live in list(self._by_conversation.get(conversation, ())):
            self._given_up(live, counts, second)
            self._forget(live, counts, second)

    def _given_up(self, live: Live, counts: Counts, second: int) -> None:
        self._unstuck(live, counts, second)
        if live.stage != _DONE:
            counts.jobs.lost += live.failing
            counts.jobs.stuck += not live.failing
        elif live.output:  # nobody wanted to fetch it
            counts.jobs.total.record(live.done_s - live.due_s)
        else:
            counts.jobs.undelivered += 1

    def sweep(self, at_s: float, counts: Counts, second: int) -> None:
        """Find what has not changed for too long."""
        for live in list(self._by_key.values()):
            if at_s - live.changed_s <= (live.job.most_s or self._stuck_s):
                continue
            if live.stage == _DONE:
                self._given_up(live, counts, second)
                self._forget(live, counts, second)
            elif not live.stuck:
                live.stuck = True
                counts.jobs.stuck += 1
                _over(counts, second)

    def _unstuck(self, live: Live, counts: Counts, second: int) -> None:
        """It moved after all."""
        if live.stuck:
            live.stuck = False
            counts.jobs.stuck -= 1
            _over(counts, second, -1)

    def _forget(self, live: Live, counts: Counts, second: int) -> None:
        del self._by_key[live.key]
        others = self._by_conversation[live.conversation]
        others.remove(live)
        if not others:
            del self._by_conversation[live.conversation]
        _over(counts, second)


def under_way(contract: Contract, job: Job, exchange: Exchange) -> State | None:
    """Pending or running, where the answer says just that: most polls do, and cost little then."""
    response = exchange.response
    if response is None:
        return None
    reading = contract.read(response, exchange.request.operation)
    body = reading.body
    if not reading.ok or not isinstance(body, dict):
        return None
    value = first(body, job.status)
    state = job.states.get(str(value)) if type(value) in _WORDS else None
    if state is None or state.kind not in _RANKS or body.get("error"):
        return None
    data = body.get("data")
    failing = isinstance(data, dict) and data.get("error")
    return None if failing or first(body, job.code) is not None else state


_WORDS = (str, int)


def _over(counts: Counts, second: int, number: int = 1) -> None:
    counts.jobs.over += number
    counts.timeline.row(second).over += number


def _end_s(exchange: Exchange) -> float:
    return exchange.started_s + exchange.duration_s


def _parts(contract: Contract) -> Iterator[tuple[str, Part]]:
    """By name: the operations that create jobs, and those that read their state."""
    creators = [op for op in contract.operations.values() if op.job is not None]
    for operation in creators:
        if operation.job is not None:
            yield (
                operation.id,
                Part(contract, operation, operation.job, operation.host, reads=False),
            )
    readers = {op.job.read: op for op in reversed(creators) if op.job is not None}
    for name, operation in readers.items():
        known = contract.operations.get(name)
        if known is not None and known.job is None and operation.job is not None:
            yield name, Part(contract, operation, operation.job, known.host, reads=True)
