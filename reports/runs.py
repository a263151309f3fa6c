"""Which lines of a timeline say the same over and over, and can stand as one?"""

from collections.abc import Iterable, Mapping
from typing import Any

ALIKE = ("kind", "operation", "path", "ok", "status", "code", "state", "fault")
ATTEMPTS = {"create", "retry"}
"""Each attempt stays a line of its own: they are what the report is about."""

Row = Mapping[str, Any]


def runs(timeline: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows in order; repeated ones of a conversation joined, gaps kept where they are.

    A run is its first row with `count`, `end_s` (offset of its end), `last_position` and `marks`
    (offsets of every call in it).
    """
    made: list[dict[str, Any]] = []
    current: dict[tuple[str, int], dict[str, Any]] = {}
    for row in timeline:
        if row["elided"]:
            made.append(dict(row))
            current.clear()
            continue
        voice = (row["scenario"], row["conversation"])
        run = current.get(voice)
        if run is not None and _alike(run, row):
            _join(run, row)
        else:
            current[voice] = _begin(row)
            made.append(current[voice])
    return made


def _alike(run: Row, row: Row) -> bool:
    if row["kind"] == "unsent" and row["position"] != run["last_position"] + 1:
        return False  # only some of those are kept, so what lies between cannot be counted
    return row["kind"] not in ATTEMPTS and all(run[name] == row[name] for name in ALIKE)


def _begin(row: Row) -> dict[str, Any]:
    at_s = row["offset_s"] or 0.0
    return {
        **row,
        "count": 1,
        "end_s": at_s + (row["duration_s"] or 0.0),
        "last_position": row["position"],
        "marks": [at_s],
    }


def _join(run: dict[str, Any], row: Row) -> None:
    at_s = row["offset_s"] or 0.0
    run["count"] += 1
    run["end_s"] = max(run["end_s"], at_s + (row["duration_s"] or 0.0))
    run["last_position"] = row["position"]
    run["marks"].append(at_s)


def tone(row: Row) -> str:
    """How a line went: good, bad, waiting, odd (a state nobody documents), idle (never sent)."""
    if row["ok"] is None:
        return "idle"
    if not row["ok"]:
        return "bad"
    if row["state"] is not None and row["kind"] == "poll":
        kinds = {None: "odd", "pending": "waiting", "running": "waiting"}
        return kinds.get(row["state_kind"], "good")
    return "good"
