"""How does a job live? Queued, running, over: by the clock, from a seed, bent by a fault plan."""

import math
import random
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from diagnostics.contract import Contract, first
from diagnostics.emulator.clips import Clip, wanted
from diagnostics.emulator.faults import JobFault
from diagnostics.emulator.overload import PLAIN, Pressure
from diagnostics.emulator.pressing.floor import Floor
from diagnostics.emulator.reply import Reply
from diagnostics.model import Json
from diagnostics.promise import Job, Operation, State, StateKind

JOBS_MAX = 200_000
_QUEUE_S, _RUN_S = (5.0, 10.0), (40.0, 60.0)
_REPEATED_MAX = 1000
_DAY_S = 86_400.0
_SLACK_S = 1e-5
"""Sums of seconds since 1970 are no more exact than that."""
_ID_LENGTH_MIN, _ID_LENGTH_MAX = 12, 80
_HEX = frozenset("0123456789abcdef")
_ALPHABETS = (
    "".join(sorted(_HEX)),
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)
_REASON = "the emulated job failed"
_OVER = (StateKind.DONE, StateKind.READY)


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """One accepted create. `suffix` is the file type of its output."""

    id: str
    operation: Operation
    job: Job
    created_s: float
    queue_s: float
    run_s: float
    suffix: str
    fault: JobFault = field(default_factory=JobFault)
    given: Mapping[str, Json] = field(default_factory=dict)
    """What of the request its answers repeat."""
    deadline_s: float | None = None
    """When the provider ends it, as its create asked."""
    names: tuple[tuple[bytes, bytes], ...] = ()
    """What the documents call the parts of its create's address, and what it called them."""
    clip: Clip | None = None
    """What its output shows, where it is a clip of a film; None: a sample."""
    request: Json = None
    """The create's body, where the provider's own module words the answers."""
    closed: bool = False
    polls: int = 0
    answers: dict[tuple[str, str, bool, bool], bytes] = field(default_factory=dict)
    """Rendered answers by operation, state, whether the output is there, and whether it is gone."""

    told: tuple[float, str, Reply] | None = None
    """The last answer to a status call: until when it stays true, of which operation, and it."""

    @property
    def ends_s(self) -> float:
        """When it is over, if it ever is."""
        ends_s = self.created_s + self.queue_s + self.run_s
        return ends_s if self.deadline_s is None else min(ends_s, self.deadline_s)

    def poll(self, now_s: float) -> str:
        """The state a status call is told; the first polls may be lied to."""
        self.polls += 1
        if self.polls <= len(self.fault.polls):
            return self._named(self.fault.polls[self.polls - 1])
        return self.state(now_s)

    def repeated(self, operation: str, now_s: float) -> Reply | None:
        """What the last poll was told, if that still is the truth; counts this poll."""
        told = self.told
        if told is None or now_s >= told[0] or operation != told[1] or self.closed:
            return None
        self.polls += 1
        return told[2]

    def keep(self, operation: str, now_s: float, reply: Reply) -> None:
        """Remember what a poll was told, unless it was a lie."""
        if self.polls > len(self.fault.polls):
            self.told = self._same_until_s(now_s), operation, reply

    def _same_until_s(self, now_s: float) -> float:
        """When the next answer may differ."""
        over_s = self.ends_s
        days = self.job.lifetime_days
        kept_s = math.inf if days is None else days * _DAY_S
        lives = (kept_s, self.fault.lifetime_s or 0.0, self.fault.output_late_s, 0.0)
        begins_s = self.created_s + self.queue_s
        moments = (begins_s, begins_s + self.run_s, *(over_s + life_s for life_s in lives))
        return min((at_s for at_s in moments if at_s > now_s), default=math.inf) - _SLACK_S

    def state(self, now_s: float) -> str:
        """The value of the status field now."""
        if self.closed:
            return self._of(StateKind.CLOSED, StateKind.FAILED)
        deadline = self.job.deadline
        if deadline and self.deadline_s is not None and now_s >= self.deadline_s:
            value = self._lived(self.deadline_s)
            ends = {StateKind.PENDING: deadline.before, StateKind.RUNNING: deadline.running}
            return ends.get(self.kind(value) or StateKind.RUNNING, value)
        return self._lived(now_s)

    def _lived(self, now_s: float) -> str:
        """The same, as long as nobody ends it."""
        passed_s = now_s - self.created_s
        if self.fault.stuck is not None and passed_s >= self.queue_s:
            return self._named(self.fault.stuck)
        if passed_s < self.queue_s:
            return self._of(StateKind.PENDING, StateKind.RUNNING)
        if passed_s < self.queue_s + self.run_s and not self._ready_early:
            return self._of(StateKind.RUNNING, StateKind.PENDING)
        if self.fault.ends == "failed":
            return self._of(StateKind.FAILED)
        return self._of(*_OVER)

    @property
    def _ready_early(self) -> bool:
        """A session is ready as soon as it leaves the queue: there is nothing to render."""
        return not any(state.kind is StateKind.DONE for state in self.job.states.values())

    def kind(self, value: str) -> StateKind | None:
        """What a value means; None for one the provider never names."""
        known = self.job.states.get(value)
        return known.kind if known else None

    def gone(self, value: str, now_s: float) -> bool:
        """Whether the life of its output is over."""
        if self.kind(value) not in _OVER:
            return False
        days = self.job.lifetime_days
        kept_s = self.fault.lifetime_s
        if kept_s is None:
            kept_s = math.inf if days is None else days * _DAY_S
        return now_s >= self.ends_s + kept_s

    def delivers(self, value: str, now_s: float) -> bool:
        """Whether an answer in that state carries the output."""
        if self.kind(value) not in _OVER or self.fault.output == "missing":
            return False
        if self.job.removed and self.gone(value, now_s):
            return False
        return now_s >= self.ends_s + self.fault.output_late_s or self._ready_early

    def reason(self, value: str) -> str:
        """Why it failed, or why its output is gone; empty while all is well."""
        if self.kind(value) is StateKind.FAILED:
            return self.fault.reason or _REASON
        taken = self.kind(value) in _OVER and self.fault.output == "missing"
        return self.fault.reason if taken else ""

    def _named(self, name: str) -> str:
        """A state by its value, or by its kind (`running`)."""
        if name in self.job.states:
            return name
        for state in self.job.states.values():
            if state.kind.value == name:
                return state.value
        return name

    def _of(self, *kinds: StateKind) -> str:
        states: list[State] = list(self.job.states.values())
        for kind in kinds:
            for state in states:
                if state.kind is kind:
                    return state.value
        return states[-1].value


class Jobs:
    """Every job of one emulator, by its id and by the other ids its create answered with."""

    def __init__(
        self,
        contract: Contract,
        *,
        seed: int,
        speed: float,
        limit: int = JOBS_MAX,
        pressure: Pressure = PLAIN,
    ) -> None:
        self._contract = contract
        self._dice = random.Random(f"jobs:{seed}")
        self._speed = max(speed, 1e-6)
        self._limit = limit
        self.floor = Floor(pressure, seed=seed, speed=self._speed)
        self._by_id: OrderedDict[str, Work] = OrderedDict()  # its oldest is found at once
        self._clips = 0
        self._also: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Work]:
        return iter(self._by_id.values())

    def get(self, named: str) -> Work | None:
        """The job of that id, or of another id its create answered with."""
        return self._by_id.get(named) or self._by_id.get(self._also.get(named, ""))

    def latest(self, lookup: str, count: int, skip: int = 0) -> list[Work]:
        """The newest jobs that an operation lists, or those after so many."""
        fits = (w for w in reversed(self._by_id.values()) if w.job.lookup == lookup)
        return list(islice(fits, skip, skip + count))

    def new_id(self, like: Json = None) -> str:
        """An id of the documented one's shape; 24 hex digits where that is too short to tell."""
        shown = like if isinstance(like, str) else ""
        prefix, _, rest = shown.rpartition("_")
        if not _ID_LENGTH_MIN <= len(rest) <= _ID_LENGTH_MAX or not rest.isascii():
            return f"{self._dice.getrandbits(96):024x}"
        if not prefix and set(rest) <= _HEX:
            return f"{self._dice.getrandbits(4 * len(rest)):0{len(rest)}x}"
        letters = next((some for some in _ALPHABETS if set(rest) <= {*some, "-"}), _ALPHABETS[-1])
        made = "".join(one if one == "-" else self._dice.choice(letters) for one in rest)
        return f"{prefix}_{made}" if prefix else made

    def also(self, work: Work) -> str:
        """One more id for a job."""
        spare = self.new_id()
        self._also[spare] = work.id
        if len(self._also) > self._limit:
            del self._also[next(iter(self._also))]
        return spare

    def accept(  # noqa: PLR0913  # what is known of a create
        self,
        op: Operation,
        body: Json,
        now_s: float,
        fault: JobFault | None = None,
        *,
        within_s: float | None = None,
        at_once: bool = False,
    ) -> Work:
        """Start the job of an accepted create; `within_s`: how long it is given.

        `at_once`: it is over before its create is answered.
        """
        job = op.job
        assert job is not None  # noqa: S101  # only creates are accepted
        fault = fault or JobFault()
        queue_s, run_s = (0.0, 0.0) if at_once else self._length(fault, now_s)
        work = Work(
            id=self.new_id(first(op.answer, job.id)),
            operation=op,
            job=job,
            created_s=now_s,
            queue_s=queue_s,
            run_s=run_s,
            suffix=suffix(self._contract, op, job),
            fault=fault,
            given=_repeated(body),
            deadline_s=None if within_s is None else now_s + within_s,
            clip=self._clip(op, body, fault),
        )
        if len(self._by_id) >= self._limit:
            self.forget(next(iter(self._by_id)), now_s)
        self._by_id[work.id] = work
        self.floor.take(now_s, now_s + queue_s, _leaves_s(work))
        return work

    def _length(self, fault: JobFault, now_s: float) -> tuple[float, float]:
        """How long it queues and runs: as drawn, unless a plan has it otherwise."""
        drawn = self._dice.uniform(*_QUEUE_S), self._dice.uniform(*_RUN_S)
        if fault.queue_s is None and fault.run_s is None:
            return self.floor.length(drawn[0] / self._speed, drawn[1] / self._speed, now_s)
        queue_s = drawn[0] if fault.queue_s is None else fault.queue_s
        run_s = drawn[1] if fault.run_s is None else fault.run_s
        return queue_s / self._speed, run_s / self._speed

    def close(self, work: Work, now_s: float) -> None:
        """Cancel a job."""
        if not work.closed:
            self.floor.leave(now_s, _leaves_s(work))
        work.closed = True

    def _clip(self, op: Operation, body: Json, fault: JobFault) -> Clip | None:
        if self._contract.wider(op.id) != self._contract.roles.get("clip"):
            return None
        self._clips += 1
        return wanted(body, self._clips - 1, fault.clip)

    def forget(self, named: str, now_s: float = 0.0) -> None:
        """Delete a job."""
        work = self.get(named)
        if work is not None:
            if not work.closed:
                self.floor.leave(now_s, _leaves_s(work))
            del self._by_id[work.id]


def _leaves_s(work: Work) -> float | None:
    """When a job is no longer in flight; None: never."""
    return work.ends_s if work.fault.stuck is None else work.deadline_s


def _repeated(body: Json, depth: int = 1) -> dict[str, Json]:
    """The short plain values of a request, and of the objects in it."""
    found: dict[str, Json] = {}
    for name, value in islice(body.items() if isinstance(body, dict) else (), _REPEATED_MAX):
        if isinstance(value, dict) and depth:
            found[name] = _repeated(value, depth - 1)
        elif isinstance(value, str | int | float) and len(str(value)) <= _REPEATED_MAX:
            found[name] = value
    return found


_SUFFIX = re.compile(r"\.(mp4|png|jpe?g|webp|mp3|wav|m4a)(?:$|\?)", re.IGNORECASE)
_BY_WORD = (("image", "png"), ("voice", "mp3"), ("audio", "mp3"), ("speech", "mp3"))


def suffix(contract: Contract, op: Operation, job: Job) -> str:
    """The file type of a job's output: as documented, else by the name of its family."""
    for known in (contract.operations.get(job.read), op):
        shown = first(known.answer, job.output) if known else None
        found = _SUFFIX.search(shown) if isinstance(shown, str) else None
        if found:
            return found[1].lower()
    words = f"{job.family} {job.read}".lower()
    return next((kind for word, kind in _BY_WORD if word in words), "mp4")


def named_in(value: Any, depth: int = 6) -> Iterator[str]:
    """Every id that a request may name: its strings, split at commas."""
    if isinstance(value, str):
        yield from (part.strip() for part in value.split(",")[:1000])
    elif depth and isinstance(value, Mapping):
        for inner in value.values():
            yield from named_in(inner, depth - 1)
    elif depth and isinstance(value, list):
        for inner in value[:1000]:
            yield from named_in(inner, depth - 1)
