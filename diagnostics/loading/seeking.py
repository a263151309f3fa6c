"""At which load does it break, and where is the limit? Watches a load while it runs.

`Breaking` looks at short slices of time: over a whole ramp the good minutes would hide the bad one.
`LimitSeeking` listens to every answer, for the first that tells of a limit and for what comes
through in the seconds after it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from diagnostics.contract import Contract
from diagnostics.drive.policy import asked_to_wait_s
from diagnostics.loading.counts import Counts
from diagnostics.loading.metrics import metric, requests
from diagnostics.loading.objectives import Judged, judge
from diagnostics.loading.profile import Model, Objective, Profile
from diagnostics.loading.result import Break, Limit
from diagnostics.model import Blame, Exchange, Response

SLICES = 30
"""Of a profile's time, so that a ramp is read to a thirtieth of its height."""
SLICE_S_MIN, SLICE_S_MAX = 0.5, 10.0
ENOUGH = 20
"""Requests; a share or a percentile of fewer says nothing."""
IN_A_ROW = 2
"""One bad slice may be chance."""
_UPPER = frozenset({"<", "<=", "=", "!="})
"""`rate > 100 /s` does not hold at the foot of a ramp, and that is no failure."""

LISTEN_S = 3.0
"""So long we go on after the first refusal: what still comes through is the limit a second."""
WINDOW_S = 60.0
_LIMIT_WORDS = ("ratelimit", "rate-limit", "retry-after")
_HEADERS_MOST, _HEADER_LENGTH_MOST = 12, 200
_ACCEPTED_MOST = 200_000
_THROTTLED = 429


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts, as an objective asks for them."""

    counts: Counts

    def metric(self, subject: str) -> float | None:
        """The value in its base unit."""
        return metric(self.counts, subject)


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of the load and how the objectives fared in it."""

    level: float
    at_s: float
    judged: tuple[Judged, ...]
    told: bool
    """Enough was measured."""


@dataclass(slots=True, kw_only=True)
class Breaking:
    """What was counted, slice by slice. `at_s` counts from the start of the load."""

    profile: Profile
    slice_s: float = 0.0
    _objectives: tuple[Objective, ...] = ()
    _slice: Counts = field(default_factory=Counts)
    _begun_s: float = 0.0
    _held: float | None = None
    _bad: list[Slice] = field(default_factory=list)
    found: Break | None = None
    judged: Judged | None = None
    """The objective that broke, with what was measured in the slice."""

    def __post_init__(self) -> None:
        planned_s = self.profile.duration_s / SLICES
        self.slice_s = self.slice_s or min(SLICE_S_MAX, max(SLICE_S_MIN, planned_s))
        self._objectives = tuple(o for o in self.profile.objectives if o.relation in _UPPER)

    def hear(self, counts: Counts, at_s: float) -> None:
        """What was counted since the last time."""
        self._slice.merge(counts)
        if self.found is None and at_s - self._begun_s >= self.slice_s:
            self._close(at_s)

    def _close(self, at_s: float) -> None:
        middle_s = (self._begun_s + at_s) / 2
        counted, self._slice = self._slice, Counts()
        self._begun_s = at_s
        if requests(counted) < ENOUGH:
            return
        measured = Measured(counted)
        judged = tuple(judge(one, measured) for one in self._objectives)
        bad = tuple(one for one in judged if one.ok is False)
        level = self.profile.level(min(middle_s, self.profile.duration_s * (1 - 1e-9)))
        if not bad:
            self._held = level if not self._bad else self._held
            self._bad.clear()
            return
        self._bad.append(Slice(level, middle_s, bad, told=True))
        self._decide()

    def _decide(self) -> None:
        """The same objective, several slices in a row: the first of them names the load."""
        latest = self._bad[-IN_A_ROW:]
        if len(latest) < IN_A_ROW:
            return
        first = self._bad[0]
        for one in first.judged:
            if all(_holds(one.objective, other) for other in latest):
                self.judged = one
                self.found = Break(
                    level=first.level,
                    unit="/s" if self.profile.model is Model.OPEN else "users",
                    at_s=first.at_s,
                    objective=one.objective.text,
                    value=one.value,
                    held_level=self._held,
                )
                return


def _holds(objective: Objective, bad: Slice) -> bool:
    return any(one.objective == objective for one in bad.judged)


# --- limits -----------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class LimitSeeking:
    """A listener of the engine. `level` is what the profile plans at a moment since the start."""

    contract: Contract
    start_s: float
    level: Callable[[float], float]
    duration_s: float = inf
    """Of the profile: afterwards nothing comes that could be let through."""
    _codes: frozenset[str] = frozenset()
    _accepted: dict[str, deque[float]] = field(default_factory=dict)
    _first: tuple[str, Exchange, str | None, float] | None = None

    def __post_init__(self) -> None:
        errors = self.contract.errors.items()
        self._codes = frozenset(code for code, e in errors if e.blame is Blame.RATE_LIMIT)

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
        """Accepted, refused by a limit, or something else."""
        ended_s = due_s + exchange.duration_s
        if ok:
            held = self._accepted.get(name)
            if held is None:
                held = self._accepted[name] = deque(maxlen=_ACCEPTED_MOST)
            held.append(ended_s)
        elif self._first is None and self._limited(exchange, code):
            self._first = (name, exchange, code, ended_s)

    def _limited(self, exchange: Exchange, code: str | None) -> bool:
        answer = exchange.answer
        if not isinstance(answer, Response):
            return False
        return code in self._codes or answer.status == _THROTTLED

    def found(self, now_s: float) -> Limit | None:
        """The limit, once it was listened to for long enough; None: not yet, or none."""
        if self._first is None or now_s < self._first[3] + self._listened_s:
            return None
        return self.limit()

    @property
    def _listened_s(self) -> float:
        """After the first refusal, in whole seconds: windows of a second are then whole as well."""
        left_s = self.start_s + self.duration_s - (self._first[3] if self._first else 0.0)
        return float(max(0, int(min(LISTEN_S, left_s))))

    def limit(self) -> Limit | None:
        """What is known of it by now."""
        if self._first is None:
            return None
        name, exchange, code, at_s = self._first
        answer = exchange.answer
        accepted = self._accepted.get(name, ())
        before = sum(at_s - WINDOW_S <= one <= at_s for one in accepted)
        listened_s = self._listened_s
        after = sum(at_s < one <= at_s + listened_s for one in accepted)
        wall_s = exchange.started_s + exchange.duration_s
        return Limit(
            name=name,
            status=answer.status if isinstance(answer, Response) else 0,
            code=code,
            at_s=at_s - self.start_s,
            level=self.level(at_s - self.start_s),
            accepted=before,
            window_s=min(WINDOW_S, max(0.0, at_s - self.start_s)),
            rate_per_s=after / listened_s if after else None,
            reset_s=asked_to_wait_s(self.contract, answer, wall_s),
            headers=_telling(answer.headers if isinstance(answer, Response) else ()),
        )


def _telling(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those that tell of limits, few and short."""
    found = [
        (name[:_HEADER_LENGTH_MOST], value[:_HEADER_LENGTH_MOST])
        for name, value in headers
        if any(word in name.lower() for word in _LIMIT_WORDS)
    ]
    return tuple(found[:_HEADERS_MOST])
