"""How does a load look over time? Paths of curves, bands and a heat map; a template draws them."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.loading.timeline import band_edge_s
from reports.load_columns import Column
from reports.words import Words

TONES = 6
"""Shades of the heat map, and colours of codes: beyond, the rest is one."""
HEAT_ROWS = 24
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How much room a chart has, in pixels."""

    name: str
    width: float
    left: float
    right: float
    columns: int
    tick_gap: float


WIDE = Layout(name="wide", width=960, left=66, right=950, columns=240, tick_gap=92)
NARROW = Layout(name="narrow", width=360, left=56, right=354, columns=90, tick_gap=74)
LAYOUTS = (WIDE, NARROW)
TOP = 10.0
FOOT = 22.0
HEIGHTS = {"plan": 64.0, "rate": 150.0, "codes": 110.0, "latency": 190.0, "jobs": 110.0}
HEAT_HEIGHT = 190.0

Step = tuple[float, float, float, float] | None
"""x from, x to, y below, y above; None: nothing was measured there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Values to pixels, upwards; `lines` are the values that get a line of the grid."""

    low: float
    high: float
    height: float
    lines: Sequence[float]
    log: bool = False

    def y(self, value: float) -> float:
        """Where a value stands, to a tenth of a pixel."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
        share = (value - low) / (high - low)
        return round(TOP + self.height * (1 - min(max(0.0, share), 1.0)), 1)


def linear(most: float, height: float) -> Axis:
    """From nought to a round number."""
    step = _round_step(max(most, 1e-9) / 3)
    number = max(1, math.ceil(most / step - 1e-9))
    lines = [step * n for n in range(number + 1)]
    return Axis(low=0.0, high=lines[-1], height=height, lines=lines)


def _round_step(least: float) -> float:
    scale = 10.0 ** math.floor(math.log10(least))
    return next(scale * n for n in (1, 2, 5, 10) if scale * n >= least * (1 - 1e-9))


def logarithmic(least: float, most: float, height: float) -> Axis:
    """Around the values; lines at 1, 2 and 5 while there is room."""
    low, high = max(least, 1e-7), max(most, least, 1e-7)
    low, high = low / 1.15, high * 1.15
    decades = math.log10(high / low)
    steps = next(steps for most_decades, steps in _LOG_LINES if decades <= most_decades)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [step * 10.0**n for n in range(first, last + 1) for step in steps]
    lines = [value for value in every if low <= value <= high]
    return Axis(low=low, high=high, height=height, lines=lines, log=True)


_LOG_LINES = ((1.5, (1.0, 2.0, 5.0)), (3.0, (1.0, 3.0)), (math.inf, (1.0,)))
"""Up to so many decades there is room for these lines in each."""


# --- paths ------------------------------------------------------------------------------------


def area(steps: Sequence[Step]) -> str:
    """What lies between two stepped lines, broken where nothing was measured."""
    return "".join(map(_closed, _stretches(steps)))


def line(steps: Sequence[Step]) -> str:
    """Only the upper of the two lines."""
    return "".join(f"M{run[0][0]:g} {run[0][3]:g}{_upper(run)}" for run in _stretches(steps))


def _stretches(steps: Sequence[Step]) -> Iterator[list[tuple[float, float, float, float]]]:
    run: list[tuple[float, float, float, float]] = []
    for step in [*steps, None]:
        if step is not None:
            run.append(step)
        elif run:
            yield run
            run = []


def _upper(run: Sequence[tuple[float, float, float, float]]) -> str:
    parts, at = [], run[0][3]
    for _, to, _, above in run:
        parts.append(f"{'' if above == at else f'V{above:g}'}H{to:g}")
        at = above
    return "".join(parts)


def _closed(run: list[tuple[float, float, float, float]]) -> str:
    back, at = [], run[-1][3]
    for start, _, below, _ in reversed(run):
        back.append(f"{'' if below == at else f'V{below:g}'}H{start:g}")
        at = below
    return f"M{run[0][0]:g} {run[0][3]:g}{_upper(run)}{''.join(back)}Z"


# --- panels -----------------------------------------------------------------------------------


class Charts:
    """All charts of one load in one layout: they share their axis of time."""

    def __init__(self, columns: Sequence[Column], layout: Layout, said: Words) -> None:
        self._columns, self._layout, self._said = columns, layout, said
        self._from_s = max(0.0, columns[0].at_s)
        self._to_s = columns[-1].at_s + columns[-1].width_s

    def _x(self, at_s: float) -> float:
        share = (at_s - self._from_s) / (self._to_s - self._from_s)
        room = self._layout.right - self._layout.left
        return round(self._layout.left + min(max(0.0, share), 1.0) * room, 1)

    def _steps(self, axis: Axis, *values: Sequence[float | None]) -> list[Step]:
        """Of (below, above) for each column; `None` in either leaves a gap."""
        found: list[Step] = []
        for column, below, above in zip(self._columns, *values, strict=True):
            if below is None or above is None:
                found.append(None)
                continue
            x = self._x(column.at_s), self._x(column.at_s + column.width_s)
            found.append((*x, axis.y(below), axis.y(above)))
        return found

    def plan(self, levels: Sequence[float]) -> dict[str, Any]:
        """What the profile asks for."""
        axis = linear(max(levels, default=0.0), HEIGHTS["plan"])
        steps = self._steps(axis, [0.0] * len(levels), levels)
        return self._panel("plan", axis, [("asked", area(steps)), ("asked-line", line(steps))])

    def rate(self) -> dict[str, Any]:
        """Answers a second: those that went well above those that failed."""
        whole = [column.rate for column in self._columns]
        failed = [
            column.rate * column.failures / column.requests if column.requests else 0.0
            for column in self._columns
        ]
        axis = linear(max(whole), HEIGHTS["rate"])
        bad = area(self._steps(axis, [0.0] * len(failed), failed))
        return self._panel(
            "rate", axis, [("good", area(self._steps(axis, failed, whole))), ("bad", bad)]
        )

    def codes(self, names: Sequence[str]) -> dict[str, Any]:
        """Failures a second by code, the most frequent at the bottom; `other` is all the rest."""
        stacked: list[tuple[str, list[float], list[float]]] = []
        below = [0.0] * len(self._columns)
        for number, name in enumerate(names, 1):
            above = [
                base + _code_rate(column, name, names)
                for base, column in zip(below, self._columns, strict=True)
            ]
            stacked.append((f"code{number}", below, above))
            below = above
        axis = linear(max(below), HEIGHTS["codes"])
        return self._panel(
            "codes", axis, [(name, area(self._steps(axis, *two))) for name, *two in stacked]
        )

    def latency(self) -> dict[str, Any] | None:
        """Bands from half of the answers to 99 of 100."""
        shares = (0.5, 0.9, 0.99)
        found = [[column.percentile(share) for column in self._columns] for share in shares]
        seen = [value for one in found for value in one if value is not None]
        if not seen:
            return None
        axis = logarithmic(min(seen), max(seen), HEIGHTS["latency"])
        least = [None if one is None else axis.low for one in found[0]]
        middle = self._steps(axis, least, found[0])
        shapes = [
            ("p99", area(self._steps(axis, found[1], found[2]))),
            ("p90", area(self._steps(axis, found[0], found[1]))),
            ("p50", area(middle)),
            ("p50-line", line(middle)),
        ]
        return self._panel("latency", axis, shapes, time=True)

    def jobs(self) -> dict[str, Any]:
        """Jobs under way at the end of each column."""
        flying = [float(column.in_flight) for column in self._columns]
        axis = linear(max(flying), HEIGHTS["jobs"])
        steps = self._steps(axis, [0.0] * len(flying), flying)
        return self._panel("jobs", axis, [("asked", area(steps)), ("asked-line", line(steps))])

    def heat(self) -> dict[str, Any] | None:
        """How many answers took how long, as shades."""
        bands = [band for column in self._columns for band in column.latency.counts]
        if not bands:
            return None
        low, high = min(bands), max(bands) + 1
        each = -(-(high - low) // HEAT_ROWS)
        rows = -(-(high - low) // each)
        grid = [_heat_column(column, low, each, rows) for column in self._columns]
        most = max(map(max, grid))
        edges = [band_edge_s(low + row * each) for row in range(rows + 1)]
        lines = logarithmic(edges[0], edges[-1], HEAT_HEIGHT).lines
        within = [one for one in lines if edges[0] <= one <= edges[-1]]
        axis = Axis(low=edges[0], high=edges[-1], height=HEAT_HEIGHT, lines=within, log=True)
        heights = [axis.y(edge) for edge in edges]
        paths = [""] * TONES
        for column, counts in zip(self._columns, grid, strict=True):
            left, right = self._x(column.at_s), self._x(column.at_s + column.width_s)
            for row, number in enumerate(counts):
                if number:
                    cell = f"M{left:g} {heights[row]:g}H{right:g}V{heights[row + 1]:g}H{left:g}Z"
                    paths[shade(number, most)] += cell
        shapes = [(f"heat{tone}", path) for tone, path in enumerate(paths, 1) if path]
        return self._panel("heat", axis, shapes, time=True)

    def marks(self, instants: Sequence[tuple[float, str]]) -> list[dict[str, Any]]:
        """Where something happened that the reader wants to see on every chart."""
        room = self._layout.right
        found = []
        for at_s, text in instants:
            x = self._x(at_s)
            found.append({"x": x, "text": text, "anchor": "end" if x > room * 0.6 else "start"})
        return found

    # --- what every chart has -----------------------------------------------------------------

    def _panel(
        self, name: str, axis: Axis, shapes: Sequence[tuple[str, str]], *, time: bool = False
    ) -> dict[str, Any]:
        shown = self._said.duration if time else self._said.number
        return {
            "name": name,
            "layout": self._layout.name,
            "width": self._layout.width,
            "left": self._layout.left,
            "right": self._layout.right,
            "bottom": TOP + axis.height,
            "top": TOP,
            "height": TOP + axis.height + FOOT,
            "lines": [{"y": axis.y(value), "text": shown(value)} for value in axis.lines],
            "ticks": self._ticks(),
            "shapes": [{"kind": kind, "path": path} for kind, path in shapes if path],
        }

    def _ticks(self) -> list[dict[str, Any]]:
        layout, whole_s = self._layout, self._to_s
        most = max(2, int((layout.right - layout.left) / layout.tick_gap))
        step_s = next((s for s in _SPANS_S if whole_s / s <= most), _days(whole_s / most))
        number = int(whole_s / step_s + 1e-9)
        ticks = []
        for n in range(number + 1):
            x = self._x(n * step_s)
            text = self._said.duration(n * step_s) if n else "0"
            anchor = "start" if not n else "end" if x > layout.right - 24 else "middle"
            ticks.append({"x": x, "text": text, "anchor": anchor})
        return ticks


_SPANS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600)
_DAY_S = 86_400.0


def _days(least_s: float) -> float:
    return math.ceil(least_s / _DAY_S) * _DAY_S


def _code_rate(column: Column, name: str, names: Sequence[str]) -> float:
    if name == OTHER:
        known = [one for one in names if one != OTHER]
        number = sum(column.codes.values()) - sum(column.codes[one] for one in known)
    else:
        number = column.codes[name]
    return column.rate * number / column.requests if column.requests else 0.0


def _heat_column(column: Column, low: int, each: int, rows: int) -> list[int]:
    counts = [0] * rows
    for band, number in column.latency.counts.items():
        counts[(band - low) // each] += number
    return counts


def shade(number: int, most: int) -> int:
    """Which of the shades: each is several times as many as the one before."""
    share = math.log1p(number) / math.log1p(most)
    return min(TONES - 1, int(share * TONES))


def charts(
    made: Callable[[Layout], Sequence[Column]],
    said: Words,
    codes: Sequence[str],
    level: Callable[[float], float] | None,
    instants: Sequence[tuple[float, str]],
) -> list[dict[str, Any]]:
    """Every chart that has something to show, each in both layouts."""
    found: dict[str, dict[str, Any]] = {}
    for layout in LAYOUTS:
        columns = made(layout)
        if not columns:
            return []
        drawn = Charts(columns, layout, said)
        panels = [drawn.rate(), drawn.latency(), drawn.jobs(), drawn.heat()]
        if codes:
            panels.insert(1, drawn.codes(codes))
        if level is not None:
            asked = [level(max(0.0, one.at_s + one.width_s / 2)) for one in columns]
            panels.insert(0, drawn.plan(asked))
        for panel in filter(None, panels):
            panel["marks"] = drawn.marks(instants)
            chart = found.setdefault(panel["name"], {"name": panel["name"], "layouts": []})
            chart["layouts"].append(panel)
    return list(found.values())
