"""Which findings carry a table (the addresses of seed 001), and how does it read?"""

from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.finding import Finding, Report
from reports.words import Words

ROWS_MAX = 200
CELL_MAX = 200


def tables(report: Report, said: Words) -> list[dict[str, Any]]:
    """One table a scenario: of its findings with rows, the one with the most."""
    made = []
    for outcome in report.outcomes:
        found = max(outcome.findings, key=lambda one: len(_rows(one)), default=None)
        rows = _rows(found) if found is not None else []
        if found is not None and rows:
            names = [str(name) for name in rows[0]]
            made.append(
                {
                    "scenario": outcome.scenario,
                    "title": found.message(said.language)[:1000],
                    "columns": names,
                    "heads": [said.name("column", name) for name in names],
                    "rows": [list(_cells(row, names, said)) for row in rows[:ROWS_MAX]],
                    "rows_total": len(rows),
                }
            )
    return made


def _rows(finding: Finding) -> list[Mapping[str, Any]]:
    rows = finding.facts.get("rows")
    if not isinstance(rows, list):
        return []
    return [row for row in rows if isinstance(row, Mapping)]


def _cells(row: Mapping[str, Any], names: list[str], said: Words) -> Iterator[str]:
    for name in names:
        value = row.get(name)
        text = "" if value is None else str(value)[:CELL_MAX]
        yield said.name("cell", text)
