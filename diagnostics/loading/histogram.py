"""How long did it take, for each of millions, in a few kilobytes and to three digits?

A high-dynamic-range histogram: within each power of two, 1024 places of equal width, so that no
value is off by more than 0.1 %, be it a microsecond or a day. That is how a binary floating-point
number is written anyway, exponent before mantissa: a value's place is the upper bits of the value.
Histograms add up, in any order, to the histogram of all values.

The package `hdrhistogram` (0.10.8, with wheels) does the same; a value costs it 0.72 µs here and
each histogram 230 KB of counters, where this one takes 0.1 to 0.2 µs, since it counts values in
batches, and keeps only the places that were met.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from diagnostics.errors import UsageError
from diagnostics.model import Json

PLACES_PER_OCTAVE = 1024
LEAST_S = 2.0**-20
"""0.95 µs: what is shorter counts as this long."""
MOST_S = 2.0**17
"""A day and a half: what is longer counts as this long."""
_LAST_S = math.nextafter(MOST_S, 0)

_BATCH = 1024
_DROPPED = 52 - 10
"""Of the 52 bits of a mantissa the upper ten tell the place."""
_ORIGIN = (1023 - 20) * PLACES_PER_OCTAVE
PLACES = (17 + 20) * PLACES_PER_OCTAVE
AS_WRITTEN = "give what `diagnostics load` wrote, unchanged"
_COUNT_MAX = 1 << 62
"""More than anybody counts: whoever claims more wrote no histogram."""


def edge_s(place: int) -> float:
    """Where a place begins; it ends where the next one begins."""
    octave, part = divmod(place, PLACES_PER_OCTAVE)
    return math.ldexp(LEAST_S * (1 + part / PLACES_PER_OCTAVE), octave)


def _places(values_s: Sequence[float]) -> dict[int, int]:
    """How many of the values belong to which place; no duration belongs outside of them."""
    bits = array("Q", array("d", values_s).tobytes())
    found = Counter([one >> _DROPPED for one in bits])
    return {upper - _ORIGIN: number for upper, number in found.items()}


def _sane(values_s: Sequence[float]) -> list[float]:
    """With what is no duration (negative, endless, not a number) brought to where one is."""
    return [min(max(0.0, value), _LAST_S) for value in values_s]  # of 0 and NaN, `max` takes 0


def _from_least(found: dict[int, int]) -> dict[int, int]:
    """With all that is shorter than `LEAST_S` in the first place."""
    counted = {place: number for place, number in found.items() if place > 0}
    return {0: sum(found.values()) - sum(counted.values()), **counted}


class Histogram:
    """Counts durations."""

    __slots__ = ("_counts", "_most_s", "_new", "_number", "total_ns")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._new: list[float] = []
        self._number = 0
        self.total_ns = 0  # whole numbers add up the same in any order
        self._most_s = 0.0

    def record(self, value_s: float) -> None:
        """Count one."""
        self._new.append(value_s)
        if len(self._new) >= _BATCH:
            self._settle()

    def extend(self, values_s: Sequence[float]) -> Mapping[int, int]:
        """Count many at once; gives their places."""
        if not values_s:
            return {}
        found = _places(values_s)
        highest = max(found)
        if highest >= PLACES:
            return self.extend(_sane(values_s))
        if min(found) < 0:
            found = _from_least(found)
        self._add(found)
        self._number += len(values_s)
        self.total_ns += round(sum(values_s) * 1e9)
        if edge_s(highest + 1) > self._most_s:
            self._most_s = max(self._most_s, max(values_s))  # noqa: PLW3301  # never unpack thousands
        return found

    def _add(self, found: Mapping[int, int]) -> None:
        counts = self._counts
        for place, number in found.items():
            counts[place] = counts.get(place, 0) + number

    def _settle(self) -> None:
        if self._new:
            self.extend(self._new)
            self._new.clear()

    # --- questions ----------------------------------------------------------------------------

    @property
    def counts(self) -> Mapping[int, int]:
        """How many stand at which place."""
        self._settle()
        return self._counts

    @property
    def count(self) -> int:
        """How many there are."""
        return self._number + len(self._new)

    @property
    def most_s(self) -> float | None:
        """The longest, exactly."""
        self._settle()
        return self._most_s if self._number else None

    @property
    def total_s(self) -> float:
        """Of all together."""
        self._settle()
        return self.total_ns / 1e9

    @property
    def mean_s(self) -> float | None:
        """The average, exactly."""
        return self.total_s / self._number if self.count else None

    def percentile(self, share: float) -> float | None:
        """What that share (0.99) of the values does not exceed; off by 0.1 % at most, upwards."""
        return self.percentiles((share,))[0]

    def percentiles(self, shares: Iterable[float]) -> list[float | None]:
        """Several in one pass, in the order asked for."""
        self._settle()
        wanted = list(shares)
        if not self._number:
            return [None] * len(wanted)
        found: dict[float, float] = {}
        rising, seen = iter(sorted(self._counts.items())), 0
        place = 0
        for share in sorted(set(wanted)):
            rank = min(max(1, math.ceil(share * self._number - _ROUNDING)), self._number)
            while seen < rank:
                place, number = next(rising)
                seen += number
            found[share] = min(edge_s(place + 1), self._most_s)
        return [found[share] for share in wanted]

    def over(self, limit_s: float) -> int:
        """How many were longer, to within the width of a place."""
        return sum(number for place, number in self.counts.items() if edge_s(place) >= limit_s)

    # --- adding up, and travelling --------------------------------------------------------------

    def merge(self, other: "Histogram") -> None:
        """Count what the other one has counted."""
        self._settle()
        self._add(other.counts)
        self._number += other.count
        self.total_ns += other.total_ns
        self._most_s = max(self._most_s, other.most_s or 0.0)

    def to_json(self) -> Json:
        """As plain data: places that were met, and what is known exactly."""
        counts = sorted(self.counts.items())
        return {
            "count": self._number,
            "total_ns": self.total_ns,
            "most_s": self._most_s,
            "counts": [number for pair in counts for number in pair],
        }

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """What `to_json` wrote; anything else is a `UsageError`."""
        made = cls()
        try:
            made._take(told)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise UsageError("that is no histogram", hint=AS_WRITTEN) from error
        return made

    def _take(self, told: Json) -> None:
        self._number, self.total_ns = whole(told["count"]), whole(told["total_ns"])
        self._most_s = _seconds(told["most_s"])
        flat = told["counts"]
        self._counts = {
            whole(place, PLACES): whole(number, least=1)
            for place, number in zip(flat[::2], flat[1::2], strict=True)
        }
        if sum(self._counts.values()) != self._number:
            raise ValueError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it changes


_ROUNDING = 1e-9
"""0.07 * 100 is a little more than 7."""


def whole(told: Json, most: int = _COUNT_MAX, *, least: int = 0) -> int:
    """A whole number within bounds; anything else is a `ValueError`."""
    if not isinstance(told, int) or isinstance(told, bool) or not least <= told <= most:
        raise ValueError
    return told


def _seconds(told: Json) -> float:
    if not isinstance(told, int | float) or not 0 <= told <= MOST_S:
        raise ValueError
    return float(told)
