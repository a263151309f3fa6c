"""`diagnostics triage FILE…`: judge somebody's HAR, cassette, curl, log or answer, offline."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from diagnostics import capture
from diagnostics.capture import BYTES_MOST, Broken, Capture, Raw
from diagnostics.cli import discover, triage_words
from diagnostics.cli.screen import Screen
from diagnostics.errors import DiagnosticsError, Exit, UsageError
from diagnostics.model import Exchange, Json, Text, Verdict
from diagnostics.tape import NAME, TapeFile
from diagnostics.triage import Told, Triage, triage

EXITS = {
    Verdict.PASS: Exit.OK,
    Verdict.WARN: Exit.OK,
    Verdict.FAIL: Exit.FINDINGS,
    Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
}
WORST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.PASS)
"""Of several providers the first of these that occurred is the exit code."""
DEFAULT = "txt,html,json"
STDIN = "standard input"
HOSTS_MOST = 50
BROKEN_MOST = 100
PLACES_MOST = 50


def arguments(parser: ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "file",
        nargs="+",
        metavar="FILE",
        help="HAR, cassette, curl, log, traceback, JSON answer, tape (- for stdin); several "
        "are one story",
    )
    parser.add_argument(
        "--format", metavar="LIST", help=f"write reports: txt,md,html,json,zip ({DEFAULT})"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a run folder there (out/)")


def main(options: Namespace, screen: Screen, stdin: BinaryIO | None = None) -> Exit:
    """Read, judge, say; files are written only where they were asked for."""
    formats = _formats(options)
    captures, unread = _captures(options.file, stdin or sys.stdin.buffer)
    scenarios = list(discover.scenarios().values())
    found = triage(captures, scenarios, screen.gate, provider=options.provider or "")
    found = found.with_broken(unread)
    made = [_document(one, formats, options.out or Path("out"), screen) for one in found.told]
    if screen.as_json:
        screen.emit("triage", _object(found, made))
    else:
        for line in triage_words.lines(found, made, screen.language, verbose=screen.verbose):
            screen.show(line)
    verdicts = {one.report.judgement.verdict for one in found.told}
    return EXITS[next((one for one in WORST if one in verdicts), Verdict.INCONCLUSIVE)]


def _formats(options: Namespace) -> tuple[str, ...]:
    """None: nothing is written. Wrong ones are told before anything is read."""
    if options.format is None and options.out is None:
        return ()
    given = DEFAULT if options.format is None else options.format
    wanted = [name.strip() for name in given.split(",") if name.strip()]
    if not wanted:
        raise UsageError("--format names no format", hint=f"for example --format {DEFAULT}")
    from reports import files  # noqa: PLC0415  # brings Jinja; only where files are written

    return tuple(files.paths(Path(), wanted))


# --- reading ----------------------------------------------------------------------------------


def _captures(names: Sequence[str], stdin: BinaryIO) -> tuple[list[Capture], list[Broken]]:
    """What can be read; a file that cannot is told of, and fatal only where it stands alone."""
    found: list[Capture] = []
    broken: list[Broken] = []
    failed: DiagnosticsError | None = None
    for name in dict.fromkeys(names):
        try:
            found.append(_capture(name, stdin))
        except UsageError as error:
            failed = failed or error
            broken.append(Broken(place=name, why=Text(en=error.message, ru=error.message)))
    if failed is not None and not found:
        raise failed
    return found, broken


def _capture(name: str, stdin: BinaryIO) -> Capture:
    if name == "-":
        data = stdin.read(BYTES_MOST + 1)
        if len(data) > BYTES_MOST:
            raise UsageError("standard input holds more than 1 GB", place=STDIN)
        return capture.read_raw(Raw(name=STDIN, data=data))
    path = Path(name)
    return capture.read(path / NAME if (path / NAME).is_file() else path)


# --- writing ----------------------------------------------------------------------------------


def _document(told: Told, formats: Sequence[str], out: Path, screen: Screen) -> dict[str, Any]:
    """The report as plain data; with a run folder around it where one was asked for."""
    if not formats:
        from reports.document import document  # noqa: PLC0415  # not for --help

        return document(told.report, told.contract, language=screen.language)
    from reports import files  # noqa: PLC0415  # see above

    folder = out / told.report.tape.case.run_id
    file = TapeFile(folder, screen.gate)
    file.begin(told.report.tape.case)
    try:
        for exchange in told.report.tape:
            file.append(exchange)
    finally:
        file.close()
    wanted = tuple(dict.fromkeys((*formats, "json")))  # the folder always holds its result
    return files.write(
        told.report,
        told.contract,
        files=files.paths(folder, wanted),
        language=screen.language,
        gate=screen.gate,
        tape=folder / NAME,
    )


# --- as JSON ----------------------------------------------------------------------------------

_KEPT = (
    "run_id", "target", "verdict", "blame", "certainty", "code", "code_meaning", "symptom",
    "headline", "because", "excluded", "findings", "findings_total", "scenarios", "todo",
    "identifiers", "states", "requests", "paid_requests", "credits_spent", "ambiguous_creates",
    "started", "ended", "question", "question_en", "report",
)  # fmt: skip


def _object(found: Triage, made: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """The whole, its verdict that of the worst provider."""
    providers = [_provider(one, said) for one, said in zip(found.told, made, strict=True)]
    ranked = sorted(providers, key=lambda one: WORST.index(Verdict(one["verdict"])))
    nobody: Mapping[str, Json] = {"verdict": Verdict.INCONCLUSIVE, "blame": "undecided"}
    worst = ranked[0] if ranked else nobody
    head = ("provider", "verdict", "blame", "certainty", "code", "code_meaning", "symptom")
    return {
        **{name: worst.get(name) for name in head},
        "findings": [f for one in ranked for f in one["findings"]],
        "providers": providers,
        "files": [_file(one) for one in found.captures],
        "entries": found.entries,
        "about": found.about,
        "elsewhere": dict(list(found.elsewhere.items())[:HOSTS_MOST]),
        "broken": [{"place": one.place, "why": one.why.en} for one in found.broken[:BROKEN_MOST]],
        "broken_total": len(found.broken),
    }


def _provider(told: Told, made: Mapping[str, Json]) -> dict[str, Json]:
    name = told.report.tape.case.target.provider
    shown = {"provider": name, **{key: made[key] for key in _KEPT if key in made}}
    for key in ("findings", "because"):
        shown[key] = [
            {**one, "provider": name, "positions": list(_places(told, one["evidence"]))}
            for one in made[key]
        ]
    return shown


def _places(told: Told, evidence: Sequence[int]) -> Iterator[dict[str, Json]]:
    exchanges = told.report.tape.exchanges
    for position in evidence[:PLACES_MOST]:
        if 0 <= position < len(exchanges):
            yield {"position": position, **_place(exchanges[position])}


def _place(exchange: Exchange) -> dict[str, Json]:
    request = exchange.request
    return {"source": exchange.source, "method": request.method, "url": request.url}


def _file(one: Capture) -> dict[str, Json]:
    return {
        "name": one.name,
        "format": one.format,
        "creator": one.creator,
        "recorded_s": one.recorded_s,
        "origin": one.origin,
        "exchanges": len(one.exchanges),
        "broken": len(one.broken),
    }
