"""What is wrong with this integration? Runs the suite and leaves a report."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from diagnostics import aging
from diagnostics.cli.numbers import amount, count
from diagnostics.cli.order import Order, decide, everybody
from diagnostics.cli.recorded import Recorded
from diagnostics.cli.run_words import conclusion, headline, latest, row
from diagnostics.cli.screen import Live as LiveTable
from diagnostics.cli.screen import Screen
from diagnostics.cli.which import ALL
from diagnostics.contract import Contract
from diagnostics.drive.authority import Authority
from diagnostics.drive.budget import Budget
from diagnostics.drive.clock import Clock, RealClock, VirtualClock, run
from diagnostics.drive.conversation import Recorder
from diagnostics.drive.driver import Driver
from diagnostics.drive.inprocess import AsgiTransport
from diagnostics.drive.live import Live
from diagnostics.drive.replay import Replay
from diagnostics.drive.resume import Resumed, Resuming
from diagnostics.errors import Exit
from diagnostics.finding import Outcome, Report
from diagnostics.judge import judge, with_running_jobs
from diagnostics.model import Exchange, Json, Tape, Text, Verdict
from diagnostics.suite import Progress, Recording, Suite
from diagnostics.tape import NAME as TAPE
from diagnostics.tape import TapeFile

EXITS = {
    Verdict.PASS: Exit.OK,
    Verdict.WARN: Exit.OK,
    Verdict.FAIL: Exit.FINDINGS,
    Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
}
WORST = (Exit.INTERRUPTED, Exit.FINDINGS, Exit.INCONCLUSIVE, Exit.OK)
"""Of several runs the first of these that occurred is the exit code."""


_MAX_AGE = "of a recording: an older one is a finding"
_PUT_BACK = "tries a throttled call all over again, after 5 min or as told, N times (0)"
_RESUME = "go on with a run that was killed or stopped, paying for nothing twice"


def arguments(parser: ArgumentParser) -> None:
    """The options of design section 6."""
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help="only these (default: all)")
    where = parser.add_argument_group("what answers")
    where.add_argument("--target", help="emulator, live, a base URL, or a recording")
    where.add_argument("--fault", metavar="NAME|FILE", help="what the emulator plays")
    where.add_argument("--max-age", type=amount, metavar="DAYS", help=_MAX_AGE)
    where.add_argument("--resume", metavar="RUN", help=_RESUME)
    call = parser.add_argument_group("your own failing call")
    call.add_argument("--operation", metavar="ID", help='operationId or "POST /path"')
    call.add_argument("--request", metavar="FILE", help="JSON body of the call (- for stdin)")
    money = parser.add_argument_group("money and patience")
    money.add_argument("--budget", type=amount, metavar="N", help="credits a live run may spend")
    money.add_argument("--max-retries", type=count, default=5, metavar="N", help="attempts (5)")
    money.add_argument("--put-back", type=count, default=0, metavar="N", help=_PUT_BACK)
    money.add_argument("--base-delay", type=amount, default=2.0, metavar="S", help="seconds (2)")
    money.add_argument("--poll-interval", type=amount, default=5.0, metavar="S", help="(5)")
    money.add_argument("--max-polls", type=count, default=60, metavar="N", help="(60)")
    money.add_argument("--deadline", type=amount, metavar="S", help="stop the whole run after S")
    money.add_argument("--fail-fast", action="store_true", help="stop at the first failure")
    money.add_argument("--seed", type=int, default=0, metavar="N", help="of jitter and emulator")
    out = parser.add_argument_group("report")
    out.add_argument("--out", default="out", metavar="DIR", help="run folders (out/)")
    out.add_argument(
        "--format", default="txt,html,json", metavar="LIST", help="txt,md,html,json,zip"
    )


def main(options: Namespace, screen: Screen) -> Exit:
    """Run, report, and say in one screen what it comes to; once for each with `all`."""
    if options.provider != ALL:
        code, told = _one(decide(options, screen), screen)
        if screen.as_json:
            screen.emit("run", told)
        return code
    told_all: list[Mapping[str, Json]] = []
    exits: list[Exit] = []
    for order in everybody(options, screen):  # each decided before the first request leaves
        code, told = _one(order, screen)
        exits.append(code)
        told_all.append({"schema": "diagnostics.run/1", **told})
        if code is Exit.INTERRUPTED:
            break
    if screen.as_json:
        screen.emit("runs", {"runs": told_all})
    return next(exit_code for exit_code in WORST if exit_code in exits)


def _one(order: Order, screen: Screen) -> tuple[Exit, Mapping[str, Json]]:
    screen.say(headline(order, screen.language))
    report = bundled(carry_out(order, screen), order.folder, order.formats)
    told = present(report, order, screen)
    return ended(report), told


def ended(report: Report) -> Exit:
    """The exit code of a run."""
    return Exit.INTERRUPTED if report.interrupted else EXITS[report.judgement.verdict]


# --- carrying out -----------------------------------------------------------------------------


def carry_out(order: Order, screen: Screen, clock: Clock | None = None) -> Report:
    """Run the suite, keep its tape, judge it."""
    file = TapeFile(order.folder, screen.gate)
    file.begin(order.case, tells_end=True)
    clock = clock or (VirtualClock() if order.case.virtual_time else RealClock())
    interrupted = False
    with screen.live() as live:
        shown = _Shown(order.contract, live, screen.language)
        recording = _recording(order, file, shown)
        try:
            whole = run(_suite(order, recording, clock, screen, shown.progress), clock)
            file.end(deadline=not whole)
        except KeyboardInterrupt:
            interrupted = True
            file.end(interrupted=True)
        finally:
            file.close()
    tape = Tape(case=order.case, exchanges=recording.exchanges)
    report = judge(order.contract, tape, order.scenarios)
    return with_running_jobs(order.contract, report) if interrupted else report


def _recording(order: Order, file: TapeFile, shown: "_Shown") -> Recording:
    if order.earlier is None:
        return Recording(file, shown.heard)
    return Resuming(file, shown.heard, order.earlier.paid)


class _Shown:
    """The table of scenarios; while a job runs, its last state stands in its row."""

    def __init__(self, contract: Contract, live: LiveTable, language: str) -> None:
        self._contract, self._live, self._language = contract, live, language
        self._rows: dict[str, tuple[object, ...]] = {}

    def progress(self, name: str, state: str, found: Outcome | None) -> None:
        """A scenario begins or ends."""
        self._show(row(name, state, found, self._language))

    def heard(self, exchange: Exchange) -> None:
        """An answer came: worth a new line when it says something new of a job."""
        news = latest(self._contract, exchange, self._language)
        if news is not None:
            self._show(news)

    def _show(self, cells: tuple[object, ...]) -> None:
        if self._rows.get(str(cells[0])) != cells:
            self._rows[str(cells[0])] = cells
            self._live.update(list(self._rows.values()))


async def _suite(
    order: Order, recording: Recording, clock: Clock, screen: Screen, progress: Progress
) -> bool:
    sender = driver(order, recording, clock, screen)
    suite = Suite(
        contract=order.contract,
        case=order.case,
        scenarios=[one for one in order.scenarios if one.name != aging.NAME],
        driver=sender,
        clock=clock,
        recording=recording,
        progress=progress,
        fail_fast=order.fail_fast,
        deadline_s=order.deadline_s,
    )
    try:
        whole = await suite.run()
    finally:
        if isinstance(sender, Live | Resumed):
            await sender.aclose()
    for then in sender.left() if isinstance(sender, Resumed) else ():
        recording.record(then)  # paid for, and not asked for any more: it stays known
    if isinstance(sender, Replay) and order.recorded is not None:
        age = _age(order, order.recorded, sender, recording.exchanges)
        recording.record(aging.exchange(age, clock.now()))
    return whole


def _age(order: Order, played: Recorded, sender: Replay, made: Sequence[Exchange]) -> aging.Age:
    return aging.age_of(
        Tape(case=order.case, exchanges=played.tape.exchanges),
        played.name,
        recorded_s=played.recorded_s,
        now_s=time.time(),
        most_days=order.max_age_days,
        unplayed=sender.unplayed(),
        made=made,
        missed=[Text(en=one.told("en"), ru=one.told("ru")) for one in sender.misses],
    )


def driver(order: Order, recording: Recorder, clock: Clock, screen: Screen) -> Driver:
    """What answers: the target of the order, or its recording."""
    if order.recorded is not None:
        return Replay(order.recorded.tape)
    values: Mapping[str, str] = order.values
    local: dict[str, AsgiTransport] = {}
    if order.case.virtual_time:
        values, local = _embedded(order, clock, screen)
    base = urlsplit(order.case.target.base_url).hostname or ""
    budget = Budget(kind=order.case.target.kind, limit=order.case.budget)
    live = Live(
        contract=order.contract,
        target=order.case.target,
        authority=Authority(
            contract=order.contract,
            values=values,
            register=screen.gate.register,
            hosts=frozenset({*order.contract.hosts, base}),
        ),
        budget=budget,
        clock=clock,
        recorder=recording,
        local=local,
    )
    return live if order.earlier is None else Resumed(order.earlier.paid, live, budget)


def _embedded(
    order: Order, clock: Clock, screen: Screen
) -> tuple[Mapping[str, str], dict[str, AsgiTransport]]:
    """The emulator in this process, and the key it invents."""
    from diagnostics.emulator.app import Emulator  # noqa: PLC0415  # live runs need none
    from diagnostics.emulator.faults import load_plan  # noqa: PLC0415  # see above

    fault = order.case.target.fault
    emulator = Emulator(
        order.contract,
        clock=clock,
        faults=load_plan(fault) if fault else None,
        seed=order.case.seed,
        base_url=order.case.target.base_url,
    )
    screen.gate.register(emulator.key, f"{order.contract.name}-api-key")
    variable = order.contract.schemes[0].variables[0]
    host = urlsplit(order.case.target.base_url).hostname or ""
    return {variable: emulator.key}, {host: AsgiTransport(emulator)}


# --- saying -----------------------------------------------------------------------------------


def bundled(report: Report, folder: Path, formats: Sequence[str]) -> Report:
    """The report of a run; for a bundle judged from the file, as whoever receives it will."""
    if "zip" not in formats:
        return report
    from diagnostics.cli.judged import judged  # noqa: PLC0415  # only for a bundle

    again = judged(folder).report
    return replace(again, interrupted=report.interrupted, running_jobs=report.running_jobs)


def present(report: Report, order: Order, screen: Screen) -> Mapping[str, Json]:
    """Write the reports and say what it comes to."""
    from reports import files  # noqa: PLC0415  # brings Jinja and the report's words

    wanted = tuple(dict.fromkeys((*order.formats, "json")))  # the folder always holds its result
    told = files.write(
        report,
        order.contract,
        files=files.paths(order.folder, wanted),
        language=screen.language,
        gate=screen.gate,
        tape=order.folder / TAPE,
    )
    for line in () if screen.as_json else conclusion(told, screen.language):
        screen.show(line)
    return told
