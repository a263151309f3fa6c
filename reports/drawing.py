"""Where does each call of the story stand on the picture? Geometry only; a template draws it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from reports.phrases import Phrases, clipped
from reports.runs import runs, tone

ROWS_FIRST, ROWS_LAST = 26, 12
MARK_GAP = 6.5
BAR_WIDTH_MIN = 4.0
TICK_GAP = 74.0
CHARACTER = 7.1
"""Width of a character of the picture's text, generously."""
CROWDED = 9.0
"""Calls that would begin closer than this, in pixels, make the axis uneven: square roots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A wide picture has labels beside the bars, a narrow one above them."""

    name: str
    width: float
    left: float
    right: float
    row_height: float
    bar_top: float
    label_characters: int
    outcome_x: float
    outcome_characters: int


WIDE = Layout(
    name="wide",
    width=960,
    left=214,
    right=630,
    row_height=36,
    bar_top=10,
    label_characters=27,
    outcome_x=668,
    outcome_characters=37,
)
NARROW = Layout(
    name="narrow",
    width=360,
    left=2,
    right=356,
    row_height=62,
    bar_top=38,
    label_characters=20,
    outcome_x=172,
    outcome_characters=24,
)
LAYOUTS = {layout.name: layout for layout in (WIDE, NARROW)}
HEAD = 34.0


class Scale:
    """Time to x. True to scale unless calls would crowd; then long spans are shortened."""

    def __init__(self, cuts: Sequence[float], starts: Sequence[float], layout: Layout) -> None:
        self.cuts = sorted(set(cuts)) or [0.0]
        spans = [after - before for before, after in pairwise(self.cuts)]
        self.broken = _crowded(starts, sum(spans), layout)
        weights = [span**0.5 for span in spans] if self.broken else spans
        whole = sum(weights) or 1.0
        self.places = [layout.left]
        for weight in weights:
            step = weight / whole * (layout.right - layout.left)
            self.places.append(self.places[-1] + step)

    def x(self, at_s: float) -> float:
        """Where an instant stands, to a tenth of a pixel."""
        last = len(self.cuts) - 1
        if last == 0:
            return self.places[0]
        index = min(max(bisect_right(self.cuts, at_s) - 1, 0), last - 1)
        before, after = self.cuts[index], self.cuts[index + 1]
        share = min(max((at_s - before) / (after - before), 0.0), 1.0)
        width = self.places[index + 1] - self.places[index]
        return round(self.places[index] + share * width, 1)


def _crowded(starts: Sequence[float], whole_s: float, layout: Layout) -> bool:
    ordered = sorted(set(starts))
    gaps = [after - before for before, after in pairwise(ordered)]
    room = layout.right - layout.left
    return bool(gaps) and whole_s > 0 and min(gaps) / whole_s * room < CROWDED


def story(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sent lines of the scenario that shows the symptom, and the deciding ones of others."""
    rows = report["timeline"]
    shown = report["request"] or {}
    decisive = {at for one in report["because"] for at in one["evidence"]}
    scenario = next(
        (row["scenario"] for row in rows if row.get("position") == shown.get("position")), None
    )
    told = [row for row in rows if _belongs(row, scenario, decisive)]
    sent = [run for run in runs(told) if run["elided"] or run["ok"] is not None]
    while sent and sent[0]["elided"]:
        sent.pop(0)
    while sent and sent[-1]["elided"]:
        sent.pop()
    if len(sent) <= ROWS_FIRST + ROWS_LAST:
        return sent
    hidden = sent[ROWS_FIRST:-ROWS_LAST]
    count = sum(run["elided"] or run["count"] for run in hidden)
    return [*sent[:ROWS_FIRST], {"elided": count}, *sent[-ROWS_LAST:]]


def _belongs(row: Mapping[str, Any], scenario: str | None, decisive: set[int]) -> bool:
    if row["elided"] or not scenario:
        return True
    return row["scenario"] == scenario or row["position"] in decisive


def drawing(report: Mapping[str, Any], phrase: Phrases, layout: Layout) -> dict[str, Any] | None:
    """Everything the SVG template needs; None when nothing was sent."""
    told = story(report)
    sent = [run for run in told if not run["elided"]]
    if not sent:
        return None
    layout = _fitted(layout, max(len(label(run, phrase)) for run in sent))
    cuts = [edge for run in sent for edge in (run["offset_s"] or 0.0, run["end_s"])]
    cuts += [max(run["marks"][0] - (run["wait_s"] or 0.0), min(cuts)) for run in sent]
    scale = Scale(cuts, [run["marks"][0] for run in sent], layout)
    rows, top = [], HEAD
    for run in told:
        rows.append({"top": top, **_row(run, scale, phrase, layout)})
        top += layout.row_height
    return {
        "layout": layout,
        "width": layout.width,
        "height": round(top + 8, 1),
        "rows": rows,
        "ticks": _ticks(scale, phrase),
        "broken": scale.broken,
        "calls": sum(run["count"] for run in sent),
        "span_s": scale.cuts[-1] - scale.cuts[0],
    }


def _fitted(layout: Layout, longest: int) -> Layout:
    """Labels beside the bars take no more room than they need."""
    if layout.name != WIDE.name:
        return layout
    needed = min(longest, layout.label_characters) * CHARACTER + 24
    return replace(layout, left=min(max(needed, 96.0), layout.left))


def _row(run: dict[str, Any], scale: Scale, phrase: Phrases, layout: Layout) -> dict[str, Any]:
    words = phrase.words
    if run["elided"]:
        count = words.count("exchange", run["elided"])
        return {"elided": words.say("label.elided", count=count)}
    at_s = run["marks"][0]
    left, right = scale.x(at_s), scale.x(run["end_s"])
    wait_left = scale.x(at_s - (run["wait_s"] or 0.0))
    waited = words.duration(run["wait_s"]) if run["wait_s"] else ""
    fits = left - wait_left > CHARACTER * len(waited) + 8
    return {
        "elided": "",
        "position": run["position"],
        "label": clipped(label(run, phrase), layout.label_characters),
        "outcome": clipped(phrase.outcome(run), layout.outcome_characters),
        "full": f"{label(run, phrase)}: {phrase.outcome(run)}, {words.duration(run['duration_s'])}",
        "tone": tone(run),
        "x": left,
        "width": max(round(right - left, 1), BAR_WIDTH_MIN),
        "wait_x": wait_left,
        "wait": waited if waited and fits else "",
        "waits": left - wait_left > 2,  # noqa: PLR2004  # narrower than a dot
        "marks": _apart([scale.x(mark) for mark in run["marks"]]) if run["count"] > 1 else [],
    }


OURS = frozenset({"after", "balance", "host", "output"})
"""Labels with which scenarios mark their own requests: words of no reader's language."""


def label(run: Mapping[str, Any], phrase: Phrases) -> str:
    """`attempt 3`, `polls ×12`, `media file face.jpg`."""
    words = phrase.words
    if run["kind"] in {"create", "retry"}:
        return words.say("label.attempt_number", number=run["attempt"])
    name = words.name("kind", run["kind"])
    if run["count"] > 1:
        return f"{name} ×{run['count']}"
    tail: str = run["label"]
    if not tail or tail in OURS:
        tail = run["operation"] or run["path"].partition("?")[0].rsplit("/", 1)[-1]
    kind, colon, number = tail.partition(":")
    if kind in _STAGES and (not colon or number.isdigit()):
        return f"{words.name('cell', kind)} {number}".rstrip()
    return name if run["kind"] == "poll" else f"{name} {tail}"


_STAGES = frozenset({"script", "download", "film"})


def _apart(marks: Sequence[float]) -> list[float]:
    """Dots that do not melt into a line."""
    shown: list[float] = []
    for mark in marks:
        if not shown or mark - shown[-1] >= MARK_GAP:
            shown.append(mark)
    return shown


def _ticks(scale: Scale, phrase: Phrases) -> list[dict[str, Any]]:
    origin = scale.cuts[0]
    ticks: list[dict[str, Any]] = []
    end = scale.x(scale.cuts[-1])
    for cut in scale.cuts:
        x = scale.x(cut)
        close = bool(ticks) and x - ticks[-1]["x"] < TICK_GAP
        if close and (x != end or len(ticks) == 1):
            continue
        if close:
            ticks.pop()
        text = phrase.words.duration(cut - origin) if ticks else "0"
        ticks.append({"x": x, "text": text, "anchor": "middle"})
    ticks[0]["anchor"] = "start"
    if ticks[-1]["x"] == end and len(ticks) > 1:
        ticks[-1]["anchor"] = "end"
    return ticks
