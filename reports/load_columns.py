"""What happened under load, in as many columns as a picture or a table has room for?"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from diagnostics.loading.timeline import Bands, Timeline

EDGE_SHARE_MIN = 0.25
"""Of the first and the last second only a part belongs to the load; less than that tells no rate,
so they are joined to their neighbours."""
_MOMENT_MAX = 1e12
"""Seconds: whatever lies further from 1970 was measured by nobody."""


@dataclass(slots=True, kw_only=True)
class Column:
    """One stretch of time: some adjoining rows of the tally's timeline."""

    at_s: float
    """When it begins, since the start of the load."""
    width_s: float
    covered_s: float
    """How much of it belongs to the load."""
    requests: int = 0
    failures: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    latency: Bands = field(default_factory=Bands)
    late: Bands = field(default_factory=Bands)
    in_flight: int = 0
    """Jobs at its end."""
    credits: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.covered_s if self.covered_s > 0 else 0.0

    def join(self, other: "Column") -> None:
        """Take in the next one."""
        self.width_s += other.width_s
        self.covered_s += other.covered_s
        self.requests += other.requests
        self.failures += other.failures
        self.codes.update(other.codes)
        self.latency.merge(other.latency)
        self.late.merge(other.late)
        self.in_flight = other.in_flight
        self.credits += other.credits

    def percentile(self, share: float) -> float | None:
        """Of the latencies; None: nothing was answered."""
        return self.latency.percentile(share)


def columns(timeline: Timeline, *, most: int, began_at: float, lasted_s: float) -> list[Column]:
    """The whole timeline, silent seconds included, in `most` columns or fewer."""
    if not timeline.rows or not math.isfinite(lasted_s):
        return []
    first, last, width_s = min(timeline.rows), max(timeline.rows), timeline.width_s
    if not abs(first) < _MOMENT_MAX > width_s:
        return []
    if not -width_s < first - began_at <= max(lasted_s, 0.0):
        began_at = float(first)  # whoever wrote this has changed one of the two
    number = (last - first) // width_s + 1
    each = -(-number // most)
    made = [
        _empty(first + n * each * width_s - began_at, float(each * width_s), lasted_s)
        for n in range(-(-number // each))
    ]
    flying = dict(timeline.in_flight())
    for second in sorted(timeline.rows):
        _join(made[(second - first) // width_s // each], timeline, second, flying[second])
    _carry(made)
    return _joined(made)


def _empty(at_s: float, width_s: float, lasted_s: float) -> Column:
    end_s = at_s + width_s
    covered_s = min(end_s, lasted_s) - max(at_s, 0.0) if at_s < lasted_s else width_s
    return Column(
        at_s=at_s, width_s=width_s, covered_s=min(max(covered_s, 0.0), width_s), in_flight=-1
    )


def _join(column: Column, timeline: Timeline, second: int, flying: int) -> None:
    row = timeline.rows[second]
    column.requests += row.requests
    column.failures += row.failures
    column.codes.update(row.codes)
    column.latency.merge(row.latency)
    column.late.merge(row.late)
    column.credits += row.credits
    column.in_flight = max(flying, 0)


def _joined(made: list[Column]) -> list[Column]:
    """Without slivers at either end."""
    for last in (len(made) - 1, 1):
        slivers = [
            one for one in made[last - 1 : last + 1] if one.covered_s < EDGE_SHARE_MIN * one.width_s
        ]
        if len(made) > 1 and slivers:
            made[last - 1].join(made.pop(last))
    return made


def _carry(made: Sequence[Column]) -> None:
    """In a second in which nothing was answered as many jobs were under way as before."""
    before = 0
    for column in made:
        if column.in_flight < 0:
            column.in_flight = before
        before = column.in_flight
