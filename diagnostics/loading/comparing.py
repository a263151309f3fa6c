"""What differs between two loads, and what of it is only noise?

A figure differs when chance does not explain it (`resampling`) and when it differs by so much that
anybody would care. What varies from run to run (a warm cache, a neighbour on the machine) is in no
single run: whoever has to be sure runs each of them several times.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.loading import comparable, resampling
from diagnostics.loading.counts import Counts
from diagnostics.loading.histogram import Histogram
from diagnostics.loading.jobs import STAGES
from diagnostics.loading.resampling import Ranked, Vector
from diagnostics.loading.result import Load
from diagnostics.model import Text, Verdict

MATTERS = 0.05
"""A time or a rate that differs by less is the same for everybody who plans with it."""
SHARE_MATTERS = 0.002
"""Of all requests or jobs: two in a thousand."""
BEYOND_MIN = 5.0
"""Fewer values beyond a percentile make it the luck of a few."""
CODES_MOST = 12
NAMES_MOST = 20
SEED = 5
_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


class Effect(StrEnum):
    """What a difference comes to."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    """Surely less apart than matters."""
    NOISE = "noise"
    """Chance explains it."""
    UNKNOWN = "unknown"
    """Too little was measured to tell."""


class Kind(StrEnum):
    """What is measured, and so how a change of it is told."""

    TIME = "time"
    RATE = "rate"
    SHARE = "share"
    COST = "cost"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of both loads. Of a share `change` is a difference, else a ratio less one."""

    subject: str
    kind: Kind
    before: float | None
    after: float | None
    effect: Effect
    change: float | None = None
    low: float | None = None
    """Where the change may lie, in 99 of 100 cases."""
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two loads beside each other."""

    before: Load
    after: Load
    differences: tuple[Difference, ...]
    remarks: tuple[Text, ...] = ()
    comparable: bool = True
    """False: the loads were not the same, or one of them measured its own generator."""

    @property
    def verdict(self) -> Verdict:
        """Whether anything got worse."""
        told = {one.effect for one in self.differences} - {Effect.UNKNOWN}
        if not self.comparable or not told:
            return Verdict.INCONCLUSIVE
        return Verdict.FAIL if Effect.WORSE in told else Verdict.PASS


def compare(before: Load, after: Load) -> Comparison:
    """The second beside the first. A damaged tally is a `UsageError`."""
    counts = Counts.from_json(before.tally), Counts.from_json(after.tally)
    grave = tuple(comparable.grave(before, after, counts))
    paired = not grave and _alike(before.duration_s, after.duration_s)
    return Comparison(
        before=before,
        after=after,
        differences=tuple(_Pair(*counts, paired=paired).differences()),
        remarks=(*grave, *comparable.light(before, after)),
        comparable=not grave,
    )


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= 0.1 * max(one, other)  # ten percent


# --- figures --------------------------------------------------------------------------------------


class _Pair:
    """Both loads, counted; every figure of one beside that of the other."""

    def __init__(self, before: Counts, after: Counts, *, paired: bool) -> None:
        self._both = (before, after)
        self._latency = (before.latency(), after.latency())
        codes = _codes(before, after)
        self._layout = resampling.layout(self._both, codes)
        each_s = resampling.length_s(self._both)
        parts = [resampling.stretches(one, each_s, self._layout) for one in self._both]
        self._enough = min(map(len, parts)) >= resampling.STRETCHES_MIN
        drawn = resampling.draws(*parts, paired=paired, seed=SEED) if self._enough else ()
        unpack = self._layout.unpack
        self._draws = [(unpack(one), unpack(other)) for one, other in drawn]
        self._whole = [unpack(sum(one)) for one in parts]
        self._paired = paired
        self._times = [self._percentiles(one, other) for one, other in self._draws]
        self._spread = {name: self._spread_of(n) for n, name in enumerate(_SHARES)}

    def _percentiles(self, *vectors: Vector) -> list[list[float | None]]:
        return [self._layout.percentiles(one, tuple(_SHARES.values())) for one in vectors]

    def differences(self) -> Iterator[Difference]:
        """The most important first."""
        for number, (name, share) in enumerate(_SHARES.items()):
            before, after = (one.percentile(share) for one in self._latency)
            changes = _changes(Kind.TIME, [(one[number], two[number]) for one, two in self._times])
            yield _difference(f"{name} of request", Kind.TIME, before, after, changes)
        yield self._drawn("rate", Kind.RATE, _rate, more_is_better=True)
        yield self._drawn("failed requests", Kind.SHARE, _share(resampling.FAILURES))
        for place, code in enumerate(self._layout.codes, resampling.SECONDS + 1):
            yield self._drawn(f"code {code}", Kind.SHARE, _share(place))
        yield from self._jobs()
        for name in sorted(set(self._both[0].names) & set(self._both[1].names))[:NAMES_MOST]:
            times = [one.names[name].latency for one in self._both]
            yield from self._ranked(name, times)

    def _drawn(
        self,
        subject: str,
        kind: Kind,
        value: Callable[[Vector], float | None],
        *,
        more_is_better: bool = False,
    ) -> Difference:
        """One that can be read off every stretch of time."""
        before, after = map(value, self._whole)
        changes = _changes(kind, [(value(one), value(other)) for one, other in self._draws])
        return _difference(subject, kind, before, after, changes, more_is_better=more_is_better)

    def _jobs(self) -> Iterator[Difference]:
        jobs = [one.jobs for one in self._both]
        if not all(one.created for one in jobs):
            return
        yield self._drawn("jobs per minute", Kind.RATE, _jobs_rate, more_is_better=True)
        if all(one.microcredits and not one.unpriced for one in self._both):
            yield self._drawn("cost per finished job", Kind.COST, _cost)
        yield self._failed_jobs()
        for subject, name in _COUNTS.items():
            yield _counted(subject, *(max(0.0, float(getattr(one, name))) for one in jobs))
        for stage in reversed(STAGES):
            yield from self._ranked(f"job.{stage}", [getattr(one, stage) for one in jobs])

    def _failed_jobs(self) -> Difference:
        tried = [(one.jobs.unhappy, one.jobs.ended) for one in self._both]
        shares = [bad / ended if ended else None for bad, ended in tried]
        spread = max(self._spread.values())
        sides = [_drawn_share(*one, spread, seed) for seed, one in enumerate(tried)]
        changes = [after - before for before, after in zip(*sides, strict=False)]
        return _difference("failed jobs", Kind.SHARE, shares[0], shares[1], changes)

    def _ranked(self, series: str, times: Sequence[Histogram]) -> Iterator[Difference]:
        """Percentiles of what the timeline does not know apart."""
        if not all(one.count for one in times):
            return
        for name in ("p50", "p99"):
            share, spread = _SHARES[name], self._spread[name]
            ranked = [Ranked(one) for one in times]
            values = [one.percentile(share) for one in times]
            changes: list[float] = []
            if self._enough and min(r.beyond(share, spread) for r in ranked) >= BEYOND_MIN:
                sides = [r.draws(share, seed=n, spread=spread) for n, r in enumerate(ranked)]
                changes = _changes(Kind.TIME, list(zip(*sides, strict=True)))
            yield _difference(f"{name} of {series}", Kind.TIME, values[0], values[1], changes)

    def _spread_of(self, number: int) -> float:
        """How many times more latencies vary than they would if each were on its own.

        Of loads with the same profile it is their difference that varies, and not its shape.
        """
        share = tuple(_SHARES.values())[number]
        drawn = [(one[number], other[number]) for one, other in self._times]
        both = [(math.log(one), math.log(other)) for one, other in drawn if one and other]
        if not both:
            return 1.0
        alone = [_alone(latency, share) for latency in self._latency]
        if self._paired:
            seen = resampling.deviation([other - one for one, other in both])
            return _clamped((seen / math.hypot(*alone)) ** 2)
        sides = map(resampling.deviation, zip(*both, strict=True))
        return _clamped(max((s / a) ** 2 for s, a in zip(sides, alone, strict=True)))


def _alone(latency: Histogram, share: float) -> float:
    """How far a percentile would scatter if each answer were on its own."""
    values = Ranked(latency).draws(share, seed=SEED, spread=1.0)
    return max(resampling.deviation([math.log(value) for value in values]), _RESOLUTION)


def _clamped(spread: float) -> float:
    return min(max(spread, 1.0), resampling.SPREAD_MOST)


_COUNTS = {
    "duplicates": "doubled",
    "lost jobs": "lost",
    "stuck jobs": "stuck",
    "ambiguous creates": "ambiguous",
}
_RESOLUTION = 1e-3
"""Of a histogram: its percentiles are known to a thousandth."""


def _codes(before: Counts, after: Counts) -> list[str]:
    found: Counter[str] = Counter()
    for counts in (before, after):
        for row in counts.timeline.rows.values():
            found.update(row.codes)
    return [code for code, _ in found.most_common(CODES_MOST)]


def _share(place: int) -> Callable[[Vector], float | None]:
    return lambda vector: (
        vector[place] / vector[resampling.REQUESTS] if vector[resampling.REQUESTS] else None
    )


def _rate(vector: Vector) -> float | None:
    return vector[resampling.REQUESTS] / (vector[resampling.SECONDS] or 1.0)


def _jobs_rate(vector: Vector) -> float | None:
    return 60 * vector[resampling.JOBS] / (vector[resampling.SECONDS] or 1.0)


def _cost(vector: Vector) -> float | None:
    jobs = vector[resampling.JOBS]
    return vector[resampling.MICROCREDITS] / 1e6 / jobs if jobs else None


def _drawn_share(bad: int, ended: int, spread: float, seed: int) -> list[float]:
    """The share of bad ones, drawn anew; with one more of each, since none seen is not none."""
    import random  # noqa: PLC0415  # nothing else needs it

    if not 0 <= bad <= ended or not ended:
        return []
    drawn, share = random.Random(seed), (bad + 1) / (ended + 2)
    scatter = math.sqrt(share * (1 - share) / ended * spread)
    return [drawn.gauss(bad / ended, scatter) for _ in range(resampling.DRAWS)]


# --- what a difference comes to -------------------------------------------------------------------


def _changes(kind: Kind, drawn: Sequence[tuple[float | None, float | None]]) -> list[float]:
    if kind is Kind.SHARE:
        return [after - before for before, after in drawn if before is not None is not after]
    return [after / before - 1 for before, after in drawn if before and after is not None]


def _difference(  # noqa: PLR0913  # both values, and what tells chance from change
    subject: str,
    kind: Kind,
    before: float | None,
    after: float | None,
    changes: Sequence[float],
    *,
    more_is_better: bool = False,
) -> Difference:
    made = Difference(subject=subject, kind=kind, before=before, after=after, effect=Effect.UNKNOWN)
    if before is None or after is None or len(changes) < resampling.DRAWS / 2:
        return made
    change = after - before if kind is Kind.SHARE else after / before - 1 if before else math.inf
    low, high = resampling.interval(changes)
    even = Effect.SAME if before == after else None
    return Difference(
        subject=subject,
        kind=kind,
        before=before,
        after=after,
        effect=even or _effect(kind, change, low, high, more_is_better=more_is_better),
        change=change,
        low=low,
        high=high,
    )


def _effect(kind: Kind, change: float, low: float, high: float, *, more_is_better: bool) -> Effect:
    matters = SHARE_MATTERS if kind is Kind.SHARE else MATTERS
    if -matters < low and high < matters:
        return Effect.SAME
    if low <= 0 <= high:
        return Effect.NOISE
    if abs(change) < matters:
        return Effect.SAME
    return Effect.BETTER if (change > 0) is more_is_better else Effect.WORSE


def _counted(subject: str, before: float, after: float) -> Difference:
    """Of rare events. One job created twice is one too many, and no chance excuses it."""
    if before == after:
        effect = Effect.SAME
    elif subject == "duplicates" and not before:
        effect = Effect.WORSE
    elif _chance(before, after) > 1 - resampling.SURE:
        effect = Effect.NOISE
    else:
        effect = Effect.WORSE if after > before else Effect.BETTER
    change = after / before - 1 if before else None
    return Difference(
        subject=subject,
        kind=Kind.COUNT,
        before=before,
        after=after,
        effect=effect,
        change=change,
    )


def _chance(one: float, other: float) -> float:
    """That as many events fall so unevenly on two loads alike (two-sided sign test)."""
    total, most = int(one + other), int(max(one, other))
    if total > 1000:  # noqa: PLR2004  # the normal curve is as good there, and quicker
        return math.erfc(abs(one - other) / math.sqrt(2 * total))
    upper = sum(math.comb(total, n) for n in range(most, total + 1))
    return min(1.0, float(2 * upper / 2**total))
