"""What happened in each second: how many answers, which codes, how late, how many jobs?

A row a second, found by the second of the wall clock, so that the rows of several workers fall
together. A long load has wider rows: their width doubles before there are too many of them.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Self

from diagnostics.errors import UsageError
from diagnostics.loading.adding import Added
from diagnostics.loading.histogram import AS_WRITTEN, PLACES_PER_OCTAVE, edge_s, whole
from diagnostics.model import Json

ROWS_MOST = 1800
"""Half an hour by the second; beyond, each row holds two seconds, then four …"""
BANDS_PER_OCTAVE = 32
"""Rows know latency to 3 %: enough for a picture, and a hundred numbers a row at most."""
PLACES_PER_BAND = PLACES_PER_OCTAVE // BANDS_PER_OCTAVE
_BANDS = 37 * BANDS_PER_OCTAVE


def band_edge_s(band: int) -> float:
    """Where a band begins; it ends where the next one begins."""
    return edge_s(band * PLACES_PER_BAND)


class Bands:
    """A small histogram: how many answers took how long, in bands of 3 %."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    def add(self, places: Mapping[int, int]) -> None:
        """Count what stands at these places of a `Histogram`."""
        counts = self.counts
        for place, number in places.items():
            band = place // PLACES_PER_BAND
            counts[band] = counts.get(band, 0) + number

    def percentile(self, share: float) -> float | None:
        """What that share (0.99) does not exceed, up to 3 % too much; None: there is none."""
        rank = math.ceil(share * sum(self.counts.values()) - 1e-9)
        for band in sorted(self.counts):
            rank -= self.counts[band]
            if rank <= 0:
                return band_edge_s(band + 1)
        return None

    def merge(self, other: Self) -> None:
        """Add the other's."""
        for band, number in other.counts.items():
            self.counts[band] = self.counts.get(band, 0) + number

    def to_json(self) -> Json:
        """Band, number, band, number …"""
        return [number for pair in sorted(self.counts.items()) for number in pair]

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """What `to_json` wrote; anything else is a `ValueError` or a `TypeError`."""
        made = cls()
        made.counts = {
            whole(band, _BANDS): whole(number)
            for band, number in zip(told[::2], told[1::2], strict=True)
        }
        return made


class Row(Added):
    """One second, or as many as `Timeline.width_s`."""

    __slots__ = (
        "codes",
        "created",
        "failures",
        "late",
        "latency",
        "microcredits",
        "over",
        "requests",
    )

    def __init__(self) -> None:
        self.requests = self.failures = 0
        self.codes: dict[str, int] = {}
        """Failures by code, `HTTP 503` or kind of fault."""
        self.latency, self.late = Bands(), Bands()
        self.created = self.over = 0
        """Jobs that the provider took on, and jobs of which no more is awaited."""
        self.microcredits = 0

    @property
    def credits(self) -> float:
        """Spent in it."""
        return self.microcredits / 1e6


class Timeline:
    """The rows of a load, by the second of the wall clock at which they begin."""

    __slots__ = ("rows", "width_s")

    def __init__(self) -> None:
        self.width_s = 1
        self.rows: dict[int, Row] = {}

    def row(self, second: int) -> Row:
        """The row that holds this second."""
        found = self.rows.get(second - second % self.width_s)
        if found is None:
            self._fit(second)
            found = self.rows.setdefault(second - second % self.width_s, Row())
        return found

    def _fit(self, second: int) -> None:
        """Widen the rows until they are few enough, whichever seconds come first."""
        begin, end = min(self.rows, default=second), max(self.rows, default=second)
        begin, end = min(begin, second), max(end, second)
        while end // self.width_s - begin // self.width_s >= ROWS_MOST:
            self._widen(self.width_s * 2)

    def _widen(self, width_s: int) -> None:
        before, self.rows, self.width_s = self.rows, {}, width_s
        for second, row in before.items():
            begin = second - second % width_s
            if begin in self.rows:
                self.rows[begin].merge(row)
            else:
                self.rows[begin] = row

    def merge(self, other: Self) -> None:
        """Add the other's rows."""
        if other.width_s > self.width_s:
            self._widen(other.width_s)
        for second, row in other.rows.items():
            self.row(second).merge(row)

    def in_flight(self) -> Iterator[tuple[int, int]]:
        """How many jobs were under way at the end of each row."""
        number = 0
        for second, row in sorted(self.rows.items()):
            number += row.created - row.over
            yield second, number

    def to_json(self) -> Json:
        """As plain data."""
        rows = {str(second): row.to_json() for second, row in sorted(self.rows.items())}
        return {"width_s": self.width_s, "rows": rows} if rows else {}

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """What `to_json` wrote; anything else is a `UsageError`."""
        made = cls()
        try:
            made.width_s = whole(told["width_s"], _WIDTH_MOST_S, least=1)
            for second, row in dict(told["rows"]).items():
                made.row(int(second)).merge(Row.from_json(row))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise UsageError("that is no timeline of a load", hint=AS_WRITTEN) from error
        return made


_WIDTH_MOST_S = 1 << 40
