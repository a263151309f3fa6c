"""What does a metric of an objective come to: `p99 of job.total`, `failed jobs`, `code 1005`?

In base units: seconds, shares from 0 to 1, credits, numbers; `rate` is a second, `jobs per minute`
a minute. None: nothing was measured that it speaks of.
"""

from collections.abc import Callable, Mapping

from diagnostics.loading.counts import Counts, Named
from diagnostics.loading.histogram import Histogram
from diagnostics.loading.jobs import STAGES
from diagnostics.loading.lateness import LATE_PERCENTILE

_JOB = "job."
_MINUTE_S = 60.0


def metric(counts: Counts, subject: str, *, served: bool = False) -> float | None:
    """The value; None: nothing was measured. `served`: from when a request was sent, not due."""
    known = _PLAIN.get(subject)
    if known is not None:
        return known(counts)
    if subject.startswith("code "):
        return _share(_coded(counts, subject.removeprefix("code ").strip()), requests(counts))
    statistic, of, series = subject.partition(" of ")
    return _statistic(_series(counts, series, served=served), statistic) if of else None


def requests(counts: Counts) -> int:
    """All that were sent, whatever their name."""
    return sum(named.requests for named in counts.names.values())


def failures(counts: Counts) -> int:
    """Those that came to no good answer."""
    return sum(named.failures for named in counts.names.values())


def faults(counts: Counts) -> int:
    """Those that came to no answer at all."""
    return sum(sum(named.faults.values()) for named in counts.names.values())


def _coded(counts: Counts, code: str) -> int:
    """How many answered with that code, or that HTTP status: `429`, `HTTP 429`, `429/limit`."""
    return sum(
        number
        for named in counts.names.values()
        for told, number in named.codes.items()
        if code == told or code in told.removeprefix("HTTP ").split("/")
    )


def _series(counts: Counts, name: str, *, served: bool) -> Histogram:
    stage = name.removeprefix(_JOB)
    if name.startswith(_JOB) and stage in STAGES:
        found: Histogram = getattr(counts.jobs, stage)
        return found
    every = Histogram()
    for known, named in counts.names.items():
        if name in {"request", known}:
            every.merge(_times(named, served=served))
    return every


def _times(named: Named, *, served: bool) -> Histogram:
    return named.service if served else named.latency


def _statistic(histogram: Histogram, name: str) -> float | None:
    if name == "mean":
        return histogram.mean_s
    if name == "max":
        return histogram.most_s
    try:
        share = float(name.removeprefix("p")) / 100
    except ValueError:
        return None
    return histogram.percentile(share) if 0.0 <= share <= 1.0 else None


def _share(part: int, every: int) -> float | None:
    return part / every if every else None


def _per_s(number: int, counts: Counts) -> float | None:
    return number / counts.elapsed_s if counts.elapsed_s else None


def _cost(counts: Counts) -> float | None:
    """Of one job that was finished; unknown where a price is, for it would be told too low."""
    if counts.unpriced or not counts.jobs.done:
        return None
    return counts.microcredits / 1e6 / counts.jobs.done


def _per_minute(counts: Counts) -> float | None:
    a_second = _per_s(counts.jobs.done, counts)
    return None if a_second is None else a_second * _MINUTE_S


def _if_asked(number: Callable[[Counts], int]) -> Callable[[Counts], float | None]:
    """None where no job was asked for: nothing lost is no merit then."""

    def counted(counts: Counts) -> float | None:
        jobs = counts.jobs
        return float(number(counts)) if jobs.created or jobs.ended else None

    return counted


_PLAIN: Mapping[str, Callable[[Counts], float | None]] = {
    "failed requests": lambda counts: _share(failures(counts), requests(counts)),
    "failed jobs": lambda counts: _share(counts.jobs.unhappy, counts.jobs.ended),
    "faults": lambda counts: _share(faults(counts), requests(counts)),
    "cost per finished job": _cost,
    "duplicates": _if_asked(lambda counts: counts.jobs.doubled),
    "lost jobs": _if_asked(lambda counts: counts.jobs.lost),
    "stuck jobs": _if_asked(lambda counts: counts.jobs.stuck),
    "ambiguous creates": _if_asked(lambda counts: counts.jobs.ambiguous),
    "rate": lambda counts: _per_s(requests(counts), counts),
    "jobs per minute": _per_minute,
    "lateness": lambda counts: counts.lateness.late.percentile(LATE_PERCENTILE),
}
