"""Does a recording still say the same? Asks again, offline and without a key, and judges it."""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics import __version__, bundle, capture, tape
from diagnostics.cli.numbers import amount
from diagnostics.cli.screen import Screen
from diagnostics.contract import Contract
from diagnostics.errors import Exit, UsageError
from diagnostics.finding import Report
from diagnostics.model import Case, Exchange, Json, Tape, TargetKind, Text

if TYPE_CHECKING:  # it brings the suite and an event loop
    from diagnostics.cli.redrive import Redriven

OUT = Path("out")
SHOWN_MOST = 5
DIFFERENCE_LINES_MOST = 60

_PLAYED = Text(
    en="{title}: a recording of {date} answers ({origin}); nothing is sent",
    ru="{title}: отвечает запись от {date} ({origin}); ничего не отправляется",
)
_ORIGINS = {
    "live": Text(en="of the live host", ru="с настоящего хоста"),
    "emulated": Text(
        en="of the emulator, which says nothing about the provider itself",
        ru="с эмулятора: о самом провайдере это ничего не говорит",
    ),
    "written": Text(en="written by hand", ru="составлена вручную"),
    "imported": Text(en="from another tool", ru="из другого инструмента"),
}
_ASKED = Text(
    en="Asked again: {asked} requests, {answered} answered from the recording",
    ru="Спрошено заново: запросов {asked}, из записи отвечено на {answered}",
)
_BY_DRIVER = Text(
    en="Made by the driver and asked by nobody (tokens): {count}",
    ru="Сделано драйвером без вопроса сценария (токены): {count}",
)
_MISSES = Text(
    en="Asked now and never recorded: {count}. Judged is the recording as it stands",
    ru="Спрошено теперь, но в записи нет: {count}. Рассмотрена запись как она есть",
)
_UNPLAYED = Text(
    en="Recorded and not asked for any more: {count}",
    ru="Записано, но больше не спрашивается: {count}",
)
_SAME = Text(
    en="The same verdict as in the bundle, byte for byte",
    ru="Вердикт тот же, что в комплекте, байт в байт",
)
_OTHER = Text(
    en="Not the verdict of the bundle (version then: {made_by}, now: {judged_by}):",
    ru="Вердикт не тот, что в комплекте (версия тогда: {made_by}, теперь: {judged_by}):",
)
_EXTRA = Text(
    en="The bundle holds what is not in its manifest, left aside: {names}",
    ru="В комплекте есть лишнее, не из его описи; оно не учитывается: {names}",
)
_TORN = Text(
    en="{count} of the tape's lines could not be read; the verdict goes without them",
    ru="не прочитано строк записи: {count}; вердикт вынесен без них",
)
_MISSING = Text(
    en="{count} bodies that should stand beside the tape are not there",
    ru="рядом с записью не хватает тел: {count}",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "recording",
        metavar="CASSETTE|BUNDLE|RUN",
        help="a bundle.zip, a cassette, a run folder, a tape.jsonl, or: last",
    )
    parser.add_argument(
        "--paced", action="store_true", help="let every answer take the time that it took"
    )
    parser.add_argument(
        "--max-age", type=amount, metavar="DAYS", help="an older recording is a finding"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A recording as it was read; `bundled` where it came as a bundle."""

    name: str
    kind: str
    reading: tape.Reading
    bundled: bundle.Bundle | None = None


def main(options: argparse.Namespace, screen: Screen) -> Exit:
    """Check it, ask again, judge, compare."""
    from diagnostics.cli.judged import contract_of, report_of  # noqa: PLC0415  # not for --help
    from diagnostics.cli.redrive import redrive  # noqa: PLC0415  # see above
    from diagnostics.cli.run import EXITS  # noqa: PLC0415  # see above

    played = opened(options.recording)
    case = played.reading.tape.case
    contract = contract_of(case)
    screen.say(_headline(case, contract, screen.language))
    again = redrive(contract, played.reading.tape, screen.gate, paced=options.paced)
    report = report_of(contract, played.reading)
    compared = _compared(report, played)
    if options.max_age is not None:
        report = _aged(report, contract, played, again, options.max_age)
    told = _present(report, contract, screen)
    facts = {**_facts(played, again, screen), "bundle": compared}
    if screen.as_json:
        screen.emit("replay", {**_without_schema(told), "replay": facts})
    for line in _lines(facts, screen.language):
        screen.show(line)
    differs = compared is not None and not compared["same"]
    return Exit.INCONCLUSIVE if differs else EXITS[report.judgement.verdict]


# --- reading ------------------------------------------------------------------------------------


def opened(wanted: str) -> Played:
    """The recording of that name: a file says itself what it is, a folder holds a tape."""
    from diagnostics.cli.report import found  # noqa: PLC0415  # only where files are looked for

    path = Path(wanted)
    place = path if path.is_file() else found(wanted, OUT)
    if place.is_dir() or place.name == tape.NAME:
        return Played(name=str(place), kind="tape", reading=tape.read_whole(place))
    raw = capture.raw_of(place)
    if bundle.is_bundle(raw):
        read = bundle.read(raw)
        bundle.whole(read, raw.name)
        return Played(name=str(place), kind="bundle", reading=read.reading, bundled=read)
    held = capture.read_raw(raw)
    if held.case is None:
        raise UsageError(
            "it does not tell what run it is of, so there is nothing to ask again",
            place=str(place),
            hint=f"judge it with: diagnostics triage {place.name}",
        )
    whole = Tape(case=held.case, exchanges=held.exchanges)
    reading = tape.Reading(tape=whole, torn=len(held.broken))
    return Played(name=str(place), kind=held.format, reading=reading)


# --- comparing with the bundle ------------------------------------------------------------------


def _compared(report: Report, played: Played) -> dict[str, Json] | None:
    """The verdict of the bundle beside the one worked out now."""
    from reports.verdict import canonical  # noqa: PLC0415  # only a bundle has one

    if played.bundled is None:
        return None
    then, now = played.bundled.verdict, canonical(report)
    return {
        "same": then == now,
        "members": len(played.bundled.manifest["members"]),
        "extra": list(played.bundled.extra),
        "made_by": str(played.bundled.manifest.get("harness", "?")),
        "judged_by": __version__,
        "difference": [] if then == now else _difference(then, now),
    }


def _difference(then: bytes, now: bytes) -> list[str]:
    old, new = (one.decode("utf-8", "replace").splitlines() for one in (then, now))
    lines = unified_diff(old, new, "bundle", "now", n=1, lineterm="")
    return list(islice(lines, DIFFERENCE_LINES_MOST))


def _aged(
    report: Report, contract: Contract, played: Played, again: "Redriven", most_days: float
) -> Report:
    """The report, with what the age of the recording says: of today, so no part of the bundle."""
    from diagnostics import aging  # noqa: PLC0415  # only where somebody asks

    case = report.tape.case
    age = aging.age_of(
        replace(report.tape, case=_as_recording(case)),
        Path(played.name).name,
        recorded_s=case.started_s,
        now_s=time.time(),
        most_days=most_days,
        unplayed=again.unplayed,
    )
    return aging.noted(contract, report, age)


# --- saying -------------------------------------------------------------------------------------


def _headline(case: Case, contract: Contract, language: str) -> str:
    facts = {
        "title": contract.title,
        "date": _date(case.started_s),
        "origin": _ORIGINS[_origin(case)].in_language(language),
    }
    return _PLAYED.fill(language, facts)


def _origin(case: Case) -> str:
    from diagnostics.captures.tape import origin_of  # noqa: PLC0415  # only who reads tapes

    return origin_of(case).value


def _date(value_s: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(value_s))
    except (OverflowError, OSError, ValueError):
        return "?"


def _present(report: Report, contract: Contract, screen: Screen) -> dict[str, Any]:
    """The document of the report, which names a recording as what answered."""
    from diagnostics.cli.run_words import conclusion  # noqa: PLC0415  # not for --help
    from reports.document import document  # noqa: PLC0415  # brings the report's words

    case = _as_recording(screen.gate.case(report.tape.case))
    shown = replace(report, tape=replace(report.tape, case=case))
    told = document(shown, contract, language=screen.language)
    for line in conclusion(told, screen.language):
        screen.show(line)
    return told


def _as_recording(case: Case) -> Case:
    from diagnostics.captures.tape import origin_of  # noqa: PLC0415  # only who reads tapes

    target = replace(
        case.target,
        kind=TargetKind.CASSETTE,
        recorded=case.target.recorded or _date(case.started_s),
        origin=origin_of(case),
    )
    return replace(case, target=target)


def _without_schema(told: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in told.items() if name != "schema"}


def _facts(played: Played, again: "Redriven", screen: Screen) -> dict[str, Json]:
    case = played.reading.tape.case
    return {
        "file": played.name,
        "format": played.kind,
        "origin": _origin(case),
        "recorded": _date(case.started_s),
        "asked": again.asked,
        "answered": again.answered,
        "alike": again.alike,
        "by_driver": again.by_driver,
        "misses": [screen.gate.text(one.told(screen.language)) for one in again.misses],
        "unplayed": [_unplayed(one) for one in again.unplayed],
        "torn": played.reading.torn,
        "missing": played.reading.missing,
    }


def _unplayed(exchange: Exchange) -> dict[str, Json]:
    request = exchange.request
    return {
        "scenario": exchange.scenario,
        "position": exchange.position,
        "what": request.operation or f"{request.method} {request.url}",
    }


def _lines(facts: Mapping[str, Any], language: str) -> Iterator[str]:
    yield _ASKED.fill(language, facts)
    counted = (("torn", _TORN), ("missing", _MISSING), ("by_driver", _BY_DRIVER))
    for name, said in counted:
        if facts[name]:
            yield said.fill(language, {"count": facts[name]})
    for rows, told in ((facts["misses"], _MISSES), (facts["unplayed"], _UNPLAYED)):
        if rows:
            yield told.fill(language, {"count": len(rows)})
            yield from (f"  {_row(row)}" for row in rows[:SHOWN_MOST])
    if facts["bundle"] is not None:
        yield from _verdict(facts["bundle"], language)


def _row(row: str | Mapping[str, Any]) -> str:
    return row if isinstance(row, str) else f"#{row['position']} {row['what']}"


def _verdict(compared: Mapping[str, Any], language: str) -> Iterator[str]:
    if compared["extra"]:
        yield _EXTRA.fill(language, {"names": ", ".join(compared["extra"][:SHOWN_MOST])})
    yield (_SAME if compared["same"] else _OTHER).fill(language, compared)
    yield from (f"  {line}" for line in compared["difference"])
