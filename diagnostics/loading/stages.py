"""What do Locust's statistics say of jobs? Their stages, and what went wrong with them.

Read off the tally, which follows the jobs: times are exact to 0.1 %, as its histograms are, and
each job is told once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.loading.histogram import Histogram, edge_s
from diagnostics.loading.jobs import Jobs

STAGES = ("submit", "queue", "run", "fetch", "total")
WRONG = ("refused", "ambiguous", "failed", "lost", "stuck", "doubled", "undelivered")
TOTAL = "job.total"
_AT_ONCE_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of one job that is over; or, with an `error`, a job that came to nothing."""

    name: str
    duration_s: float = 0.0
    error: str = ""


class Stages:
    """Tells what is new since it was asked last."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._wrong: dict[str, int] = {}

    def news(self, jobs: Jobs) -> Iterator[Step]:
        """Each step that has ended since."""
        for stage in STAGES:
            for duration_s in self._new(stage, getattr(jobs, stage)):
                yield Step(name=f"job.{stage}", duration_s=duration_s)
        for wrong in WRONG:
            count = getattr(jobs, wrong)
            for _ in range(min(_AT_ONCE_MOST, count - self._wrong.get(wrong, 0))):
                yield Step(name=TOTAL, error=wrong)
            self._wrong[wrong] = max(count, self._wrong.get(wrong, 0))

    def _new(self, stage: str, histogram: Histogram) -> Iterator[float]:
        known, counts = self._counts.get(stage, {}), dict(histogram.counts)
        for place, count in counts.items():
            middle_s = (edge_s(place) + edge_s(place + 1)) / 2
            for _ in range(count - known.get(place, 0)):
                yield middle_s
        self._counts[stage] = counts
