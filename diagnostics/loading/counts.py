"""What was counted under load: by name, by second, by job; and how all that adds up."""

import math
from collections.abc import Mapping
from operator import sub
from typing import Self

from diagnostics.errors import UsageError
from diagnostics.loading.adding import OTHER, Added, add
from diagnostics.loading.histogram import AS_WRITTEN, Histogram, whole
from diagnostics.loading.jobs import Jobs
from diagnostics.loading.lateness import Lateness
from diagnostics.loading.timeline import Timeline
from diagnostics.model import Json

SCHEMA = "diagnostics.tally/1"
NAMES_MOST = 500
_NAME_LENGTH_MAX = 200


class Named(Added):
    """All requests of one name."""

    __slots__ = (
        "codes",
        "failures",
        "faults",
        "latency",
        "methods",
        "received_bytes",
        "requests",
        "sent_bytes",
        "service",
        "unsent",
    )

    def __init__(self) -> None:
        self.requests = self.failures = 0
        self.codes: dict[str, int] = {}
        """Failures with an answer: by the provider's code, else `HTTP 503`."""
        self.faults: dict[str, int] = {}
        """Failures without one, by kind."""
        self.unsent: dict[str, int] = {}
        """Kept back by our own rules, and no request; by reason."""
        self.methods: dict[str, int] = {}
        self.sent_bytes = self.received_bytes = 0
        """Of bodies."""
        self.latency = Histogram()
        """From when it was due."""
        self.service = Histogram()
        """From when it was sent: what the provider itself took."""


class Counts:
    """What one process counted, or several together."""

    __slots__ = (
        "began_at",
        "busy_share",
        "ended_at",
        "jobs",
        "lateness",
        "microcredits",
        "names",
        "timeline",
        "unpriced",
    )

    def __init__(self) -> None:
        self.names: dict[str, Named] = {}
        self.timeline = Timeline()
        self.jobs = Jobs()
        self.lateness = Lateness()
        self.microcredits = self.unpriced = 0
        """Spent: a millionth of a credit each; and accepted paid calls whose price nobody names."""
        self.busy_share: float | None = None
        """Of its core, that the busiest generator used; None: nobody measured it."""
        self.began_at, self.ended_at = math.inf, -math.inf
        """By the wall clock: when the load began, and when the last answer came."""

    def named(self, name: str) -> Named:
        """The counts of that name; of a stranger's many names the last ones fall together."""
        found = self.names.get(name)
        if found is None:
            name = name[:_NAME_LENGTH_MAX]
            if name not in self.names and len(self.names) >= NAMES_MOST:
                name = OTHER
            found = self.names.setdefault(name, Named())
        return found

    def busy(self, share: float | None) -> None:
        """A generator used that share of its core; the busiest counts."""
        if share is not None:
            self.busy_share = max(share, self.busy_share or 0.0)

    def latency(self) -> Histogram:
        """Of all requests, whatever their name."""
        every = Histogram()
        for named in self.names.values():
            every.merge(named.latency)
        return every

    @property
    def elapsed_s(self) -> float:
        """From the beginning to the last answer."""
        return max(0.0, self.ended_at - self.began_at) if self.ended_at > -math.inf else 0.0

    def merge(self, other: Self) -> None:
        """Count what the other one has counted."""
        for name, named in other.names.items():
            self.named(name).merge(named)
        self.timeline.merge(other.timeline)
        self.jobs.merge(other.jobs)
        self.lateness.merge(other.lateness)
        self.microcredits += other.microcredits
        self.unpriced += other.unpriced
        self.busy(other.busy_share)
        self.began_at = min(self.began_at, other.began_at)
        self.ended_at = max(self.ended_at, other.ended_at)

    def to_json(self) -> Json:
        """As plain data."""
        return {
            "schema": SCHEMA,
            "began_at": self.began_at if math.isfinite(self.began_at) else None,
            "ended_at": self.ended_at if math.isfinite(self.ended_at) else None,
            "microcredits": self.microcredits,
            "unpriced": self.unpriced,
            "busy_share": self.busy_share,
            "names": {name: named.to_json() for name, named in sorted(self.names.items())},
            "timeline": self.timeline.to_json(),
            "jobs": self.jobs.to_json(),
            "lateness": self.lateness.to_json(),
        }

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """What `to_json` wrote; anything else is a `UsageError`."""
        made = cls()
        if not isinstance(told, dict) or told.get("schema") != SCHEMA:
            raise UsageError("that is no tally of a load", hint=AS_WRITTEN)
        try:
            made._take(told)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise UsageError("that tally of a load is damaged", hint=AS_WRITTEN) from error
        return made

    def _take(self, told: Mapping[str, Json]) -> None:
        self.began_at = _moment(told["began_at"], math.inf)
        self.ended_at = _moment(told["ended_at"], -math.inf)
        self.microcredits, self.unpriced = whole(told["microcredits"]), whole(told["unpriced"])
        self.busy(None if told["busy_share"] is None else _moment(told["busy_share"], 0.0))
        self.timeline = Timeline.from_json(told["timeline"]) if told["timeline"] else Timeline()
        self.jobs, self.lateness = (
            Jobs.from_json(told["jobs"]),
            Lateness.from_json(told["lateness"]),
        )
        for name, named in dict(told["names"]).items():
            self.named(str(name)).merge(Named.from_json(named))


def _moment(told: Json, missing: float) -> float:
    if told is None:
        return missing
    moment = float(told)
    if not abs(moment) < _MOMENT_MAX:
        raise ValueError
    return moment


_MOMENT_MAX = 1e12


class Batch:
    """The latest answers of one name within one second, not yet counted one by one."""

    __slots__ = ("late_s", "latency_s", "method", "of_jobs", "received_bytes", "sent_bytes")

    def __init__(self, method: str, *, of_jobs: bool) -> None:
        self.method, self.of_jobs = method, of_jobs
        self.latency_s: list[float] = []
        self.late_s: list[float] = []
        self.sent_bytes = self.received_bytes = 0

    def count(self, name: str, second: int, counts: Counts) -> None:
        """Count them all at once, which costs a third of what one at a time does."""
        number = len(self.latency_s)
        named, row = counts.named(name), counts.timeline.row(second)
        row.latency.add(named.latency.extend(self.latency_s))
        row.late.add(counts.lateness.late.extend(self.late_s))
        named.service.extend(list(map(sub, self.latency_s, self.late_s)))
        add(named.methods, self.method, number)
        named.requests += number
        row.requests += number
        named.sent_bytes += self.sent_bytes
        named.received_bytes += self.received_bytes
        self.latency_s.clear()
        self.late_s.clear()
        self.sent_bytes = self.received_bytes = 0
