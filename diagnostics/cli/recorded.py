"""What was recorded, and where does it come from? A run, a cassette, a bundle, a stranger's HAR."""

import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics import capture as captures
from diagnostics import prepare, tape
from diagnostics.capture import Broken, Capture
from diagnostics.cli.screen import Screen
from diagnostics.errors import UsageError
from diagnostics.model import Tape, TargetKind, Text
from diagnostics.vcr.writing import origin_of

SHOWN_MOST = 5
_BROKEN = Text(en="left out: {place}: {why}", ru="пропущено: {place}: {why}")
_MORE = Text(en="and {count} more", ru="и ещё {count}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording that was read."""

    name: str
    tape: Tape
    recorded_s: float | None
    own: bool = True
    """It tells its case; else provider and call were found in its addresses."""


def is_recording(wanted: str | None) -> bool:
    """Does `--target` name something on this disk?"""
    return bool(wanted) and "://" not in str(wanted) and Path(str(wanted)).exists()


def recorded(options: Namespace, screen: Screen) -> Recorded | None:
    """The recording that `--target` names; None: it names none."""
    if not is_recording(options.target):
        return None
    found = read(Path(options.target), options.provider, screen)
    return replace(found, tape=as_target(found))


def read(path: Path, provider: str | None, screen: Screen) -> Recorded:
    """Whatever stands there. Its keys are hidden from now on, what is broken is named."""
    if path.is_dir() or path.name == tape.NAME:
        reading = tape.read_whole(path)
        return Recorded(name=path.name, tape=reading.tape, recorded_s=reading.tape.case.started_s)
    capture = captures.read(path)
    for value, kind in capture.secrets:
        screen.gate.register(value, kind)
    for line in left_out(capture.broken, screen.language):
        screen.say(line)
    if capture.case is None:
        told, own = _adopted(capture, provider, screen), False
    else:
        told, own = Tape(case=capture.case, exchanges=capture.exchanges), True
    return Recorded(name=path.name, tape=told, recorded_s=capture.recorded_s, own=own)


def left_out(broken: Sequence[Broken], language: str) -> list[str]:
    """What could not be read, in a few lines."""
    shown = [
        _BROKEN.fill(language, {"place": one.place, "why": one.why.in_language(language)})
        for one in broken[:SHOWN_MOST]
    ]
    rest = len(broken) - len(shown)
    return [*shown, _MORE.fill(language, {"count": rest})] if rest else shown


def _adopted(capture: Capture, provider: str | None, screen: Screen) -> Tape:
    """A stranger's: whose calls they are, and which call it is about, the addresses tell."""
    from diagnostics.triage import triage  # noqa: PLC0415  # only for strangers' files

    told = triage([capture], (), screen.gate, provider=provider or "").told
    if len(told) != 1:
        names = ", ".join(one.contract.name for one in told)
        nobody = f"no call to {provider or 'a provider that is known here'} stands in it"
        raise UsageError(
            f"calls to several providers stand in it: {names}" if told else nobody,
            place=capture.name,
            hint="say which is meant: --provider NAME",
        )
    return told[0].report.tape


def as_target(found: Recorded) -> Tape:
    """The recording as what answers now: it says when it was made, and from whom."""
    case = found.tape.case
    told = replace(
        case.target,
        kind=TargetKind.CASSETTE,
        recorded=date(found.recorded_s),
        origin=origin_of(case.target),
    )
    return Tape(
        case=replace(case, run_id=prepare.run_id(time.time()), target=told, virtual_time=True),
        exchanges=found.tape.exchanges,
    )


def date(seconds: float | None) -> str | None:
    """The day, in UTC."""
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(seconds)) if seconds else None
    except (OverflowError, OSError, ValueError):
        return None
