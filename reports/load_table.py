"""How does a load look as a table, a line a second, for a spreadsheet or another program?"""

import csv
import io
from collections.abc import Mapping
from typing import Any

NAME = "load.csv"
COLUMNS = (
    *("at_s", "width_s", "requests", "failures", "rate", "p50_s", "p90_s", "p99_s"),
    *("in_flight", "credits", "late_p99_s"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(load: Mapping[str, Any]) -> str:
    """Of the section `load` of a document; a column for each code that failed."""
    codes = sorted({code for row in load["seconds"] for code in row["codes"]})
    into = io.StringIO()
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow([*COLUMNS, *(f"failures {_inert(code)}" for code in codes)])
    for row in load["seconds"]:
        known = (_number(row[name]) for name in COLUMNS)
        writer.writerow([*known, *(row["codes"].get(code, 0) for code in codes)])
    return into.getvalue()


def _number(value: float | None) -> str:
    """Digits that say something; nothing where nothing was measured."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _inert(code: str) -> str:
    """A stranger's code must not become a formula, nor a line of its own."""
    return " ".join(code.split()).lstrip("".join(_FORMULA))
