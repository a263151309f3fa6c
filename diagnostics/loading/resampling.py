"""How far could a figure be off by chance? Draws a load anew from its own stretches of time.

Neighbouring seconds of a load are alike (a queue fills, a queue drains), so single answers must not
be drawn one by one: that would call chance a difference. Whole stretches are drawn instead, the
circular block bootstrap (Politis and Romano, 1992). Where two loads followed the same profile the
same stretches of both are drawn, so that the shape of the profile is no noise.
"""

import math
import random
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

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

Vector = Sequence[int]
Packed = int
"""A vector as one long number, 64 bits a place: hundreds of places are added up at once."""
REQUESTS, FAILURES, JOBS, MICROCREDITS, SECONDS = range(5)
_FIXED = 5
_PLACE_BYTES = 8
_PLACE_MOST = 1 << 48
"""A thousand and more of these do not reach into the next place."""


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

    @property
    def places(self) -> int:
        """How many there are."""
        return self.first_band + self.high - self.low + 1

    def percentiles(self, vector: Vector, shares: Sequence[float]) -> list[float | None]:
        """Of the latencies counted in a vector."""
        seen = list(accumulate(vector[self.first_band :]))
        count = seen[-1]
        if not count:
            return [None] * len(shares)
        ranks = [math.ceil(share * count - 1e-9) for share in shares]
        return [band_edge_s(self.low + bisect_left(seen, rank) + 1) for rank in ranks]

    def pack(self, vector: Vector) -> Packed:
        """For adding up."""
        held = array("Q", [min(max(number, 0), _PLACE_MOST) for number in vector])
        return int.from_bytes(held.tobytes(), sys.byteorder)

    def unpack(self, packed: Packed) -> Vector:
        """What `pack` made, or the sum of several such."""
        size = self.places * _PLACE_BYTES
        kept = packed & ((1 << 8 * size) - 1)
        return array("Q", kept.to_bytes(size, sys.byteorder))


def layout(loads: Sequence[Counts], codes: Sequence[str]) -> Layout:
    """One that holds what any of them met."""
    rows = [row for load in loads for row in load.timeline.rows.values()]
    met = [band for row in rows for band in row.latency.counts]
    return Layout(codes=tuple(codes), low=min(met, default=0), high=max(met, default=0))


def stretches(counts: Counts, each_s: int, like: Layout) -> list[Packed]:
    """A vector for each stretch of that length, from the first second to the last."""
    rows = counts.timeline.rows
    if not rows:
        return []
    first, last = min(rows), max(rows)
    made = [[0] * like.places for _ in range((last - first) // each_s + 1)]
    for second, row in rows.items():
        vector = made[(second - first) // each_s]
        told = (row.requests, row.failures, row.over, row.microcredits, counts.timeline.width_s)
        for place, number in enumerate(told):
            vector[place] += number
        for place, code in enumerate(like.codes, _FIXED):
            vector[place] += row.codes.get(code, 0)
        for band, number in row.latency.counts.items():
            vector[like.first_band + band - like.low] += number
    return [like.pack(vector) for vector in made]


def length_s(loads: Sequence[Counts]) -> int:
    """How long a stretch is, the same for all: a row, or more where there are many rows."""
    width_s = max(load.timeline.width_s for load in loads)
    spans_s = [max(rows) - min(rows) + 1 for load in loads if (rows := load.timeline.rows)]
    return width_s * max(1, -(-max(spans_s, default=1) // (width_s * STRETCHES_MOST)))


def draws(
    before: Sequence[Packed], after: Sequence[Packed], *, paired: bool, seed: int
) -> Iterator[tuple[Packed, Packed]]:
    """Both loads, drawn anew again and again. `paired`: the same stretches of both."""
    drawn = random.Random(seed)
    both = min(len(before), len(after))
    runs = [_runs(one[:both] if paired else one) for one in (before, after)]
    for _ in range(DRAWS):
        first = _places(drawn, len(runs[0]))
        second = first if paired else _places(drawn, len(runs[1]))
        yield sum(runs[0][place] for place in first), sum(runs[1][place] for place in second)


def _runs(vectors: Sequence[Packed]) -> list[Packed]:
    """For each place the sum of the stretch that begins there and goes round the end."""
    count = len(vectors)
    return [
        sum(vectors[(start + step) % count] for step in range(_length(count)))
        for start in range(count)
    ]


def _length(count: int) -> int:
    return math.ceil(math.cbrt(count))


def _places(drawn: random.Random, count: int) -> list[int]:
    return [drawn.randrange(count) for _ in range(math.ceil(count / _length(count)))]


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

    def draws(self, share: float, *, seed: int, spread: float) -> list[float]:
        """That percentile, again and again."""
        drawn, count = random.Random(seed), self._ranks[-1]
        middle, apart = share * count, math.sqrt(share * (1 - share) * count * spread)
        ranks = (min(max(drawn.gauss(middle, apart), 1.0), count) for _ in range(DRAWS))
        return [self._edges[bisect_left(self._ranks, rank)] for rank in ranks]

    def beyond(self, share: float, spread: float) -> float:
        """How many independent values stand behind the percentile, on its thinner side."""
        return min(share, 1 - share) * self._histogram.count / spread
