"""How far could a figure be off by chance? Draws a load anew from its own stretches of time.

Neighbouring seconds of a load are alike (a queue fills, a queue drains), so single answers must not
be drawn one by one: that would call chance a difference. Whole stretches are drawn instead, the
circular block bootstrap (Politis and Romano, 1992). Where two loads followed the same profile the
same stretches of both are drawn, so that the shape of the profile is no noise.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, islice
from operator import add

from diagnostics.loading.counts import Counts
from diagnostics.loading.histogram import Histogram, edge_s
from diagnostics.loading.timeline import band_edge_s

DRAWS = 1000
STRETCHES_MOST = 120
STRETCHES_MIN = 8
"""Fewer say nothing about how much a figure varies."""
SURE = 0.99
"""Of intervals: some thirty figures are compared at once, and one in twenty would mislead."""
SPREAD_MOST = 400.0

Vector = list[float]
REQUESTS, FAILURES, JOBS, MICROCREDITS, SECONDS = range(5)
_FIXED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a vector holds beside its fixed places: some codes, then a range of latency bands."""

    codes: tuple[str, ...]
    low: int
    high: int

    @property
    def first_band(self) -> int:
        """Where the bands begin."""
        return _FIXED + len(self.codes)

    def percentile(self, vector: Vector, share: float) -> float | None:
        """Of the latencies counted in a vector."""
        bands = vector[self.first_band :]
        rank = math.ceil(share * sum(bands) - 1e-9)
        for number, seen in enumerate(accumulate(bands)):
            if seen >= rank > 0:
                return band_edge_s(self.low + number + 1)
        return None


def layout(loads: Sequence[Counts], codes: Sequence[str]) -> Layout:
    """One that holds what any of them met."""
    rows = [row for load in loads for row in load.timeline.rows.values()]
    met = [band for row in rows for band in row.latency.counts]
    return Layout(codes=tuple(codes), low=min(met, default=0), high=max(met, default=0))


def stretches(counts: Counts, each_s: int, like: Layout) -> list[Vector]:
    """A vector for each stretch of that length, from the first second to the last."""
    rows = counts.timeline.rows
    if not rows:
        return []
    first, last = min(rows), max(rows)
    wide = like.first_band + like.high - like.low + 1
    made = [[0.0] * wide for _ in range((last - first) // each_s + 1)]
    for second, row in rows.items():
        vector = made[(second - first) // each_s]
        told = (row.requests, row.failures, row.over, row.microcredits, counts.timeline.width_s)
        for place, number in enumerate(told):
            vector[place] += number
        for place, code in enumerate(like.codes, _FIXED):
            vector[place] += row.codes.get(code, 0)
        for band, number in row.latency.counts.items():
            vector[like.first_band + band - like.low] += number
    return made


def length_s(loads: Sequence[Counts]) -> int:
    """How long a stretch is, the same for all: a row, or more where there are many rows."""
    width_s = max(load.timeline.width_s for load in loads)
    spans_s = [max(rows) - min(rows) + 1 for load in loads if (rows := load.timeline.rows)]
    return width_s * max(1, -(-max(spans_s, default=1) // (width_s * STRETCHES_MOST)))


def draws(
    before: Sequence[Vector], after: Sequence[Vector], *, paired: bool, seed: int
) -> Iterator[tuple[Vector, Vector]]:
    """Both loads, drawn anew again and again. `paired`: the same stretches of both."""
    drawn = random.Random(seed)
    both = min(len(before), len(after))
    runs = [_runs(one[:both] if paired else one) for one in (before, after)]
    for _ in range(DRAWS):
        first = _places(drawn, runs[0])
        second = first if paired else _places(drawn, runs[1])
        yield _sum(runs[0], first), _sum(runs[1], second)


def _runs(vectors: Sequence[Vector]) -> list[Vector]:
    """For each place the sum of the stretch that begins there and goes round the end."""
    count = len(vectors)
    length = math.ceil(count ** (1 / 3))
    return [
        reduce(_plus, (vectors[(start + step) % count] for step in range(length)))
        for start in range(count)
    ]


def _places(drawn: random.Random, runs: Sequence[Vector]) -> list[int]:
    length = math.ceil(len(runs) ** (1 / 3))
    return [drawn.randrange(len(runs)) for _ in range(math.ceil(len(runs) / length))]


def _sum(runs: Sequence[Vector], places: Sequence[int]) -> Vector:
    return reduce(_plus, (runs[place] for place in places))


def _plus(one: Vector, other: Vector) -> Vector:
    return list(map(add, one, other))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where all but one in a hundred of them lie."""
    ordered = sorted(values)
    cut = int(len(ordered) * (1 - SURE) / 2)
    return ordered[cut], ordered[-1 - cut]


def deviation(values: Sequence[float]) -> float:
    """How far they lie apart."""
    middle = sum(values) / len(values)
    return math.sqrt(sum((value - middle) ** 2 for value in values) / len(values))


class Ranked:
    """A histogram whose percentiles can be drawn anew, as if other jobs had been measured.

    A percentile drawn anew is the value at a rank that scatters as a binomial does. `spread` is how
    many times more the values vary than independent ones would.
    """

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        ordered = sorted(histogram.counts.items())
        self._edges = [edge_s(place + 1) for place, _ in ordered]
        self._ranks = list(accumulate(number for _, number in ordered))

    def draw(self, share: float, drawn: random.Random, spread: float) -> float:
        """That percentile, once."""
        from bisect import bisect_left  # noqa: PLC0415  # nothing else needs it

        count = self._ranks[-1]
        rank = drawn.gauss(share * count, math.sqrt(share * (1 - share) * count * spread))
        rank = min(max(rank, 1.0), float(count))
        return self._edges[bisect_left(self._ranks, rank)]

    def draws(self, share: float, *, seed: int, spread: float) -> list[float]:
        """That percentile, again and again."""
        drawn = random.Random(seed)
        return list(islice(_again(lambda: self.draw(share, drawn, spread)), DRAWS))

    def beyond(self, share: float, spread: float) -> float:
        """How many independent values stand behind the percentile, on its thinner side."""
        return min(share, 1 - share) * self._histogram.count / spread


def _again(make: Callable[[], float]) -> Iterator[float]:
    while True:
        yield make()
