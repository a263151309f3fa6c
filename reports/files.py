"""What does a report leave in a run's folder? One file a format, each through the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.contract import Contract
from diagnostics.errors import UsageError
from diagnostics.finding import Report
from diagnostics.redact import Gate
from reports import render
from reports.document import document

if TYPE_CHECKING:  # only for a load
    from diagnostics.loading.result import Load

DEFAULT = ("txt", "html", "json")
ZIP = "zip"
"""No template: everything there is, in one file for support."""
NAMES = {"json": "result.json", ZIP: "bundle.zip"}
"""File names that are not `report.<format>`."""


def formats() -> tuple[str, ...]:
    """Formats by name: those of one report, and the bundle of all."""
    return (*render.formats(), ZIP)


def known(wanted: str) -> str:
    """The format itself, or an error that names the formats there are."""
    if wanted not in formats():
        raise UsageError(f"no report format {wanted!r}", hint=f"formats: {', '.join(formats())}")
    return wanted


def paths(folder: Path, formats: Sequence[str]) -> dict[str, Path]:
    """Where each format goes."""
    return {name: folder / NAMES.get(name, f"report.{name}") for name in map(known, formats)}


def write(  # noqa: PLR0913  # what every caller knows, and a tape where there is one
    report: Report,
    contract: Contract,
    *,
    files: Mapping[str, Path],
    language: str,
    gate: Gate,
    tape: Path | None = None,
    load: "Load | None" = None,
) -> dict[str, Any]:
    """Write every format of one report; returns the document that all of them show.

    The exchanges are those of a tape, so gated already; the case comes from the command line.
    `tape` is the file they stand in: a bundle takes it along. A `load` adds its section, and
    `load.csv` beside the reports.
    """
    shown = replace(report, tape=replace(report.tape, case=gate.case(report.tape.case)))
    names = {name: str(path) for name, path in files.items()}
    made = document(shown, contract, language=language, formats=names)
    charts: Sequence[Mapping[str, Any]] = ()
    if load is not None:
        made, charts = _with_load(made, load, shown, contract, gate)
    for name, path in files.items():
        if name != ZIP:
            _write(path, render.rendered(made, format=name, charts=charts), gate)
        elif tape is not None:
            _bundle(path, shown, contract, language, gate, tape)
    return made


def _with_load(
    made: dict[str, Any], load: "Load", shown: Report, contract: Contract, gate: Gate
) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]]]:
    """The document and charts of a load; its seconds as a table, beside the reports."""
    from reports import load_document, load_table  # noqa: PLC0415  # only for a load

    whole: dict[str, Any] = gate.json(load_document.with_load(made, load, shown, contract))
    beside = next((Path(path).parent for path in made["report"].values()), None)
    if beside is not None:
        table = beside / load_table.NAME
        _write(table, load_table.table(whole["load"]), gate)
        whole["report"] = {**made["report"], "csv": str(table)}
    html = "html" in made["report"]
    charts = load_document.pictures(load, contract, made["language"]) if html else ()
    return whole, gate.json(charts)


def _bundle(  # noqa: PLR0913, PLR0917  # it passes on what `write` was given
    path: Path, report: Report, contract: Contract, language: str, gate: Gate, tape: Path
) -> None:
    from reports import bundle  # noqa: PLC0415  # archives, and only for a bundle

    source = bundle.Source(
        report=report, contract=contract, language=language, gate=gate, tape=tape
    )
    bundle.write(path, source)


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
