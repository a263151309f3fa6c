"""What does a report leave in a run's folder? One file a format, each through the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.finding import Report
from diagnostics.redact import Gate
from reports.document import document
from reports.render import known, rendered

DEFAULT = ("txt", "html", "json")
NAMES = {"json": "result.json"}
"""File names that are not `report.<format>`."""


def paths(folder: Path, formats: Sequence[str]) -> dict[str, Path]:
    """Where each format goes."""
    return {name: folder / NAMES.get(name, f"report.{name}") for name in map(known, formats)}


def write(
    report: Report,
    contract: Contract,
    *,
    files: Mapping[str, Path],
    language: str,
    gate: Gate,
) -> dict[str, Any]:
    """Write every format of one report; returns the document that all of them show.

    The exchanges are those of a tape, so gated already; the case comes from the command line.
    """
    shown = replace(report, tape=replace(report.tape, case=gate.case(report.tape.case)))
    names = {name: str(path) for name, path in files.items()}
    made = document(shown, contract, language=language, formats=names)
    for name, path in files.items():
        _write(path, rendered(made, format=name), gate)
    return made


def _write(path: Path, text: str, gate: Gate) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        gate.write(path, text)
    except OSError as error:
        raise UsageError(
            f"cannot write the report: {error.strerror}",
            place=str(path),
            hint="give a folder you may write to with --out",
        ) from error
