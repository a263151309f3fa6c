"""Can this run be kept, so that anybody can play it again? Writes a cassette of vcrpy.

With SCENARIO it runs as `run` does, under the same rules of money; with `--from` it converts what
was recorded before. Secrets pass the gate in both.
"""

import time
from argparse import ArgumentParser, Namespace
from calendar import timegm
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from diagnostics import __version__, cassette
from diagnostics.cli import run
from diagnostics.cli.order import Order, decide
from diagnostics.cli.recorded import read
from diagnostics.cli.run_words import headline
from diagnostics.cli.screen import Screen
from diagnostics.drive.clock import Clock, VirtualClock
from diagnostics.errors import Exit, UsageError
from diagnostics.model import Case, Environment, Json, Tape, Text

_ZONE = "%Y-%m-%dT%H:%M:%SZ"
_WRITTEN = Text(
    en="cassette: {path}: stock vcrpy replays {playable} interactions; {beside} exchanges that it "
    "cannot hold stand beside them",
    ru="кассета: {path}: vcrpy воспроизведёт записей: {playable}; того, что он хранить не умеет, "
    "рядом: {beside}",
)


def arguments(parser: ArgumentParser) -> None:
    """Where to, from what, and all that `run` takes."""
    kept = parser.add_argument_group("the cassette")
    kept.add_argument("--to", metavar="FILE", required=True, help=".yaml, .yml or .json")
    kept.add_argument(
        "--from",
        dest="source",
        metavar="RECORDING",
        help="convert a run, a HAR or another capture: nothing is run",
    )
    kept.add_argument(
        "--at", type=moment, metavar="TIME", help="when it begins (embedded emulator only)"
    )
    kept.add_argument("--anonymous", action="store_true", help="without what tells of this machine")
    run.arguments(parser)


def moment(text: str) -> float:
    """A moment in UTC, as `2026-11-20T12:00:00Z`."""
    return float(timegm(time.strptime(text, _ZONE)))


def main(options: Namespace, screen: Screen) -> Exit:
    """Run or convert, then write."""
    to = _place(options.to)
    if options.source is not None:
        return _converted(options, to, screen)
    order, clock = _ordered(options, screen)
    screen.say(headline(order, screen.language))
    report = run.carry_out(order, screen, clock)
    told = run.present(report, order, screen)
    made = _write(to, report.tape, screen)
    if screen.as_json:
        screen.emit("record", {**told, "cassette": made})
    return run.ended(report)


def _place(wanted: str) -> Path:
    """Told before anything is sent, or paid."""
    to = Path(wanted)
    if to.suffix.lower() not in cassette.SUFFIXES:
        raise UsageError(
            f"--to {to.name!r} is no name of a cassette",
            hint=f"it ends in {' or '.join(cassette.SUFFIXES)}",
        )
    if to.is_dir():
        raise UsageError("--to is a folder", place=wanted, hint=f"for example {to}/mine.yaml")
    return to


# --- running ------------------------------------------------------------------------------------


def _ordered(options: Namespace, screen: Screen) -> tuple[Order, Clock | None]:
    order = decide(options, screen)
    case, clock = order.case, None
    if options.at is not None:
        if not case.virtual_time or order.recorded is not None:
            raise UsageError(
                "only the embedded emulator can begin at another time",
                hint="drop --at, or add --target emulator",
            )
        case, clock = _begun(case, options.at), VirtualClock(options.at)
    if options.anonymous:
        case = anonymous(case)
    return replace(order, case=case), clock


def _begun(case: Case, at_s: float) -> Case:
    """Always under the same name: recorded twice, it gives the same bytes."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_s))
    return replace(case, started_s=at_s, run_id=f"{stamp}-{case.seed:04x}")


def anonymous(case: Case) -> Case:
    """Without this machine's Python, system, libraries and zone."""
    harness = case.environment.harness or __version__
    return replace(case, environment=Environment(harness=harness))


# --- converting ---------------------------------------------------------------------------------


def _converted(options: Namespace, to: Path, screen: Screen) -> Exit:
    given = [name for name in ("scenario", "target", "fault", "operation") if vars(options)[name]]
    if given:
        raise UsageError(
            f"--from runs nothing, so {', '.join(given)} means nothing beside it",
            hint="drop one of the two",
        )
    found = read(_folder(options.source), options.provider, screen)
    case = anonymous(found.tape.case) if options.anonymous else found.tape.case
    made = _write(to, Tape(case=case, exchanges=found.tape.exchanges), screen)
    if screen.as_json:
        screen.emit("record", {"cassette": made})
    return Exit.OK


def _folder(wanted: str) -> Path:
    """A file, a run folder, the name of a run, or `last`."""
    from diagnostics.cli.report import found  # noqa: PLC0415  # only where runs are looked for

    path = Path(wanted)
    return path if path.exists() else found(wanted, Path("out"))


# --- writing ------------------------------------------------------------------------------------


def _write(to: Path, tape: Tape, screen: Screen) -> Mapping[str, Json]:
    cassette.write(to, tape, screen.gate)
    playable = cassette.playable(tape.exchanges, binary=to.suffix.lower() != ".json")
    facts = {"path": str(to), "playable": playable, "beside": len(tape) - playable}
    if not screen.as_json:
        screen.show(_WRITTEN.fill(screen.language, facts))
    return facts
