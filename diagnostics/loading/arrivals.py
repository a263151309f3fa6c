"""When is the next request due? The arrivals of an open model, following the stages of a profile.

The stages give a rate at every moment; its integral says how many arrivals are expected until then.
An arrival is a point on that scale (every whole number, or a Poisson process of rate 1), and its
time is where the integral reaches the point: ramps cost nothing and lose nothing to rounding.

A stream is told apart by `(index, count)`. Constant arrivals are dealt out in turn; a Poisson
stream of a `count`-th of the rate has a seed of its own. Either way the union of all streams has
the whole rate, and whoever takes over a stream goes on with it exactly where it stood (`skip`).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from random import Random

from diagnostics.loading.profile import Arrival, Profile, Share, Stage

_NEARLY = 1e-9
"""The last arrival of a whole number of them must not come from a rounding error."""

_GOLDEN = (math.sqrt(5) - 1) / 2
"""Spreads the beginnings of several mixers, so that not all of them ask for the same first."""


class Curve:
    """Expected arrivals until a moment, and the moment at which so many are expected."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._starts_s: list[float] = []
        self._before: list[float] = []
        self._lines: list[tuple[float, float, float]] = []
        at_s = level = total = 0.0
        for stage in stages:
            if stage.duration_s > 0:
                self._starts_s.append(at_s)
                self._before.append(total)
                self._lines.append((level, stage.level, stage.duration_s))
                total += (level + stage.level) / 2 * stage.duration_s
                at_s += stage.duration_s
            level = stage.level
        self.total, self.duration_s = total, at_s

    def until(self, at_s: float) -> float:
        """How many are expected before that moment."""
        place = bisect_right(self._starts_s, at_s) - 1
        if place < 0:
            return 0.0
        low, high, duration_s = self._lines[place]
        since_s = min(at_s - self._starts_s[place], duration_s)
        return self._before[place] + (low + (high - low) * since_s / duration_s / 2) * since_s

    def moment(self, expected: float) -> float:
        """When so many are expected: the inverse of `until`."""
        place = max(0, bisect_right(self._before, expected) - 1)
        low, high, duration_s = self._lines[place]
        more = expected - self._before[place]
        slope = (high - low) / duration_s
        root = low + math.sqrt(max(0.0, low * low + 2 * slope * more))
        return self._starts_s[place] + (min(2 * more / root, duration_s) if root > 0 else 0.0)


class Schedule:
    """The arrival times of one stream, in seconds from the start. Knows no clock: it is told."""

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        arrival: Arrival = Arrival.CONSTANT,
        seed: int = 0,
        index: int = 0,
        count: int = 1,
    ) -> None:
        self._curve = Curve(stages)
        self._share = count
        self._random = Random(f"{seed}/{index}/{count}") if arrival is Arrival.POISSON else None
        self._point = float(index)
        if self._random:
            self._point = self._random.expovariate(1.0) * count
        self.next_s: float | None = None
        """When the next one is due; None: there is none left."""
        self._aim()

    @property
    def duration_s(self) -> float:
        """Of all stages."""
        return self._curve.duration_s

    @property
    def expected(self) -> float:
        """How many arrivals this stream has, on average."""
        return self._curve.total / self._share

    def due(self, now_s: float, most: int = 100_000) -> list[float]:
        """The arrivals that are due by now and were not told before; `most` of them at once."""
        found: list[float] = []
        while self.next_s is not None and self.next_s <= now_s and len(found) < most:
            found.append(self.next_s)
            self._step()
        return found

    def skip(self, until_s: float) -> int:
        """Leave out what was due before that moment, and say how many those were."""
        left_out = 0
        while self.next_s is not None and self.next_s < until_s:
            self._step()
            left_out += 1
        return left_out

    def _step(self) -> None:
        gap = self._random.expovariate(1.0) if self._random else 1.0
        self._point += gap * self._share
        self._aim()

    def _aim(self) -> None:
        left = self._point < self._curve.total - _NEARLY
        self.next_s = self._curve.moment(self._point) if left else None


class Mixer:
    """Whose turn is it? Keeps every share of a mix near its due at any moment, without dice."""

    def __init__(self, mix: Sequence[Share], *, index: int = 0, count: int = 1) -> None:
        whole = sum(share.weight for share in mix)
        self._mix = [(share, share.weight / whole) for share in mix]
        phase = index / count * _GOLDEN
        self._owed = [phase * (place + 1) % 1.0 for place in range(len(mix))]

    def next(self) -> Share:
        """The share that is owed most."""
        for place, (_, part) in enumerate(self._mix):
            self._owed[place] += part
        most = max(range(len(self._mix)), key=self._owed.__getitem__)
        self._owed[most] -= 1.0
        return self._mix[most][0]


def schedule(profile: Profile, *, seed: int = 0, index: int = 0, count: int = 1) -> Schedule:
    """The stream of one of `count` that share the arrivals of a profile."""
    return Schedule(profile.stages, arrival=profile.arrival, seed=seed, index=index, count=count)
